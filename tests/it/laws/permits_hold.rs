//! L16: an attempt holds its permit from its grant to its end.

use crate::units::{at_ms, ms};
use crate::workbench::Step::{Done, Expect, Fail, Nap, Yield};
use crate::workbench::*;
use crankwork::WorkState::{Aborting, Queued, Running, Success, Waiting};
use crankwork::{Retry, Spec, WorkId};

/// A bench with one permit and a work that waits for it behind the one under test.
fn with_rival(spec: Spec<Log, Probe>) -> (Bench, WorkId, WorkId) {
    let mut bench = Bench::new(config(1).pool("disk", 1));
    let holder = bench.add_spec(spec.pool("disk", 1));
    let rival = bench.add_spec(script("rival", []).pool("disk", 1).no_permit());
    bench.script("other", []);
    (bench, holder, rival)
}

fn has_permit(bench: &Bench, rival: WorkId) -> bool {
    let other = bench.s.state(bench.log.id("other")) == Some(Queued);
    assert_eq!(bench.state(rival) == Queued, other, "all its pools or none");
    other
}

#[test]
fn l16_from_its_grant_even_before_its_first_turn() {
    let (mut bench, a, rival) = with_rival(script("a", [Yield]));
    assert_eq!(bench.state(a), Running);
    assert!(has_permit(&bench, rival));
    bench.turns(1);
    assert!(has_permit(&bench, rival), "between turns");
    bench.crank();
    assert!(!has_permit(&bench, rival));
}

#[test]
fn l16_asleep() {
    for asleep in [Nap(5), Expect] {
        let (mut bench, a, rival) = with_rival(script("a", [asleep]));
        bench.crank();
        assert_eq!(bench.state(a), Waiting);
        assert!(has_permit(&bench, rival));
        bench.s.wake(a).unwrap();
        assert!(has_permit(&bench, rival), "woken");
        bench.crank();
        assert_eq!(bench.states([a, rival]), [Success, Success]);
    }
}

#[test]
fn l16_aborting() {
    let stubborn = acting([Expect]).aborting([Nap(5), Yield]);
    let (mut bench, a, rival) = with_rival(Spec::new("a", stubborn));
    bench.crank();
    bench.s.cancel(a).unwrap();
    for time in [0, 4] {
        bench.crank_at(at_ms(time));
        assert_eq!(bench.state(a), Aborting);
        assert!(has_permit(&bench, rival));
    }
    bench.turns_at(at_ms(5), 1); // the turn that yields
    assert!(has_permit(&bench, rival));
    bench.turns_at(at_ms(5), 1);
    assert!(!has_permit(&bench, rival), "the real end");
}

/// The attempt ends in many ways; each gives the permit back at once.
#[test]
fn l16_until_its_end_however_it_ends() {
    let ends: Vec<(&str, Step)> = vec![
        ("success", Done),
        ("failure", Fail("x")),
        ("fatal", Step::Fatal("x")),
        ("cancelled", Step::Cancel),
        ("panic", Step::Panic("on purpose")),
        ("lost wake", Step::Pending),
    ];
    for (name, end) in ends {
        let (mut bench, _, rival) = with_rival(script("a", [Yield, end]).retry(Retry::NEVER));
        bench.turns(1);
        assert!(has_permit(&bench, rival), "{name}");
        bench.turns(1);
        assert!(!has_permit(&bench, rival), "{name}");
    }
}

#[test]
fn l16_also_while_it_watches_or_keeps_a_waker() {
    let (mut bench, a, rival) = with_rival(script(
        "a",
        [then(|cx| {
            let (waker, other) = (cx.remote_waker(), cx.app.id("other"));
            cx.app.wakers.push(waker);
            cx.watch(other).unwrap();
            Step::Pending
        })],
    ));
    bench.crank();
    assert_eq!(bench.state(a), Waiting);
    assert!(has_permit(&bench, rival));
}

#[test]
fn l16_never_more_permits_are_out_than_there_are() {
    let mut bench = Bench::new(config(3).retry_delay(ms(10)).pool("disk", 2));
    super::order::mixture(&mut bench);
    for turn in 0.. {
        assert!(turn < 10_000);
        // Every crank audits the ledger in debug builds; here the states are counted from outside.
        let next = bench.turns(1).next;
        let metrics = bench.s.metrics();
        let holding = metrics.in_state(Running) + metrics.in_state(Waiting);
        assert!(holding <= 3, "{metrics:?}");
        match next {
            crankwork::Next::Now => {}
            crankwork::Next::At(time) => drop(bench.crank_at(time)),
            _ => break,
        }
    }
    assert_eq!(bench.s.metrics().unsettled(), 0);
}
