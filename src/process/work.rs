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
#[derive(Debug)]
pub struct ProcessWork {
    command: CommandLine,
    any_exit: bool,
    term_grace: Duration,
    running: Option<Running>,
}

/// How a process ended, and the output that was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl ProcessWork {
    /// Makes a work that runs `program`; see [`CommandLine`] for the defaults.
    pub fn new(program: impl Into<OsString>) -> Self {
        ProcessWork::of(CommandLine::new(program))
    }

    /// Makes a work that runs `command`.
    pub fn of(command: CommandLine) -> Self {
        ProcessWork {
            command,
            any_exit: false,
            term_grace: Duration::from_secs(5),
            running: None,
        }
    }

    /// Adds an argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.command.args.push(arg.into());
        self
    }

    /// Adds several arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.command.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of the process's environment.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.command.env.push((name.into(), value.into()));
        self
    }

    /// Starts the process without the variables of this process.
    pub fn clear_env(mut self) -> Self {
        self.command.clear_env = true;
        self
    }

    /// Sets the working directory.
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.command.directory = Some(directory.into());
        self
    }

    /// Sets the source of the standard input. Default: nothing.
    pub fn stdin(mut self, input: Input) -> Self {
        self.command.stdin = input;
        self
    }

    /// Sets the destination of the standard output. Default: nowhere.
    pub fn stdout(mut self, output: Output) -> Self {
        self.command.stdout = output;
        self
    }

    /// Sets the destination of the standard error. By default the first 4 KiB are captured, and a failure shows their
    /// last line.
    pub fn stderr(mut self, output: Output) -> Self {
        self.command.stderr = output;
        self
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

    fn start<C: ProcessHost + ?Sized>(
        &mut self,
        cx: &mut WorkContext<'_, C>,
    ) -> Result<&mut Running, Failure> {
        if self.running.is_none() {
            let now = cx.now();
            let child = cx.app.processes().spawn(&self.command, now);
            let child = child.map_err(|error| {
                let command = self.command.to_string();
                Failure::new(ProcessError::Start { command, error })
            })?;
            self.running = Some(Running::new(child, &self.command, cx));
        }
        self.running
            .as_mut()
            .ok_or_else(|| Failure::msg("the process is not there"))
    }

    fn unwatchable(&self, error: io::Error) -> Failure {
        let command = self.command.to_string();
        Failure::new(ProcessError::Watch { command, error })
    }

    fn ended(&mut self, exit: Exit) -> Result<ProcessOutput, Failure> {
        let [stdout, stderr] = self
            .running
            .take()
            .map(|running| running.captured)
            .unwrap_or_default();
        let output = ProcessOutput {
            exit,
            stdout,
            stderr,
        };
        if self.any_exit || exit.is_success() {
            return Ok(output);
        }
        Err(Failure::new(ProcessError::Exit {
            command: self.command.to_string(),
            exit,
            output: Box::new(output),
        }))
    }
}

impl<C: ProcessHost + ?Sized> Work<C, ProcessOutput> for ProcessWork {
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<ProcessOutput, Failure>> {
        let result = ready!(self.start(cx)?.poll(cx));
        Poll::Ready(match result {
            Ok(exit) => self.ended(exit),
            Err(error) => Err(self.unwatchable(error)),
        })
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
