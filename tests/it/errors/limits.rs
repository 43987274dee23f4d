//! A spec or closure that a limit refuses comes back whole.

use crate::laws::Step::Nap;
use crate::laws::{config, lab, lab_with, script};
use crate::units::at_ms;
use crankwork::{
    AddError, DependencyError, FailureKind, Handle, Limits, PostError, Retry, UnknownWork,
    WorkState,
};

#[test]
fn the_limit_of_works_is_refused_and_the_spec_comes_back() {
    let limits = Limits::default().works(2);
    let mut lab = lab_with(config(9).limits(limits));
    lab.work("a", []);
    let b = lab.work("b", []);
    let refused = lab
        .s
        .try_add(script("c", []).after(b).priority(3))
        .unwrap_err();
    assert_eq!(refused.error, AddError::TooManyWorks(2));
    assert_eq!(refused.to_string(), refused.error.to_string());
    lab.crank(0);
    lab.s.reap_settled();
    // The spec can be added later, but its dependency is gone by then.
    let again = lab.s.try_add(refused.spec).unwrap_err();
    assert_eq!(again.error, AddError::Dependency(UnknownWork::Reclaimed(b)));
    let c: Handle<()> = lab.s.try_add(script("c", [])).unwrap();
    lab.ran();
    lab.crank(0);
    assert_eq!(
        (lab.ran().as_str(), lab.s.state(c)),
        ("c", Some(WorkState::Success))
    );
}

#[test]
fn a_spec_that_comes_back_can_be_added_once_there_is_room() {
    let limits = Limits::default().works(1);
    let mut lab = lab_with(config(9).limits(limits));
    let a = lab.work("a", []);
    let spec = script("b", [Nap(5)]).retry(Retry::ONCE).deadline(at_ms(3));
    let spec = lab.s.try_add(spec).unwrap_err().spec;
    lab.crank(0);
    lab.s.reap(a).unwrap();
    let b = lab.add(spec);
    assert_eq!(lab.s.snapshot()[0].retries_left, 1);
    lab.crank(0);
    lab.crank(3);
    assert_eq!(*lab.failure(b).kind(), FailureKind::Deadline(at_ms(3)));
}

#[test]
fn the_limit_of_edges_is_refused() {
    let limits = Limits::default().edges(2);
    let mut lab = lab_with(config(1).limits(limits));
    let a = lab.work("a", []);
    let b = lab.add(script("b", []).after(a));
    let c = lab.add(script("c", []).after(b));
    assert_eq!(
        lab.s.add_dependency(a, c),
        Err(DependencyError::TooManyEdges(2))
    );
    let refused = lab.s.try_add(script("d", []).after(a)).unwrap_err();
    assert_eq!(refused.error, AddError::TooManyEdges(2));
    lab.crank(0);
    lab.s.reap_settled();
    lab.work("e", []);
}

#[test]
fn the_limit_of_the_inbox_gives_the_closure_back() {
    let limits = Limits::default().inbox(1);
    let mut lab = lab_with(config(1).limits(limits));
    let remote = lab.s.remote();
    remote.post(|log, _| log.say("first")).unwrap();
    let text = String::from("kept");
    let Err(PostError::Full(closure)) = remote.post(move |log, _| log.say(text)) else {
        panic!("there is room for one");
    };
    lab.crank(0);
    remote.post(closure).unwrap();
    lab.runs(0, "first kept");
    drop(lab);
    assert!(matches!(remote.post(|_, _| ()), Err(PostError::Closed(_))));
}

#[test]
fn adding_after_shutdown_gives_the_spec_back() {
    let mut lab = lab(1);
    lab.s.shutdown();
    let refused = lab.s.try_add(script("a", [])).unwrap_err();
    assert_eq!(refused.error, AddError::ShutDown);
    let mut other = crate::laws::lab(1);
    let a = other.add(refused.spec);
    other.crank(0);
    assert_eq!(other.state(a), WorkState::Success);
}
