//! L16: an attempt holds its permit from its grant to its end.

use super::Step::{Done, Expect, Fail, Nap, Yield};
use super::{Lab, Script, Step, config, lab_with, script, then};
use crankwork::WorkState::{Aborting, Queued, Running, Success, Waiting};
use crankwork::{Retry, Spec, WorkId};

/// A lab with one permit and a work that waits for it behind the one under test.
fn with_rival(spec: Spec<super::Log, Script>) -> (Lab, WorkId, WorkId) {
    let mut lab = lab_with(config(1).pool("disk", 1));
    let holder = lab.add(spec.pool("disk", 1));
    let rival = lab.add(script("rival", []).pool("disk", 1).no_permit());
    lab.work("other", []);
    (lab, holder, rival)
}

fn has_permit(lab: &Lab, rival: WorkId) -> bool {
    let other = lab.s.state(lab.log.id("other")) == Some(Queued);
    assert_eq!(lab.state(rival) == Queued, other, "all its pools or none");
    other
}

#[test]
fn l16_from_its_grant_even_before_its_first_turn() {
    let (mut lab, a, rival) = with_rival(script("a", [Yield]));
    assert_eq!(lab.state(a), Running);
    assert!(has_permit(&lab, rival));
    lab.turns(0, 1);
    assert!(has_permit(&lab, rival), "between turns");
    lab.crank(0);
    assert!(!has_permit(&lab, rival));
}

#[test]
fn l16_asleep() {
    for asleep in [Nap(5), Expect] {
        let (mut lab, a, rival) = with_rival(script("a", [asleep]));
        lab.crank(0);
        assert_eq!(lab.state(a), Waiting);
        assert!(has_permit(&lab, rival));
        lab.s.wake(a).unwrap();
        assert!(has_permit(&lab, rival), "woken");
        lab.crank(0);
        assert_eq!(lab.states(&[a, rival]), [Success, Success]);
    }
}

#[test]
fn l16_aborting() {
    let stubborn = Script::new([Expect]).on_abort([Nap(5), Yield]);
    let (mut lab, a, rival) = with_rival(Spec::new("a", stubborn));
    lab.crank(0);
    lab.s.cancel(a).unwrap();
    for time in [0, 4] {
        lab.crank(time);
        assert_eq!(lab.state(a), Aborting);
        assert!(has_permit(&lab, rival));
    }
    lab.turns(5, 1); // the turn that yields
    assert!(has_permit(&lab, rival));
    lab.turns(5, 1);
    assert!(!has_permit(&lab, rival), "the real end");
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
        let (mut lab, _, rival) = with_rival(script("a", [Yield, end]).retry(Retry::NEVER));
        lab.turns(0, 1);
        assert!(has_permit(&lab, rival), "{name}");
        lab.turns(0, 1);
        assert!(!has_permit(&lab, rival), "{name}");
    }
}

#[test]
fn l16_also_while_it_watches_or_keeps_a_waker() {
    let (mut lab, a, rival) = with_rival(script(
        "a",
        [then(|cx| {
            let (waker, other) = (cx.remote_waker(), cx.app.id("other"));
            cx.app.wakers.push(waker);
            cx.watch(other).unwrap();
            Step::Pending
        })],
    ));
    lab.crank(0);
    assert_eq!(lab.state(a), Waiting);
    assert!(has_permit(&lab, rival));
}

#[test]
fn l16_never_more_permits_are_out_than_there_are() {
    let mut lab = lab_with(config(3).pool("disk", 2));
    super::order::mixture(&mut lab);
    for turn in 0.. {
        assert!(turn < 10_000);
        // Every crank audits the ledger in debug builds; here the states are counted from outside.
        let next = lab.turns(lab.s.now().as_nanos() / 1_000_000, 1).next;
        let metrics = lab.s.metrics();
        let holding = metrics.in_state(Running) + metrics.in_state(Waiting);
        assert!(holding <= 3, "{metrics:?}");
        match next {
            crankwork::Next::Now => {}
            crankwork::Next::At(time) => drop(lab.crank_at(time)),
            _ => break,
        }
    }
    assert_eq!(lab.s.metrics().unsettled(), 0);
}
