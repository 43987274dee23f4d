//! `WorkSequence`.

use super::{says, started};
use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::compose::{MemberRefused, MembersFailed, WorkSequence};
use crankwork::{FailureKind, OnChildFailure, Retry, Spec, WorkState};
use std::task::Poll;

/// Members with these names; one whose name begins with `bad` fails.
fn sequence(names: &'static [&'static str]) -> WorkSequence<Log> {
    names.iter().fold(WorkSequence::new(), |all, &name| {
        all.then(move || match name.starts_with("bad") {
            true => Spec::new(name, failing()),
            false => Spec::new(name, napping(secs(1))),
        })
    })
}

#[test]
fn members_run_one_after_another() {
    let mut b = Bench::with_permits(4);
    let all = b.add_spec(Spec::new("all", sequence(&["a", "b", "c"])));
    assert_eq!(b.run().finished, at_secs(3));
    assert_eq!(b.state(all), WorkState::Success);
    assert_eq!(started(&mut b), ["a", "b", "c"]);
}

#[test]
fn one_permit_is_enough() {
    let mut b = Bench::with_permits(1);
    let all = b.add_spec(Spec::new("all", sequence(&["a", "b"])));
    b.run();
    assert_eq!(b.state(all), WorkState::Success);
}

#[test]
fn an_empty_one_succeeds_at_once() {
    let mut b = Bench::with_permits(1);
    let empty = WorkSequence::new();
    assert!(empty.is_empty());
    let all = b.add_spec(Spec::new("all", empty));
    assert_eq!(b.run().turns, 1);
    assert_eq!(b.state(all), WorkState::Success);
}

#[test]
fn the_first_failure_stops_it_whatever_its_spec_says() {
    for rule in [OnChildFailure::FailFast, OnChildFailure::Collect] {
        let mut b = Bench::with_permits(4);
        let members = sequence(&["a", "bad", "c"]);
        let all = b.add_spec(Spec::new("all", members).on_child_failure(rule));
        b.run();
        assert_eq!(started(&mut b), ["a", "bad"]);
        let failure = b.failed(all);
        assert!(matches!(failure.kind(), FailureKind::Child { name, .. } if *name == "bad"));
        assert_eq!(failure.root().to_string(), "no luck");
    }
}

#[test]
fn told_to_go_on_it_runs_all_and_tells_the_first_failure() {
    let mut b = Bench::with_permits(4);
    let members = sequence(&["a", "bad 1", "b", "bad 2", "c"]).stop_at_first_failure(false);
    let all = b.add_spec(Spec::new("all", members));
    b.run();
    assert_eq!(started(&mut b), ["a", "bad 1", "b", "bad 2", "c"]);
    let outcome = b.outcome(all);
    let failure = outcome.failure().unwrap();
    let told: &MembersFailed = failure.downcast_ref().unwrap();
    assert_eq!((told.failed, told.members), (2, 5));
    assert_eq!(told.first, *"bad 1");
    assert_eq!(failure.cause().unwrap().to_string(), "no luck");
    assert_eq!(
        failure.to_string(),
        "2 of 5 members failed, `bad 1` first: no luck"
    );
}

#[test]
fn told_to_go_on_it_succeeds_if_all_do_and_goes_on_past_a_cancelled_member() {
    for cancelled in [false, true] {
        let mut b = Bench::with_permits(4);
        let members = sequence(&["a", "b"]).stop_at_first_failure(false);
        let all = b.add_spec(Spec::new("all", members));
        b.crank();
        if cancelled {
            b.s.cancel(b.find("a")).unwrap();
        }
        b.run();
        assert_eq!(started(&mut b), ["a", "b"]);
        match cancelled {
            false => assert_eq!(b.state(all), WorkState::Success),
            true => assert_eq!(
                b.failure(all),
                "1 of 2 members failed, `a` first: cancelled"
            ),
        }
    }
}

#[test]
fn a_member_that_somebody_cancels_fails_it() {
    let mut b = Bench::with_permits(4);
    let all = b.add_spec(Spec::new("all", sequence(&["a", "b"])));
    b.crank();
    b.s.cancel(b.find("a")).unwrap();
    b.run();
    assert_eq!(b.state(all), WorkState::Failed);
    assert_eq!(started(&mut b), ["a"]);
}

#[test]
fn a_retry_runs_all_members_again_and_members_have_retries_of_their_own() {
    let mut b = Bench::with_permits(4);
    let members = WorkSequence::new()
        .then(|| Spec::new("good", done()))
        .then(|| Spec::new("bad", failing()).retry(Retry::ONCE));
    let all = b.add_spec(Spec::new("all", members).retry(Retry::times(2)));
    b.run();
    assert_eq!(b.state(all), WorkState::Failed);
    assert_eq!(
        started(&mut b),
        ["good", "bad", "good", "bad", "good", "bad"]
    );
    // Three attempts of its own, three of one member, six of the other; back-offs of 10 s after all but the last.
    assert_eq!(b.s.metrics().attempts, 3 + 3 + 6);
    assert_eq!(b.s.now(), at_secs(3 * 10 + 2 * 10));
}

#[test]
fn a_closure_is_cloned_for_each_attempt() {
    let mut b = Bench::with_permits(4);
    let mut turns = 0;
    let members = WorkSequence::new().then_fn("counts", move |cx: &mut Cx<'_>| {
        turns += 1;
        say(cx, &format!("turn {turns}"));
        match turns {
            1 => cx.yield_now(),
            _ => fail::<()>("no luck"),
        }
    });
    b.add_spec(Spec::new("all", members).retry(Retry::ONCE));
    b.run();
    let lines = b.lines();
    assert_eq!(
        lines,
        [
            "counts: turn 1",
            "counts: turn 2",
            "counts: turn 1",
            "counts: turn 2"
        ]
    );
}

#[test]
fn its_status_names_the_current_member() {
    let mut b = Bench::with_permits(4);
    b.add_spec(Spec::new("all", sequence(&["a", "b", "c"])));
    assert_eq!(says(&b, "all"), ": Running : 0/3");
    b.crank();
    assert_eq!(
        says(&b, "all"),
        ": Waiting : 0/1 children completed : 0/3 : 1 of 3: a"
    );
    b.crank_at(at_secs(1));
    assert_eq!(
        says(&b, "all"),
        ": Waiting : 1/2 children completed : 1/3 : 2 of 3: b"
    );
    b.run();
    assert_eq!(says(&b, "all"), ": Success : 3/3");
}

#[test]
fn a_member_that_is_refused_fails_the_attempt_with_the_reason() {
    let mut b = Bench::with_permits(4);
    let members = WorkSequence::new().then(|| Spec::new("a", done()).pool("nowhere", 1));
    let all = b.add_spec(Spec::new("all", members));
    b.run();
    let outcome = b.outcome(all);
    let refused: &MemberRefused = outcome.failure().unwrap().downcast_ref().unwrap();
    assert_eq!(refused.name, "a");
    assert!(refused.to_string().contains("no pool `nowhere`"));
}

#[test]
fn a_member_that_can_never_run_fails_it() {
    let mut b = Bench::with_permits(4);
    let bad = b.add("outside", failing());
    b.run();
    for stop in [true, false] {
        let members = WorkSequence::new()
            .then(move || Spec::new("blocked", done()).after(bad))
            .then(|| Spec::new("next", done()));
        let members = members.stop_at_first_failure(stop);
        let all = b.add_spec(Spec::new("all", members));
        b.lines();
        b.run();
        assert_eq!(b.state(all), WorkState::Failed);
        assert_eq!(started(&mut b).len(), !stop as usize);
    }
}

#[test]
fn outputs_of_members_are_their_own_business() {
    let mut b = Bench::with_permits(4);
    let members = WorkSequence::new().then_fn("seven", |_: &mut Cx<'_>| Poll::Ready(Ok(7)));
    let all = b.s.add(Spec::new("all", members)).unwrap();
    b.run();
    assert_eq!(b.s.take(all), Some(()));
}
