//! Real processes.
//!
//! A child that has ended stays unreaped until its group has been killed. Until then no other process can get its
//! number, so the signal meets no other group. Only then is the child reaped.

use super::{ChildProcess, CommandLine, Exit, Input, Output, OutputStream, Processes, Signal};
use crate::time::Time;
use rustix::io::Errno;
use rustix::process::{self, Pid, WaitId, WaitIdOptions};
use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;

/// Starts real processes.
///
/// A child whose work was dropped while it ran is killed. That happens when the work's grace is over, or when the
/// scheduler is dropped. The next [`spawn`](Processes::spawn) reaps it, or [`OsProcesses::reap`], or the drop of this
/// value, which waits for it.
#[derive(Debug, Default)]
pub struct OsProcesses {
    killed: Rc<Killed>,
}

impl OsProcesses {
    /// Makes a value that has no children yet.
    pub fn new() -> Self {
        OsProcesses::default()
    }

    /// Reaps killed children that no work waits for. Returns how many have not ended yet. Never blocks.
    pub fn reap(&mut self) -> usize {
        let mut left = self.killed.0.borrow_mut();
        left.retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        left.len()
    }
}

/// The children that were sent SIGKILL and have not been reaped.
#[derive(Debug, Default)]
struct Killed(RefCell<Vec<Child>>);

impl Drop for Killed {
    fn drop(&mut self) {
        for child in self.0.get_mut() {
            // SIGKILL has been sent, so the wait is short.
            let _ = child.wait();
        }
    }
}

impl Processes for OsProcesses {
    fn spawn(&mut self, command: &CommandLine, _: Time) -> io::Result<Box<dyn ChildProcess>> {
        self.reap();
        let mut child = prepare(command)?.spawn()?;
        let outputs = [
            child.stdout.take().map(OwnedFd::from),
            child.stderr.take().map(OwnedFd::from),
        ];
        let mut process = OsChild {
            child: Some(child),
            exit: None,
            outputs: [None, None],
            killed: self.killed.clone(),
        };
        // From here on the child is killed if something goes wrong.
        for (output, place) in outputs.into_iter().zip(&mut process.outputs) {
            if let Some(output) = output {
                rustix::io::ioctl_fionbio(&output, true)?;
                *place = Some(File::from(output));
            }
        }
        Ok(Box::new(process))
    }
}

fn prepare(line: &CommandLine) -> io::Result<Command> {
    let mut command = Command::new(&line.program);
    command.args(&line.args).process_group(0);
    if line.clear_env {
        command.env_clear();
    }
    command.envs(line.env.iter().map(|(name, value)| (name, value)));
    if let Some(directory) = &line.directory {
        command.current_dir(directory);
    }
    command.stdin(match &line.stdin {
        Input::Null => Stdio::null(),
        Input::Inherit => Stdio::inherit(),
        Input::File(path) => File::open(path)
            .map_err(|error| of_file(path, error))?
            .into(),
    });
    command.stdout(output(&line.stdout)?);
    command.stderr(output(&line.stderr)?);
    Ok(command)
}

fn output(output: &Output) -> io::Result<Stdio> {
    Ok(match output {
        Output::Null => Stdio::null(),
        Output::Inherit => Stdio::inherit(),
        Output::Capture(_) => Stdio::piped(),
        Output::File(path) => File::create(path)
            .map_err(|error| of_file(path, error))?
            .into(),
        Output::Append(path) => OpenOptions::new()
            .append(true)
            .create(true)
            .open(path)
            .map_err(|error| of_file(path, error))?
            .into(),
    })
}

/// Adds the path, since the system's error does not name the file.
fn of_file(path: &std::path::Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

struct OsChild {
    /// `None` once the child has been reaped, or handed over to be reaped.
    child: Option<Child>,
    exit: Option<Exit>,
    outputs: [Option<File>; 2],
    killed: Rc<Killed>,
}

impl OsChild {
    fn signal_group(&self, signal: process::Signal) -> io::Result<()> {
        let Some(child) = &self.child else {
            return Ok(());
        };
        match process::kill_process_group(Pid::from_child(child), signal) {
            // The group may be gone; some systems say that they may not signal an ended one.
            Ok(()) | Err(Errno::SRCH | Errno::PERM) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns whether the child has ended, without reaping it.
    fn has_ended(child: &Child) -> io::Result<bool> {
        let id = WaitId::Pid(Pid::from_child(child));
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(process::waitid(id, options)?.is_some())
    }
}

impl ChildProcess for OsChild {
    fn id(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    fn try_wait(&mut self, _: Time) -> io::Result<Option<Exit>> {
        let Some(child) = &mut self.child else {
            return Ok(self.exit);
        };
        if !OsChild::has_ended(child)? {
            return Ok(None);
        }
        self.signal_group(process::Signal::KILL)?;
        if let Some(mut child) = self.child.take() {
            // The child has ended, so this does not wait.
            let status = child.wait()?;
            let code = status.code().map(Exit::Code);
            self.exit = code.or(status.signal().map(Exit::Signal));
        }
        Ok(self.exit)
    }

    fn signal(&mut self, signal: Signal, _: Time) -> io::Result<()> {
        self.signal_group(match signal {
            Signal::Terminate => process::Signal::TERM,
            Signal::Kill => process::Signal::KILL,
        })
    }

    fn read(&mut self, from: OutputStream, buffer: &mut [u8]) -> io::Result<usize> {
        let output = &mut self.outputs[from as usize];
        let Some(file) = output else {
            return Ok(0);
        };
        let result = file.read(buffer);
        let over = match &result {
            Ok(n) => *n == 0,
            Err(error) => !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted),
        };
        if over {
            *output = None;
        }
        result
    }

    fn descriptors(&self) -> io::Result<Vec<OwnedFd>> {
        let Some(child) = &self.child else {
            return Ok(Vec::new());
        };
        let mut all = Vec::from_iter(descriptor_of_end(child));
        if !all.is_empty() {
            for output in self.outputs.iter().flatten() {
                all.push(output.as_fd().try_clone_to_owned()?);
            }
        }
        Ok(all)
    }
}

/// Returns a descriptor that becomes readable when the child ends.
#[cfg(target_os = "linux")]
fn descriptor_of_end(child: &Child) -> Option<OwnedFd> {
    process::pidfd_open(Pid::from_child(child), process::PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn descriptor_of_end(_: &Child) -> Option<OwnedFd> {
    None
}

impl Drop for OsChild {
    fn drop(&mut self) {
        // The signal fails only if the group is gone already.
        let _ = self.signal_group(process::Signal::KILL);
        if let Some(mut child) = self.child.take()
            && let Ok(None) = child.try_wait()
        {
            self.killed.0.borrow_mut().push(child);
        }
    }
}
