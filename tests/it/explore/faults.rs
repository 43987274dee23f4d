//! Faults by swarm, and planned: each family happens, and a plan of what has happened repeats a run.

use super::conditions::{App, add, passes, search};
use crate::units::{at_ms, ms};
use crankwork::explore::{
    Explore, Failure, Family, Fault, Faults, Item, Policy, Sim, Step, Verdict,
};
use crankwork::process::{
    CommandLine, Exit, ProcessHost, ProcessWork, Processes, Script, ScriptedProcesses,
};
use crankwork::{Retry, Spec, WorkContext, WorkSchedulerConfig, WorkState};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

/// Searches with one family until a run fails.
fn found(family: Family, program: impl Fn(&mut Sim)) -> Box<Failure> {
    let explore = with(Faults::none().with(family));
    let failure = explore.check(program).expect_err("some run has the fault");
    let mut faults = faults(&failure).into_iter();
    let is_of_it = faults.all(|fault| fault.family() == family);
    assert!(failure.run >= 4 && is_of_it, "{failure}");
    assert!(failure.reproduced, "{failure}");
    failure
}

/// Returns the faults among the items of a failure.
fn faults(failure: &Failure) -> Vec<Fault> {
    let items = failure.items.iter().map(|it| it.item.clone());
    let faults = items.filter_map(|item| match item {
        Item::Fault(fault) => Some(fault),
        _ => None,
    });
    faults.collect()
}

fn with(faults: Faults) -> Explore {
    search().runs(2_000).policy(Policy::Fifo).faults(faults)
}

/// Runs the program with exactly these faults, and returns how it fails.
fn planned(faults: &[Fault], program: impl Fn(&mut Sim)) -> Option<Verdict> {
    let explore = search().runs(1).policy(Policy::Fifo);
    let failure = explore.check(|sim| {
        for fault in faults {
            sim.fault(fault.clone());
        }
        program(sim);
    });
    failure.err().map(|failure| failure.verdict)
}

/// Two works of three turns, one after the other, that should both succeed.
fn two_works(sim: &mut Sim, retry: Retry) {
    let node = sim.node("", App::new());
    let ids = ["a", "b"].map(|name| {
        let mut left = 3;
        let work = move |cx: &mut WorkContext<'_, App>| {
            cx.app.push(name);
            left -= 1;
            match left {
                ..=0 => Poll::Ready(Ok(())),
                _ => cx.yield_now(),
            }
        };
        let spec = Spec::new(name, work).retry(retry);
        sim.work(node).add(spec).unwrap().id()
    });
    sim.eventually("both succeed", move |world| {
        ids.iter()
            .all(|&id| world.work(node).state(id) == Some(WorkState::Success))
    });
}

#[test]
fn without_a_setting_nothing_goes_wrong() {
    passes(&search().runs(500), |sim| two_works(sim, Retry::NEVER));
}

#[test]
fn a_failed_attempt_is_reported_and_a_retry_survives_it() {
    let failure = found(Family::Fail, |sim| two_works(sim, Retry::NEVER));
    assert_eq!(failure.verdict, Verdict::Eventually("both succeed".into()));
    assert!(failure.to_string().contains(" fails at turn "), "{failure}");
    let fails = Faults::none().with(Family::Fail).at_most(Family::Fail, 1);
    passes(&with(fails), |sim| two_works(sim, Retry::ONCE));
}

#[test]
fn a_plan_of_the_faults_repeats_the_run() {
    for family in [Family::Fail, Family::Cancel] {
        let program = |sim: &mut Sim| two_works(sim, Retry::NEVER);
        let failure = found(family, program);
        assert_eq!(planned(&faults(&failure), program), Some(failure.verdict));
        assert_eq!(planned(&[], program), None);
    }
}

#[test]
fn a_pattern_names_the_works_that_faults_may_hit() {
    let fails = Faults::none().only(Family::Fail, "a");
    let failure = with(fails).check(|sim| two_works(sim, Retry::NEVER));
    let failure = failure.expect_err("a fails");
    let faults = faults(&failure);
    let names = faults.iter().map(|fault| &*fault.at().work);
    assert!(names.eq(["a"]), "{failure}");
}

#[test]
fn a_late_turn_is_had_in_the_next_round() {
    let program = |sim: &mut Sim| {
        let node = sim.node("", App::new());
        add(sim.work(node), "a", 1);
        add(sim.work(node), "b", 1);
        sim.always("a is first", move |world| {
            world.app(node).first() != Some(&"b")
        });
    };
    let failure = found(Family::Late, program);
    assert_eq!(faults(&failure), [Fault::Late(Step::new("a", 1))]);
}

#[test]
fn a_named_place_fires_in_some_runs() {
    let program = |sim: &mut Sim| {
        let node = sim.node("", App::new());
        let writes = |cx: &mut WorkContext<'_, App>| {
            for _ in 0..3 {
                if cx.fault("disk full") {
                    cx.app.push("full");
                }
            }
            Poll::Ready(Ok(()))
        };
        sim.work(node).add_fn("writer", writes).unwrap();
        sim.eventually("twice at most", move |world| world.app(node).len() < 3);
    };
    let failure = found(Family::Named, program);
    let report = failure.to_string();
    assert!(
        report.contains("writer has the fault \"disk full\" at turn 1, visit 3"),
        "{report}"
    );
    assert_eq!(failure.items.len(), 3, "{report}");
    let faults = faults(&failure);
    assert_eq!(planned(&faults, program), Some(failure.verdict));
    assert_eq!(planned(&faults[1..], program), None);
}

/// The application of a node that starts processes.
struct Host(ScriptedProcesses);

impl ProcessHost for Host {
    fn processes(&mut self) -> &mut dyn Processes {
        &mut self.0
    }
}

/// A process that should end well, after 20 ms.
fn zips(sim: &mut Sim) {
    let mut faults = sim.process_faults();
    let host = Host(ScriptedProcesses::new(move |command: &CommandLine| {
        let fate = faults.start(&command.program.to_string_lossy());
        let script = Script::success().after(ms(20)).slower(fate.longer);
        Ok(match fate.exit {
            Some(code) => script.exits(Exit::Code(code)),
            None => script,
        })
    }));
    let node = sim.node("", host);
    let zip = ProcessWork::new("gzip");
    let id = sim.work(node).add(Spec::new("zip", zip)).unwrap();
    sim.run();
    let output = sim.work(node).take(id);
    assert_eq!(
        output.map(|it| it.exit),
        Some(Exit::Code(0)),
        "it ends well"
    );
    assert_eq!(sim.now(), at_ms(20), "it takes 20 ms");
}

#[test]
fn processes_are_slow_and_exit_otherwise() {
    let expected = [
        (Family::Process, "it takes 20 ms", "start 1 of gzip takes "),
        (
            Family::Exit,
            "it ends well",
            "start 1 of gzip exits with code ",
        ),
    ];
    for (family, why, fault) in expected {
        let report = found(family, zips).to_string();
        assert!(report.contains(why) && report.contains(fault), "{report}");
    }
}

/// The events of the first runs of a search.
fn events(faults: Faults) -> Vec<String> {
    let all = Rc::new(RefCell::new(Vec::new()));
    let out = Rc::clone(&all);
    passes(&with(faults).runs(4).trusting(), move |sim| {
        let config = WorkSchedulerConfig::default().events(100);
        let node = sim.node_with("", App::new(), config);
        add(sim.work(node), "a", 3);
        add(sim.work(node), "b", 2);
        sim.run();
        while let Some(event) = sim.work(node).poll_event() {
            out.borrow_mut().push(format!("{event:?}"));
        }
    });
    all.take()
}

#[test]
fn the_first_runs_have_no_faults() {
    let plain = events(Faults::none());
    assert!(plain.len() > 4, "{plain:?}");
    assert_eq!(events(Faults::all()), plain);
}

#[test]
fn equal_searches_find_equal_faults() {
    let report = || {
        let explore = with(Faults::all()).policy(Policy::Mix);
        let failure = explore.check(|sim| two_works(sim, Retry::NEVER));
        failure.expect_err("something fails").to_string()
    };
    assert_eq!(report(), report());
}

#[test]
fn a_fault_without_its_place_is_named() {
    let replay = search().replay("v1:f=nobody@1;crash=a@1+3s;late=a@7");
    let stats = replay.check(|sim| two_works(sim, Retry::NEVER));
    assert!(stats.is_err(), "late has a letter, so that word is no item");
    let replay = search().replay("v1:f=nobody@1;crash=a@1+3s;l=a@1");
    let stats = passes(&replay, |sim| two_works(sim, Retry::NEVER));
    let stale: Vec<String> = stats.stale.iter().map(Item::to_string).collect();
    let expected = [
        "nobody fails at turn 1",
        "the node of a crashes after turn 1, for 3s",
    ];
    assert_eq!(stale, expected);
}

#[test]
fn a_list_of_answers_has_its_faults() {
    let program = |sim: &mut Sim| two_works(sim, Retry::NEVER);
    let explore = with(Faults::none().with(Family::Fail)).shrink_budget(0);
    let failure = explore.check(program).expect_err("an attempt fails");
    let text = failure.replay;
    assert!(
        text.starts_with("a1:s=0x") && text.contains(";v1:f="),
        "{text}"
    );
    let again = search().shrink_budget(0).replay(&text).check(program);
    let again = again.expect_err("the text repeats the run");
    assert_eq!((again.verdict, again.replay), (failure.verdict, text));
}
