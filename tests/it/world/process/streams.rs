//! A command's streams, its environment, and its end.

use super::{Node, config, real, run};
use crankwork::process::{Exit, Input, Output, ProcessError, ProcessOutput, ProcessWork};
use crankwork::{Handle, MioDriver, ParkDriver, Spec, WorkOutcome, WorkScheduler};
use std::path::PathBuf;

fn sh(script: &str) -> ProcessWork {
    ProcessWork::new("sh").args(["-c", script])
}

/// Runs one command with real processes.
fn output(work: ProcessWork) -> Result<ProcessOutput, String> {
    let (mut s, mut node, mut driver) = real();
    let work: Handle<ProcessOutput> = s.add(Spec::new("command", work)).unwrap();
    run(&mut s, &mut node, &mut driver);
    match s.outcome(work) {
        Some(WorkOutcome::Failed(failure)) => {
            assert!(failure.downcast_ref::<ProcessError>().is_some());
            Err(failure.to_string())
        }
        _ => Ok(s.take(work).unwrap()),
    }
}

/// A folder of one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("crankwork-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

#[test]
fn outputs_are_captured_up_to_their_bounds() {
    // More than a pipe holds, so the child would block if it were not read.
    let script = "head -c 1000000 /dev/zero; echo one >&2; echo two >&2";
    let work = sh(script)
        .stdout(Output::Capture(1000))
        .stderr(Output::Capture(5));
    let output = output(work).unwrap();
    assert_eq!(output.exit, Exit::Code(0));
    assert_eq!(output.stdout.bytes, [0; 1000]);
    assert_eq!(output.stdout.dropped, 999_000);
    assert_eq!(output.stderr.text(), "one\nt");
    assert_eq!(output.stderr.dropped, 3);
}

#[test]
fn a_bad_end_says_what_the_command_said_last() {
    let failure = output(sh("echo first >&2; echo 'no such bucket' >&2; exit 3")).unwrap_err();
    assert!(
        failure.ends_with("ended with exit code 3: no such bucket"),
        "{failure}"
    );
    let failure = output(sh("kill -9 $$")).unwrap_err();
    assert!(failure.ends_with("ended with signal 9"), "{failure}");
}

#[test]
fn every_end_may_be_a_success() {
    let ended = output(sh("exit 7").any_exit()).unwrap();
    assert_eq!(ended.exit, Exit::Code(7));
    let ended = output(sh("kill -15 $$").any_exit()).unwrap();
    assert_eq!(ended.exit, Exit::Signal(15));
}

#[test]
fn streams_go_to_files_and_come_from_them() {
    let folder = Folder::new("streams");
    let (from, to) = (folder.0.join("from"), folder.0.join("to"));
    std::fs::write(&from, "ledger 63\n").unwrap();
    let cat = || ProcessWork::new("cat").stdin(Input::File(from.clone()));
    output(cat().stdout(Output::File(to.clone()))).unwrap();
    output(cat().stdout(Output::File(to.clone()))).unwrap();
    assert_eq!(std::fs::read_to_string(&to).unwrap(), "ledger 63\n");
    output(cat().stdout(Output::Append(to.clone()))).unwrap();
    let twice = std::fs::read_to_string(&to).unwrap();
    assert_eq!(twice, "ledger 63\nledger 63\n");
    let missing = ProcessWork::new("cat").stdin(Input::File(folder.0.join("none")));
    let failure = output(missing).unwrap_err();
    assert!(failure.contains("/none: "), "{failure}");
}

#[test]
fn nothing_is_read_by_default() {
    let output = output(ProcessWork::new("cat").stdout(Output::Capture(10))).unwrap();
    assert_eq!(output.stdout.bytes, b"");
}

#[test]
fn environment_and_directory() {
    let folder = Folder::new("directory");
    let work = sh("pwd; echo $LEDGER; echo ${HOME:-no home}")
        .stdout(Output::Capture(1000))
        .clear_env()
        .env("LEDGER", "63")
        .env("PATH", std::env::var_os("PATH").unwrap())
        .current_dir(&folder.0);
    let output = output(work).unwrap();
    let real_path = folder.0.canonicalize().unwrap();
    let expected = format!("{}\n63\nno home\n", real_path.display());
    assert_eq!(output.stdout.text(), expected);
}

#[test]
fn without_a_poll_the_clock_tells() {
    let mut s = WorkScheduler::new(config());
    let work = sh("head -c 300000 /dev/zero").stdout(Output::Capture(10));
    let work = s.add(Spec::new("command", work)).unwrap();
    s.run_until_done(&mut Node::real(), &mut ParkDriver::new())
        .unwrap();
    assert_eq!(s.take(work).unwrap().stdout.dropped, 299_990);
}

#[test]
fn a_hundred_at_once() {
    let mut s = WorkScheduler::new(config().max_concurrency(1000).pool("processes", 10));
    let mut driver = MioDriver::new(&mut s).unwrap();
    let works: Vec<_> = (0..100)
        .map(|n| {
            let work = ProcessWork::new("echo")
                .arg(n.to_string())
                .stdout(Output::Capture(10));
            let spec = Spec::new(format!("echo {n}"), work).pool("processes", 1);
            s.add(spec).unwrap()
        })
        .collect();
    s.run_until_done(&mut Node::real(), &mut driver).unwrap();
    for (n, work) in works.into_iter().enumerate() {
        assert_eq!(s.take(work).unwrap().stdout.text(), format!("{n}\n"));
    }
}
