//! A temporary workspace of the programs, and what cargo takes to build them.

use crate::programs::Program;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Settings that would build otherwise than a user's machine does by default.
const UNSET: [&str; 7] = [
    "CARGO_BUILD_RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_INCREMENTAL",
    "CARGO_TARGET_DIR",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTFLAGS",
];

/// Runs a command to its end, and returns the CPU seconds of it and its children, and its output.
pub fn timed(command: &mut Command) -> Result<(f64, Output), String> {
    let before = children_seconds()?;
    let program = command.get_program().display().to_string();
    let output = command
        .output()
        .map_err(|error| format!("{program} cannot be started: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program}: {}\n{said}", output.status));
    }
    Ok((children_seconds()? - before, output))
}

/// Returns the user and system seconds of all children that have ended, their children included.
#[cfg(unix)]
fn children_seconds() -> Result<f64, String> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|error| error.to_string())?;
    let time = usage.user_time() + usage.system_time();
    Ok(time.num_microseconds() as f64 / 1e6)
}

#[cfg(not(unix))]
fn children_seconds() -> Result<f64, String> {
    Err(String::from(
        "CPU seconds of children are known on Unix only",
    ))
}

/// Returns a call of cargo in `directory`, which builds as it does by default.
pub fn cargo(directory: &Path) -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(directory);
    UNSET.iter().for_each(|name| {
        command.env_remove(name);
    });
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PROFILE_") {
            command.env_remove(name);
        }
    }
    command
}

/// The programs in a directory that is removed at the end.
pub struct Workspace {
    directory: TempDir,
    /// The number in the line that changes.
    edition: u64,
}

impl Workspace {
    /// Writes all programs; dependencies have the versions of `lock`.
    pub fn new(programs: &[&Program], lock: &Path) -> Result<Workspace, String> {
        let own = Workspace {
            directory: tempfile::tempdir().map_err(|error| error.to_string())?,
            edition: 0,
        };
        let names: Vec<&str> = programs.iter().map(|program| program.name).collect();
        let manifest = format!(
            "[workspace]\nresolver = \"3\"\nmembers = {names:?}\n\n[profile.release]\nstrip = true\n\n[profile.dev.package.\"*\"]\nopt-level = 3\n"
        );
        write(&own.path().join("Cargo.toml"), &manifest)?;
        fs::copy(lock, own.path().join("Cargo.lock")).map_err(|error| error.to_string())?;
        for program in programs {
            let sources = own.path().join(program.name).join("src");
            fs::create_dir_all(sources).map_err(|error| error.to_string())?;
            let manifest = own.path().join(program.name).join("Cargo.toml");
            write(&manifest, &program.manifest())?;
            own.write_sources(program)?;
        }
        Ok(own)
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn write_sources(&self, program: &Program) -> Result<(), String> {
        let sources = self.path().join(program.name).join("src");
        let mut files = program.sources(self.edition).into_iter();
        files.try_for_each(|(name, text)| write(&sources.join(name), &text))
    }

    /// Changes the line of a program.
    pub fn edit(&mut self, program: &Program) -> Result<(), String> {
        self.edition += 1;
        self.write_sources(program)
    }

    /// Builds a program and what it depends on, and returns the CPU seconds.
    pub fn build(&self, program: &Program, profile: &str) -> Result<f64, String> {
        let mut cargo = cargo(self.path());
        cargo.args(["build", "--quiet", "--package", program.name]);
        Ok(timed(cargo.args(["--profile", profile]))?.0)
    }

    /// Returns the path of a program; `folder` is `release` or `debug`.
    pub fn binary(&self, program: &Program, folder: &str) -> PathBuf {
        let file = format!("{}{}", program.name, std::env::consts::EXE_SUFFIX);
        self.path().join("target").join(folder).join(file)
    }

    /// Runs a program, and returns the CPU seconds.
    pub fn run(&self, program: &Program, folder: &str) -> Result<f64, String> {
        Ok(timed(&mut Command::new(self.binary(program, folder)))?.0)
    }

    /// Returns how many lines of LLVM IR a release build of a program has before any pass.
    pub fn ir_lines(&self, program: &Program) -> Result<usize, String> {
        let mut cargo = cargo(self.path());
        cargo.args(["rustc", "--quiet", "--release", "--package", program.name]);
        cargo.args(["--", "--emit=llvm-ir", "-Cno-prepopulate-passes"]);
        timed(cargo.arg("-Ccodegen-units=1"))?;
        let folder = self.path().join("target/release/deps");
        let start = program.name.replace('-', "_") + "-";
        let files = fs::read_dir(folder).map_err(|error| error.to_string())?;
        let mut paths = files.filter_map(|entry| Some(entry.ok()?.path()));
        let is_ir = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&start) && name.ends_with(".ll")
        };
        let path = paths.find(is_ir).ok_or("rustc wrote no LLVM IR")?;
        let text = fs::read(path).map_err(|error| error.to_string())?;
        Ok(text.iter().filter(|&&byte| byte == b'\n').count())
    }
}

pub fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}
