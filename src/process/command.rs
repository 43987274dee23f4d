//! A command: what to run, and where its streams go.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// A program with its arguments, environment and streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// A path, or a name that is looked up in `PATH`.
    pub program: OsString,
    /// The arguments; no shell sees them.
    pub args: Vec<OsString>,
    /// The variables that are set besides those of this process.
    pub env: Vec<(OsString, OsString)>,
    /// Whether the program starts without the variables of this process.
    pub clear_env: bool,
    /// The working directory; `None` is that of this process.
    pub directory: Option<PathBuf>,
    /// The source of the standard input.
    pub stdin: Input,
    /// The destination of the standard output.
    pub stdout: Output,
    /// The destination of the standard error.
    pub stderr: Output,
}

/// The source of a process's standard input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// Nothing: the default.
    #[default]
    Null,
    /// A file.
    File(PathBuf),
    /// The standard input of this process. If that is a terminal, the system stops a child that reads from it, since
    /// the child is not in the terminal's foreground group.
    Inherit,
}

/// The destination of an output of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// Nowhere: the default of standard output.
    #[default]
    Null,
    /// A file, which is made or emptied first.
    File(PathBuf),
    /// The end of a file, which is made if it is not there.
    Append(PathBuf),
    /// Memory: the first bytes, up to this number. Further bytes are read, counted and dropped.
    Capture(usize),
    /// The output of this process.
    Inherit,
}

impl CommandLine {
    /// Makes a command that runs `program` without arguments, in this process's environment.
    pub fn new(program: impl Into<OsString>) -> Self {
        CommandLine {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            clear_env: false,
            directory: None,
            stdin: Input::default(),
            stdout: Output::default(),
            stderr: Output::Capture(4096),
        }
    }
}

/// Prints the command as a person would type it. The text is not meant for a shell.
impl fmt::Display for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.program.display())?;
        for arg in &self.args {
            match arg.to_str() {
                Some(plain) if !plain.is_empty() && !plain.contains([' ', '"', '\n']) => {
                    write!(f, " {plain}")?;
                }
                _ => write!(f, " {arg:?}")?,
            }
        }
        Ok(())
    }
}
