//! One child process as a work.

use super::running::Running;
use super::{Captured, CommandLine, Exit, Input, Output, ProcessHost};
use crate::work::{Failure, Work};
use crate::{StatusContext, WorkContext};
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::task::{Poll, ready};
use std::time::Duration;
use thiserror::Error;

/// Runs a command, and succeeds with its [`ProcessOutput`] when the process ends with exit code 0.
///
/// Each attempt starts a process of the application's [`ProcessHost`]. Give the work a pool, so that not too many run
/// at once. In production the abort grace must be above [`ProcessWork::term_grace`], as the default is:
///
/// ```
/// # #[cfg(all(unix, feature = "mio"))] {
/// use crankwork::process::{Output, OsProcesses, ProcessHost, Processes, ProcessWork};
/// use crankwork::{MioDriver, Retry, Spec, WorkScheduler, WorkSchedulerConfig, StatusContext};
///
/// struct Node(OsProcesses);
///
/// impl ProcessHost for Node {
///     fn processes(&mut self) -> &mut dyn Processes {
///         &mut self.0
///     }
/// }
///
/// let mut work = WorkScheduler::<Node>::new(WorkSchedulerConfig::default().pool("processes", 8));
/// let mut driver = MioDriver::new(&mut work)?;
/// let echo = ProcessWork::new("echo").args(["ledger", "63"]).stdout(Output::Capture(1024));
/// let echo = work.add(Spec::new("echo", echo).pool("processes", 1).retry(Retry::A_FEW))?;
/// work.run_until_done(&mut Node(OsProcesses::new()), &mut driver)?;
/// let output = work.take(echo).expect("it has succeeded");
/// assert_eq!(output.stdout.text(), "ledger 63\n");
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ProcessWork<M = CommandLine> {
    /// Gives each attempt its command.
    source: M,
    any_exit: bool,
    term_grace: Duration,
    running: Option<Running>,
}

/// How a process ended, and the output that was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessOutput {
    /// Exit code 0, unless [`ProcessWork::any_exit`] allows others.
    pub exit: Exit,
    /// The captured standard output.
    pub stdout: Captured,
    /// The captured standard error.
    pub stderr: Captured,
}

/// Why an attempt failed. Its [`Failure`] returns it from `downcast_ref`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// The process did not start.
    #[error("`{command}` did not start: {error}")]
    Start {
        /// The command.
        command: String,
        /// The system's error.
        error: io::Error,
    },
    /// The process ended with another exit code than 0, or by a signal.
    #[error("`{command}` ended with {exit}{}", said(.output))]
    Exit {
        /// The command.
        command: String,
        /// How the process ended.
        exit: Exit,
        /// The captured output.
        output: Box<ProcessOutput>,
    },
    /// The system gave an error when it was asked for the process's state or output.
    #[error("`{command}` cannot be watched: {error}")]
    Watch {
        /// The command.
        command: String,
        /// The system's error.
        error: io::Error,
    },
}

fn said(output: &ProcessOutput) -> String {
    match output.stderr.last_line() {
        line if line.is_empty() => line,
        line => format!(": {line}"),
    }
}

/// Gives each attempt of a [`ProcessWork`] its command. A [`CommandLine`] gives itself, and a closure what it returns.
pub trait CommandSource<C: ?Sized> {
    /// Returns the command of this attempt, in its first turn.
    ///
    /// # Errors
    /// Why there is none: the attempt fails.
    fn command(&mut self, cx: &mut WorkContext<'_, C>) -> Result<CommandLine, Failure>;
}

impl<C: ?Sized> CommandSource<C> for CommandLine {
    fn command(&mut self, _: &mut WorkContext<'_, C>) -> Result<CommandLine, Failure> {
        Ok(self.clone())
    }
}

impl<C: ?Sized, F> CommandSource<C> for F
where
    F: FnMut(&mut WorkContext<'_, C>) -> Result<CommandLine, Failure>,
{
    fn command(&mut self, cx: &mut WorkContext<'_, C>) -> Result<CommandLine, Failure> {
        self(cx)
    }
}

impl<M> ProcessWork<M> {
    /// Makes a work that runs the command of `source`: a [`CommandLine`], or a closure that each attempt asks anew.
    ///
    /// ```
    /// use crankwork::process::{CommandLine, Exit, ProcessHost, ProcessWork, Processes};
    /// use crankwork::process::{Script, ScriptedProcesses};
    /// use crankwork::{Retry, Spec, VirtualDriver, WorkContext, WorkScheduler};
    ///
    /// /// Some mirrors are down.
    /// struct Node(Vec<&'static str>, ScriptedProcesses);
    ///
    /// impl ProcessHost for Node {
    ///     fn processes(&mut self) -> &mut dyn Processes {
    ///         &mut self.1
    ///     }
    /// }
    ///
    /// let curl = ProcessWork::of(|cx: &mut WorkContext<'_, Node>| {
    ///     let mirror = cx.app.0.remove(0);
    ///     Ok(CommandLine { args: vec![mirror.into()], ..CommandLine::new("curl") })
    /// });
    /// let mut work = WorkScheduler::<Node>::new(Default::default());
    /// let curl = work.add(Spec::new("curl", curl).retry(Retry::A_FEW))?;
    /// let processes = ScriptedProcesses::new(|curl| match curl.args[0] == "up.example.org" {
    ///     true => Ok(Script::success()),
    ///     false => Ok(Script::ends(Exit::Code(7))),
    /// });
    /// let mut node = Node(vec!["down.example.org", "up.example.org"], processes);
    /// work.run_until_done(&mut node, &mut VirtualDriver::new())?;
    /// assert!(work.outcome(curl).unwrap().is_success());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn of(source: M) -> Self {
        ProcessWork {
            source,
            any_exit: false,
            term_grace: Duration::from_secs(5),
            running: None,
        }
    }

    /// Returns what gives the commands.
    pub fn source(&self) -> &M {
        &self.source
    }

    /// Takes every end of the process as a success. The caller decides what it means.
    pub fn any_exit(mut self) -> Self {
        self.any_exit = true;
        self
    }

    /// Sets the time between SIGTERM and SIGKILL in an abort; 5 s by default. The work's abort grace (10 s by default)
    /// should be longer, since the process is killed at once when that is over.
    pub fn term_grace(mut self, grace: Duration) -> Self {
        self.term_grace = grace;
        self
    }
}

impl ProcessWork {
    /// Makes a work that runs `program`; see [`CommandLine`] for the defaults.
    pub fn new(program: impl Into<OsString>) -> Self {
        ProcessWork::of(CommandLine::new(program))
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.source.args.push(arg.into());
        self
    }

    /// Adds several arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.source.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of the process's environment.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.source.env.push((name.into(), value.into()));
        self
    }

    /// Starts the process without the variables of this process.
    pub fn clear_env(mut self) -> Self {
        self.source.clear_env = true;
        self
    }

    /// Sets the working directory.
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.source.directory = Some(directory.into());
        self
    }

    /// Sets the source of the standard input. Default: nothing.
    pub fn stdin(mut self, input: Input) -> Self {
        self.source.stdin = input;
        self
    }

    /// Sets the destination of the standard output. Default: nowhere.
    pub fn stdout(mut self, output: Output) -> Self {
        self.source.stdout = output;
        self
    }

    /// Sets the destination of the standard error. By default the first 4 KiB are captured, and a failure shows their
    /// last line.
    pub fn stderr(mut self, output: Output) -> Self {
        self.source.stderr = output;
        self
    }
}

impl<M> ProcessWork<M> {
    fn start<C: ProcessHost + ?Sized>(
        &mut self,
        cx: &mut WorkContext<'_, C>,
    ) -> Result<&mut Running, Failure>
    where
        M: CommandSource<C>,
    {
        let running = match self.running.take() {
            Some(running) => running,
            None => Running::start(self.source.command(cx)?, cx)?,
        };
        Ok(self.running.insert(running))
    }
}

/// Returns what an attempt comes to whose process has ended.
fn ended(running: Running, exit: Exit, any_exit: bool) -> Result<ProcessOutput, Failure> {
    let [stdout, stderr] = running.captured;
    let output = ProcessOutput {
        exit,
        stdout,
        stderr,
    };
    if any_exit || exit.is_success() {
        return Ok(output);
    }
    Err(Failure::new(ProcessError::Exit {
        command: running.command.to_string(),
        exit,
        output: Box::new(output),
    }))
}

/// Prints the process that is running.
impl<M> fmt::Debug for ProcessWork<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessWork")
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}

impl<C: ProcessHost + ?Sized, M: CommandSource<C>> Work<C, ProcessOutput> for ProcessWork<M> {
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<ProcessOutput, Failure>> {
        let running = self.start(cx)?;
        let exit = match ready!(running.poll(cx)) {
            Ok(exit) => exit,
            Err(error) => return Poll::Ready(Err(running.unwatchable(error))),
        };
        // It has just been started or polled, so it is there.
        let running = self.running.take();
        Poll::Ready(running.map_or_else(
            || Err(Failure::msg("the process is not there")),
            |running| ended(running, exit, self.any_exit),
        ))
    }

    fn on_abort(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<()> {
        let grace = self.term_grace;
        if let Some(running) = &mut self.running
            && running.poll_abort(grace, cx).is_pending()
        {
            return Poll::Pending;
        }
        self.running = None;
        Poll::Ready(())
    }

    fn on_reset(&mut self, _: &mut WorkContext<'_, C>) {
        self.running = None;
    }

    fn status(&self, _: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.running {
            Some(running) => write!(f, "process {}", running.child.id()),
            None => Ok(()),
        }
    }
}
