//! Child processes as works: real ones, or scripted ones in a simulation.
//!
//! A [`ProcessWork`] gets its processes from the application ([`ProcessHost`]). So the same work runs real commands on
//! a node and scripted ones in a test.
//!
//! Each real child leads a process group. An abort sends SIGTERM to the group and, after [`ProcessWork::term_grace`],
//! SIGKILL. The attempt ends when the child has been reaped. No process of the group outlives the attempt, whether it
//! is aborted, fails or succeeds. Waits name the child's own id, so the program's other children are left alone.
//!
//! A pool limits how many run at once: an attempt holds its permits until its child is gone.
//!
//! Limits: the turn that starts a child takes as long as the system needs for that. A child that leaves its process
//! group (`setsid`) is out of reach. Real children need a driver or host that keeps real time. With a poll
//! ([`attach`](crate::WorkScheduler::attach), [`MioDriver`](crate::MioDriver)) the end of a child wakes its work at
//! once; without one the work looks every 1 to 64 ms. [`std::process::exit`] drops nothing, so it leaves children
//! running. A program that has to end at once returns from `main`.

mod capture;
mod command;
#[cfg(unix)]
mod os;
mod running;
mod scripted;
#[cfg(all(unix, feature = "mio"))]
mod watched;
mod work;

pub use capture::Captured;
pub use command::{CommandLine, Input, Output};
#[cfg(unix)]
pub use os::OsProcesses;
pub use scripted::{Script, ScriptedProcesses};
pub use work::{CommandSource, ProcessError, ProcessOutput, ProcessWork};

use crate::time::Time;
use std::fmt;
use std::io;

/// An application that can start processes.
pub trait ProcessHost {
    /// Returns the place to start them: [`OsProcesses`], or [`ScriptedProcesses`] in a simulation.
    fn processes(&mut self) -> &mut dyn Processes;
}

/// Starts processes.
pub trait Processes {
    /// Starts a process, and does not wait for it.
    ///
    /// # Errors
    /// The process cannot be started: the program is unknown, a file cannot be opened, or the system has no room.
    fn spawn(&mut self, command: &CommandLine, now: Time) -> io::Result<Box<dyn ChildProcess>>;
}

/// A process that was started. Its drop kills it and its group.
pub trait ChildProcess {
    /// Returns the number of the process, for people.
    fn id(&self) -> u32;

    /// Returns how the process has ended, if it has; then its group is gone too. Never blocks.
    ///
    /// # Errors
    /// The system's error.
    fn try_wait(&mut self, now: Time) -> io::Result<Option<Exit>>;

    /// Signals the process's group. The call does nothing if the process has ended.
    ///
    /// # Errors
    /// The system's error.
    fn signal(&mut self, signal: Signal, now: Time) -> io::Result<()>;

    /// Reads what the process has written to a captured output. Returns 0 at the end, or if the output is not captured.
    /// Never blocks.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing to read now. Otherwise the system's error.
    fn read(&mut self, from: OutputStream, buffer: &mut [u8]) -> io::Result<usize>;

    /// Returns when there will be something new to see, if that is known.
    fn due(&self) -> Option<Time> {
        None
    }

    /// Returns descriptors that become readable when there is something new to see. The list is empty if no descriptor
    /// tells of the end.
    ///
    /// # Errors
    /// The system's error.
    #[cfg(unix)]
    fn descriptors(&self) -> io::Result<Vec<std::os::fd::OwnedFd>> {
        Ok(Vec::new())
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It ended with this exit code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Exit {
    /// Returns whether the process ended with exit code 0.
    pub fn is_success(self) -> bool {
        self == Exit::Code(0)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Code(code) => write!(f, "exit code {code}"),
            Exit::Signal(signal) => write!(f, "signal {signal}"),
        }
    }
}

/// A signal to a process group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: the group may clean up.
    Terminate,
    /// SIGKILL: the group ends.
    Kill,
}

/// One of the two streams that a process writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}
