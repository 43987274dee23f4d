//! What is to be run, and where its streams go.

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

/// A program with its arguments, environment and streams.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// A path, or a name that is looked up in `PATH`.
    pub program: OsString,
    /// Its arguments; no shell sees them.
    pub args: Vec<OsString>,
    /// Variables that are set beside those of this process.
    pub env: Vec<(OsString, OsString)>,
    /// Whether it starts without the variables of this process.
    pub clear_env: bool,
    /// Its working directory; `None`: that of this process.
    pub directory: Option<PathBuf>,
    /// Where it reads from.
    pub stdin: Input,
    /// Where it writes to.
    pub stdout: Output,
    /// Where it writes to what goes wrong.
    pub stderr: Output,
}

/// Where a process reads from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Input {
    /// Nothing: the default.
    #[default]
    Null,
    /// A file.
    File(PathBuf),
    /// What this process reads from. If that is a terminal, the system stops a child that reads from it: the child is not
    /// in the terminal's foreground group.
    Inherit,
}

/// Where a process writes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Output {
    /// Nowhere: the default of standard output.
    #[default]
    Null,
    /// A file, which is made or emptied first.
    File(PathBuf),
    /// The end of a file, which is made if it is not there.
    Append(PathBuf),
    /// Memory: the first so many bytes; what comes after them is read, counted and dropped.
    Capture(usize),
    /// Where this process writes to.
    Inherit,
}

impl CommandLine {
    /// That program without arguments, in this process's environment.
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

/// As a person would type it; not to be given to a shell.
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
