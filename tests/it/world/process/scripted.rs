//! Scripted processes in virtual time.

use super::{ScriptedNode, config};
use crate::units::{at_secs, ms, secs};
use crankwork::process::{CommandLine, Exit, Output, ProcessWork, Script, ScriptedProcesses};
use crankwork::{
    Budget, EventCause, Failure, Next, Retry, Spec, Time, VirtualDriver, WorkContext, WorkId,
    WorkOutcome, WorkScheduler, WorkState,
};
use std::cell::Cell;
use std::rc::Rc;

/// A scheduler in which every command follows this script.
fn all(script: Script) -> (WorkScheduler<ScriptedNode>, ScriptedNode) {
    let node = ScriptedNode(ScriptedProcesses::new(move |_| Ok(script.clone())));
    (WorkScheduler::new(config().pool("processes", 2)), node)
}

fn finish(s: &mut WorkScheduler<ScriptedNode>, node: &mut ScriptedNode) -> Time {
    let mut driver = VirtualDriver::at(s.now());
    s.run_until_done(node, &mut driver).unwrap();
    driver.now()
}

#[test]
fn l29_a_scripted_process_pins_virtual_time_until_its_completion() {
    let (mut s, mut node) = all(Script::success().after(secs(5)));
    s.add(Spec::new("command", ProcessWork::new("tar")))
        .unwrap();
    let crank = s.crank_work(Time::ZERO, &mut node, Budget::unlimited());
    assert_eq!(crank.next, Next::At(at_secs(5)));
    assert_eq!(node.0.running(), 1);
    assert_eq!(finish(&mut s, &mut node), at_secs(5));
    assert_eq!(node.0.running(), 0);
}

#[test]
fn no_more_run_at_once_than_their_pool_has_permits() {
    let (mut s, mut node) = all(Script::success().after(secs(3)).ignores_term());
    let ids: Vec<WorkId> = (0..6)
        .map(|n| {
            let work = ProcessWork::new("tar").term_grace(secs(2));
            let spec = Spec::new(format!("command {n}"), work).pool("processes", 1);
            s.add(spec).unwrap().id()
        })
        .collect();
    let _ = s.crank_work(at_secs(1), &mut node, Budget::unlimited());
    // A work that is being aborted holds its permit until its process has gone.
    s.cancel(ids[0]).unwrap();
    assert_eq!(finish(&mut s, &mut node), at_secs(10));
    assert_eq!(node.0.most(), 2);
    assert_eq!(node.0.tries(), 6);
}

/// Aborts a command after a second; when that was over.
fn abort(
    script: Script,
    shape: impl FnOnce(Spec<ScriptedNode, ProcessWork>) -> Spec<ScriptedNode, ProcessWork>,
) -> (u64, u64) {
    let (mut s, mut node) = all(script.after(secs(100)));
    let spec = Spec::new("command", ProcessWork::new("tar").term_grace(secs(3)));
    let id = s.add(shape(spec)).unwrap();
    let _ = s.crank_work(at_secs(1), &mut node, Budget::unlimited());
    s.cancel(id).unwrap();
    let end = finish(&mut s, &mut node);
    assert_eq!(s.state(id), Some(WorkState::Cancelled));
    assert_eq!(node.0.running(), 0);
    (end.as_nanos() / 1_000_000_000, s.metrics().forced_aborts)
}

#[test]
fn an_abort_is_polite_then_firm() {
    let plain = |spec| spec;
    assert_eq!(abort(Script::success(), plain), (1, 0));
    let cleans_up = Script::success().cleans_up_for(secs(2));
    assert_eq!(abort(cleans_up, plain), (3, 0));
    let slow = Script::success().cleans_up_for(secs(50));
    assert_eq!(abort(slow, plain), (4, 0), "killed after its grace");
    assert_eq!(abort(Script::success().ignores_term(), plain), (4, 0));
    // The work's grace is over before the process's.
    let short = |spec: Spec<_, _>| spec.abort_grace(secs(2));
    assert_eq!(abort(Script::success().ignores_term(), short), (3, 1));
}

#[test]
fn a_process_that_takes_too_long_is_ended_and_its_work_tried_again() {
    let mut tries = 0;
    let node = ScriptedProcesses::new(move |_| {
        tries += 1;
        let slow = if tries == 1 { 100 } else { 1 };
        Ok(Script::success().after(secs(slow)).stdout("ok"))
    });
    let (mut s, mut node) = (WorkScheduler::new(config()), ScriptedNode(node));
    let work = ProcessWork::new("curl").stdout(Output::Capture(10));
    let spec = Spec::new("command", work).attempt_timeout(secs(10));
    let id = s.add(spec.retry(crankwork::Retry::ONCE)).unwrap();
    finish(&mut s, &mut node);
    assert_eq!(s.take(id).unwrap().stdout.text(), "ok");
    assert_eq!(node.0.most(), 1);
}

#[test]
fn ends_and_outputs_are_those_of_the_script() {
    let script = Script::ends(Exit::Code(2))
        .after(secs(1))
        .stdout("part")
        .stderr("disk full\n");
    let (mut s, mut node) = all(script);
    let failed = s
        .add(Spec::new("failed", ProcessWork::new("tar").arg("-x y")))
        .unwrap();
    let work = ProcessWork::new("tar")
        .stdout(Output::Capture(2))
        .any_exit();
    let any = s.add(Spec::new("any", work)).unwrap();
    finish(&mut s, &mut node);
    let Some(WorkOutcome::Failed(failure)) = s.outcome(failed) else {
        panic!("{:?}", s.outcome(failed));
    };
    assert_eq!(
        failure.to_string(),
        "`tar \"-x y\"` ended with exit code 2: disk full"
    );
    let output = s.take(any).unwrap();
    assert_eq!(output.exit, Exit::Code(2));
    assert_eq!((&*output.stdout.text(), output.stdout.dropped), ("pa", 2));
}

#[test]
fn each_attempt_asks_once_for_its_command() {
    let asked = Rc::new(Cell::new(0));
    let count = Rc::clone(&asked);
    let source = move |cx: &mut WorkContext<'_, ScriptedNode>| {
        count.set(count.get() + 1);
        match cx.attempt() {
            1 => Err(Failure::msg("no mirror is known")),
            attempt => Ok(CommandLine::new(format!("mirror-{attempt}"))),
        }
    };
    let processes = ScriptedProcesses::new(|command| match command.program.to_str() {
        Some("mirror-3") => Ok(Script::success().after(ms(5)).stdout("found")),
        _ => Ok(Script::ends(Exit::Code(1)).after(ms(5))),
    });
    let mut s = WorkScheduler::<ScriptedNode>::new(config().events(100));
    let work = Spec::new("fetch", ProcessWork::of(source));
    let id = s.add(work.retry(Retry::times(2))).unwrap();
    s.run_until_done(&mut ScriptedNode(processes), &mut VirtualDriver::new())
        .unwrap();
    assert!(s.take(id).unwrap().exit.is_success());
    assert_eq!(asked.get(), 3);
    let events = std::iter::from_fn(|| s.poll_event());
    let failures: Vec<String> = events
        .filter_map(|event| match event.cause {
            Some(EventCause::Failure(failure)) => Some(failure.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(
        failures,
        ["no mirror is known", "`mirror-2` ended with exit code 1"]
    );
}
