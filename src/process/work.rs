//! One child process as a work.

use super::running::Running;
use super::{Captured, CommandLine, Exit, Input, Output, ProcessHost};
use crate::WorkContext;
use crate::work::{Failure, Work};
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::task::{Poll, ready};
use std::time::Duration;
use thiserror::Error;

/// Runs a command, and succeeds with its [`ProcessOutput`] when it ends with exit code 0.
///
/// The application says what a process is: [`ProcessHost`]. Each attempt starts its own. Give it a pool, so that not too
/// many run at once; and in production an abort grace above [`ProcessWork::term_grace`], which the default is:
///
/// ```
/// # #[cfg(all(unix, feature = "mio"))] {
/// use crankwork::process::{Output, OsProcesses, ProcessHost, Processes, ProcessWork};
/// use crankwork::{MioDriver, Retry, Spec, WorkScheduler, WorkSchedulerConfig};
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

/// How a process ended, and what it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessOutput {
    /// Exit code 0, unless others were allowed ([`ProcessWork::any_exit`]).
    pub exit: Exit,
    /// What was captured of standard output.
    pub stdout: Captured,
    /// What was captured of standard error.
    pub stderr: Captured,
}

/// Why an attempt failed; found in its [`Failure`] with `downcast_ref`.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ProcessError {
    /// It did not start.
    #[error("`{command}` did not start: {error}")]
    Start {
        /// What was to be started.
        command: String,
        /// What the system says.
        error: io::Error,
    },
    /// It ended badly.
    #[error("`{command}` ended with {exit}{}", said(.output))]
    Exit {
        /// What had been started.
        command: String,
        /// How it ended.
        exit: Exit,
        /// What it wrote.
        output: Box<ProcessOutput>,
    },
    /// The system would not say how it is, or give what it wrote.
    #[error("`{command}` cannot be watched: {error}")]
    Watch {
        /// What had been started.
        command: String,
        /// What the system says.
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
    /// That program; see [`CommandLine`] for what holds where nothing is said.
    pub fn new(program: impl Into<OsString>) -> Self {
        ProcessWork::of(CommandLine::new(program))
    }

    /// That command.
    pub fn of(command: CommandLine) -> Self {
        ProcessWork {
            command,
            any_exit: false,
            term_grace: Duration::from_secs(5),
            running: None,
        }
    }

    /// One more argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.command.args.push(arg.into());
        self
    }

    /// More arguments.
    pub fn args(mut self, args: impl IntoIterator<Item = impl Into<OsString>>) -> Self {
        self.command.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.command.env.push((name.into(), value.into()));
        self
    }

    /// Starts it without this process's variables.
    pub fn clear_env(mut self) -> Self {
        self.command.clear_env = true;
        self
    }

    /// Its working directory.
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.command.directory = Some(directory.into());
        self
    }

    /// Where it reads from; nothing is there by default.
    pub fn stdin(mut self, input: Input) -> Self {
        self.command.stdin = input;
        self
    }

    /// Where its output goes; nowhere by default.
    pub fn stdout(mut self, output: Output) -> Self {
        self.command.stdout = output;
        self
    }

    /// Where its standard error goes; by default the first 4 KiB are captured, and a failure tells their last line.
    pub fn stderr(mut self, output: Output) -> Self {
        self.command.stderr = output;
        self
    }

    /// Takes every end as a success: what it means is the caller's to say.
    pub fn any_exit(mut self) -> Self {
        self.any_exit = true;
        self
    }

    /// How long it has between SIGTERM and SIGKILL when it is aborted; 5 s by default. The work's abort grace (10 s by
    /// default) should be longer: when that is over, it is killed at once.
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

    fn status(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.running {
            Some(running) => write!(f, "process {}", running.child.id()),
            None => Ok(()),
        }
    }
}
