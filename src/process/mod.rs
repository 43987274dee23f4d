//! Child processes as works: real ones, or scripted ones in a simulation.
//!
//! A [`ProcessWork`] gets its processes from the application ([`ProcessHost`]), so the same work runs real commands on a
//! node and scripted ones in a test. Each real child leads a process group. An abort is polite first: SIGTERM to the
//! group, then, after [`ProcessWork::term_grace`], SIGKILL; the attempt ends when the child has been reaped. Nothing of
//! the group outlives the attempt, whether it is aborted, fails or succeeds. Waits name the child's own id, so the
//! program's other children are left alone.
//!
//! How many run at once is what a pool is for: an attempt holds its permits until its child is gone.
//!
//! Limits: starting a child takes as long as the system needs for it, in a turn. A child that leaves its process group
//! (`setsid`) is no longer this crate's. Real children need a driver or host that keeps real time.

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
pub use work::{ProcessError, ProcessOutput, ProcessWork};

use crate::time::Time;
use std::fmt;
use std::io;

/// An application that can start processes.
pub trait ProcessHost {
    /// Where they are started: [`OsProcesses`], or [`ScriptedProcesses`] in a simulation.
    fn processes(&mut self) -> &mut dyn Processes;
}

/// Starts processes.
pub trait Processes {
    /// Starts one; does not wait for it.
    ///
    /// # Errors
    /// It cannot be started: there is no such program, a file cannot be opened, the system has no room.
    fn spawn(&mut self, command: &CommandLine, now: Time) -> io::Result<Box<dyn ChildProcess>>;
}

/// A process that was started. Dropping it kills it and its group.
pub trait ChildProcess {
    /// Its number, for people.
    fn id(&self) -> u32;

    /// How it has ended, if it has; then its group is gone too. Never blocks.
    ///
    /// # Errors
    /// The system's.
    fn try_wait(&mut self, now: Time) -> io::Result<Option<Exit>>;

    /// Signals its group; nothing happens if it has ended.
    ///
    /// # Errors
    /// The system's.
    fn signal(&mut self, signal: Signal, now: Time) -> io::Result<()>;

    /// Some of what it has written to an output that is captured; 0 at the end, or if it is not captured. Never blocks.
    ///
    /// # Errors
    /// `WouldBlock`: nothing is there now. Others: the system's.
    fn read(&mut self, from: OutputStream, buffer: &mut [u8]) -> io::Result<usize>;

    /// When there is something new to see, if that is known.
    fn due(&self) -> Option<Time> {
        None
    }

    /// Descriptors that become readable when there is something new to see; empty if there are none for its end.
    ///
    /// # Errors
    /// The system's.
    #[cfg(unix)]
    fn descriptors(&self) -> io::Result<Vec<std::os::fd::OwnedFd>> {
        Ok(Vec::new())
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// With that exit code.
    Code(i32),
    /// By that signal.
    Signal(i32),
}

impl Exit {
    /// Whether it ended with exit code 0.
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

/// What a process group is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: it may clean up.
    Terminate,
    /// SIGKILL: it ends.
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
