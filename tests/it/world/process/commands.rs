//! The four scenarios with commands that stellar-core's tests have, with real processes and with scripted ones.

use super::{Node, ScriptedNode, all_gone, config, real, run};
use crate::units::{ms, secs};
use crankwork::process::{
    CommandLine, Exit, Output, ProcessError, ProcessWork, Script, ScriptedProcesses,
};
use crankwork::{
    Driver, Failure, Next, Retry, Spec, VirtualDriver, WorkContext, WorkOutcome, WorkScheduler,
    WorkState,
};
use std::io::{self, ErrorKind};
use std::task::Poll;

fn steps<C: ?Sized>(n: u32) -> impl FnMut(&mut WorkContext<'_, C>) -> Poll<Result<(), Failure>> {
    let mut left = n;
    move |cx| {
        left -= 1;
        match left {
            0 => Poll::Ready(Ok(())),
            _ => cx.yield_now(),
        }
    }
}

/// The commands of this file.
fn plan(command: &CommandLine) -> io::Result<Script> {
    match command.program.to_str() {
        Some("date") => Ok(Script::success().after(ms(3)).stdout("today\n")),
        Some("sleep") => Ok(Script::success().after(secs(1000))),
        _ => Err(ErrorKind::NotFound.into()),
    }
}

fn simulated() -> (WorkScheduler<ScriptedNode>, ScriptedNode) {
    let node = ScriptedNode(ScriptedProcesses::new(plan));
    (WorkScheduler::new(config()), node)
}

fn date() -> ProcessWork {
    ProcessWork::new("date").stdout(Output::Capture(1000))
}

#[test]
fn cmd_one() {
    let (mut s, mut node, mut driver) = real();
    let command = s.add(Spec::new("command", date())).unwrap();
    run(&mut s, &mut node, &mut driver);
    let output = s.take(command).unwrap();
    assert_eq!(output.exit, Exit::Code(0));
    assert!(!output.stdout.bytes.is_empty());

    let (mut s, mut node) = simulated();
    let command = s.add(Spec::new("command", date())).unwrap();
    s.run_until_done(&mut node, &mut VirtualDriver::new())
        .unwrap();
    assert_eq!(s.take(command).unwrap().stdout.text(), "today\n");
}

#[test]
fn cmd_round_robin() {
    let (mut s, mut node, mut driver) = real();
    let command = s.add(Spec::new("command", date())).unwrap().id();
    let other = s.add(Spec::new("other", steps::<Node>(3))).unwrap().id();
    run(&mut s, &mut node, &mut driver);
    for id in [command, other] {
        assert_eq!(s.state(id), Some(WorkState::Success));
    }

    let (mut s, mut node) = simulated();
    let command = s.add(Spec::new("command", date())).unwrap().id();
    let other = Spec::new("other", steps::<ScriptedNode>(3));
    let other = s.add(other).unwrap().id();
    s.run_until(other, &mut node, &mut VirtualDriver::new())
        .unwrap();
    assert_eq!(s.state(command), Some(WorkState::Waiting), "it needs 3 ms");
    s.run_until_done(&mut node, &mut VirtualDriver::new())
        .unwrap();
    assert_eq!(s.state(command), Some(WorkState::Success));
}

/// A failure that says which command did not start.
fn did_not_start(outcome: Option<WorkOutcome>) {
    let Some(WorkOutcome::Failed(failure)) = outcome else {
        panic!("{outcome:?}");
    };
    let error = failure.downcast_ref::<ProcessError>();
    let Some(ProcessError::Start { command, error }) = error else {
        panic!("{failure}");
    };
    assert_eq!(command, "_invalid_command_ -x");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn cmd_invalid() {
    let invalid = || ProcessWork::new("_invalid_command_").arg("-x");
    let retries = Retry::times(2);
    let (mut s, mut node, mut driver) = real();
    let command = s
        .add(Spec::new("command", invalid()).retry(retries))
        .unwrap()
        .id();
    run(&mut s, &mut node, &mut driver);
    did_not_start(s.outcome(command));
    assert_eq!(node.tries, 3);

    let (mut s, mut node) = simulated();
    let command = s
        .add(Spec::new("command", invalid()).retry(retries))
        .unwrap()
        .id();
    s.run_until_done(&mut node, &mut VirtualDriver::new())
        .unwrap();
    did_not_start(s.outcome(command));
    assert_eq!(node.0.tries(), 3);
}

#[test]
fn cmd_aborted() {
    let sleep = || ProcessWork::new("sleep").arg("1000");
    let (mut s, mut node, mut driver) = real();
    let command = s.add(Spec::new("command", sleep())).unwrap().id();
    let crank = s.crank_work(driver.now(), &mut node, crankwork::Budget::unlimited());
    assert_eq!(crank.next, Next::External, "its end will tell");
    assert_eq!(s.state(command), Some(WorkState::Waiting));
    let pids = node.pids.take();
    assert_eq!(super::running_in(&pids), pids);
    // Its end, and its standard error.
    let status = format!(
        "command: Waiting : 2 sources registered : process {}\n",
        pids[0]
    );
    assert_eq!(s.status(), status);
    s.shutdown();
    run(&mut s, &mut node, &mut driver);
    assert_eq!(s.state(command), Some(WorkState::Cancelled));
    assert_eq!(s.metrics().forced_aborts, 0);
    all_gone(&pids);

    let (mut s, mut node) = simulated();
    let command = s.add(Spec::new("command", sleep())).unwrap().id();
    let two_seconds = Spec::new("later", |cx: &mut WorkContext<'_, ScriptedNode>| {
        cx.sleep(secs(2)).map(Ok)
    });
    let later = s.add(two_seconds).unwrap();
    let mut driver = VirtualDriver::new();
    s.run_until(later, &mut node, &mut driver).unwrap();
    assert_eq!(s.state(command), Some(WorkState::Waiting));
    assert_eq!(node.0.running(), 1);
    s.shutdown();
    s.run_until_done(&mut node, &mut driver).unwrap();
    assert_eq!(s.state(command), Some(WorkState::Cancelled));
    assert_eq!(node.0.running(), 0);
    assert_eq!(s.now(), driver.now());
    assert_eq!(
        s.now().as_nanos(),
        2_000_000_000,
        "it ends when it is asked to"
    );
}
