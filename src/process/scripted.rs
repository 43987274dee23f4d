//! Processes that follow a script, in virtual time.

use super::{ChildProcess, CommandLine, Exit, OutputStream, Processes, Signal};
use crate::time::Time;
use std::cell::Cell;
use std::fmt;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::time::Duration;

/// The script of one process.
#[derive(Clone, Debug)]
pub struct Script {
    exit: Exit,
    takes: Duration,
    after_term: Option<Duration>,
    outputs: [Vec<u8>; 2],
}

/// SIGTERM and SIGKILL, as every system numbers them.
const TERM: i32 = 15;
const KILL: i32 = 9;

impl Script {
    /// Ends at once with exit code 0, and writes nothing.
    pub fn success() -> Self {
        Script::ends(Exit::Code(0))
    }

    /// Ends at once as `exit` says.
    pub fn ends(exit: Exit) -> Self {
        Script {
            exit,
            takes: Duration::ZERO,
            after_term: Some(Duration::ZERO),
            outputs: [Vec::new(), Vec::new()],
        }
    }

    /// Ends after `time`.
    pub fn after(mut self, time: Duration) -> Self {
        self.takes = time;
        self
    }

    /// Ends `time` later than it would.
    pub fn slower(mut self, time: Duration) -> Self {
        self.takes = self.takes.saturating_add(time);
        self
    }

    /// Ends as `exit` says, when it would have ended, and writes what it would have written.
    pub fn exits(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Writes `bytes` to standard output, just before the process ends by itself.
    pub fn stdout(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.outputs[0] = bytes.into();
        self
    }

    /// Writes `bytes` to standard error, just before the process ends by itself.
    pub fn stderr(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.outputs[1] = bytes.into();
        self
    }

    /// Takes `time` to end after SIGTERM. Without this call the process ends at once.
    pub fn cleans_up_for(mut self, time: Duration) -> Self {
        self.after_term = Some(time);
        self
    }

    /// Goes on after SIGTERM.
    pub fn ignores_term(mut self) -> Self {
        self.after_term = None;
        self
    }
}

/// Starts scripted processes, for simulations and tests. A process ends when its virtual time is over; no real process
/// is started. Equal scripts give equal runs.
///
/// ```
/// use crankwork::process::{CommandLine, Exit, ProcessHost, Processes, ProcessWork, Script, ScriptedProcesses};
/// use crankwork::{Spec, VirtualDriver, WorkScheduler, WorkState};
/// use std::time::Duration;
///
/// struct Node(ScriptedProcesses);
///
/// impl ProcessHost for Node {
///     fn processes(&mut self) -> &mut dyn Processes {
///         &mut self.0
///     }
/// }
///
/// let mut node = Node(ScriptedProcesses::new(|command: &CommandLine| match command.program.to_str() {
///     Some("gzip") => Ok(Script::success().after(Duration::from_secs(20))),
///     _ => Err(std::io::ErrorKind::NotFound.into()),
/// }));
/// let mut work = WorkScheduler::<Node>::new(Default::default());
/// let gzip = work.add(Spec::new("gzip", ProcessWork::new("gzip").arg("bucket")))?;
/// let tar = work.add(Spec::new("tar", ProcessWork::new("tar")))?;
/// work.run_until_done(&mut node, &mut VirtualDriver::new())?;
/// assert_eq!(work.take(gzip).map(|output| output.exit), Some(Exit::Code(0)));
/// assert_eq!(work.state(tar), Some(WorkState::Failed));
/// assert_eq!(work.now().as_nanos(), 20_000_000_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ScriptedProcesses {
    plan: Plan,
    tries: u32,
    count: Rc<Count>,
}

type Plan = Box<dyn FnMut(&CommandLine) -> io::Result<Script>>;

#[derive(Default)]
struct Count {
    running: Cell<u32>,
    most: Cell<u32>,
}

impl ScriptedProcesses {
    /// Makes processes from `plan`, which returns what a command does, or why it cannot be started.
    pub fn new(plan: impl FnMut(&CommandLine) -> io::Result<Script> + 'static) -> Self {
        ScriptedProcesses {
            plan: Box::new(plan),
            tries: 0,
            count: Rc::default(),
        }
    }

    /// Returns how often a process was to be started, including starts that failed.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    /// Returns how many processes run now.
    pub fn running(&self) -> u32 {
        self.count.running.get()
    }

    /// Returns how many processes ran at once at most.
    pub fn most(&self) -> u32 {
        self.count.most.get()
    }
}

impl fmt::Debug for ScriptedProcesses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScriptedProcesses({} running)", self.running())
    }
}

impl Processes for ScriptedProcesses {
    fn spawn(&mut self, command: &CommandLine, now: Time) -> io::Result<Box<dyn ChildProcess>> {
        self.tries += 1;
        let script = (self.plan)(command)?;
        let running = self.count.running.get() + 1;
        self.count.running.set(running);
        self.count.most.set(self.count.most.get().max(running));
        Ok(Box::new(ScriptedChild {
            id: self.tries,
            end: (now.saturating_add(script.takes), script.exit),
            script,
            gone: false,
            count: self.count.clone(),
        }))
    }
}

struct ScriptedChild {
    id: u32,
    script: Script,
    end: (Time, Exit),
    gone: bool,
    count: Rc<Count>,
}

impl ScriptedChild {
    fn end_by(&mut self, at: Time, signal: i32) {
        if at < self.end.0 {
            self.end = (at, Exit::Signal(signal));
            self.script.outputs = [Vec::new(), Vec::new()];
        }
    }

    fn leave(&mut self) {
        if !std::mem::replace(&mut self.gone, true) {
            self.count.running.set(self.count.running.get() - 1);
        }
    }
}

impl ChildProcess for ScriptedChild {
    fn id(&self) -> u32 {
        self.id
    }

    fn try_wait(&mut self, now: Time) -> io::Result<Option<Exit>> {
        if now < self.end.0 {
            return Ok(None);
        }
        self.leave();
        Ok(Some(self.end.1))
    }

    fn signal(&mut self, signal: Signal, now: Time) -> io::Result<()> {
        match (signal, self.script.after_term) {
            (Signal::Kill, _) => self.end_by(now, KILL),
            (Signal::Terminate, Some(time)) => self.end_by(now.saturating_add(time), TERM),
            (Signal::Terminate, None) => {}
        }
        Ok(())
    }

    fn read(&mut self, from: OutputStream, buffer: &mut [u8]) -> io::Result<usize> {
        if !self.gone {
            return Err(ErrorKind::WouldBlock.into());
        }
        let left = &mut self.script.outputs[from as usize];
        let n = left.len().min(buffer.len());
        buffer[..n].copy_from_slice(&left[..n]);
        left.drain(..n);
        Ok(n)
    }

    fn due(&self) -> Option<Time> {
        Some(self.end.0)
    }
}

impl Drop for ScriptedChild {
    fn drop(&mut self) {
        self.leave();
    }
}
