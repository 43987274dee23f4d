//! A spec or closure that a limit refuses comes back whole.

use crate::units::{at_ms, ms};
use crate::workbench::Step::Nap;
use crate::workbench::*;
use crankwork::{
    AddError, DependencyError, FailureKind, Handle, Limits, PostError, Retry, UnknownWork,
    WorkState,
};

#[test]
fn the_limit_of_works_is_refused_and_the_spec_comes_back() {
    let limits = Limits::default().works(2);
    let mut bench = Bench::new(config(9).limits(limits));
    bench.script("a", []);
    let b = bench.script("b", []);
    let refused = bench
        .s
        .try_add(script("c", []).after(b).priority(3))
        .unwrap_err();
    assert_eq!(refused.error, AddError::TooManyWorks(2));
    assert_eq!(refused.to_string(), refused.error.to_string());
    bench.crank();
    bench.s.reap_settled();
    // The spec can be added later, but its dependency is gone by then.
    let again = bench.s.try_add(refused.spec).unwrap_err();
    assert_eq!(again.error, AddError::Dependency(UnknownWork::Reclaimed(b)));
    let c: Handle<()> = bench.s.try_add(script("c", [])).unwrap();
    bench.ran();
    bench.crank();
    assert_eq!(
        (bench.ran().as_str(), bench.s.state(c)),
        ("c", Some(WorkState::Success))
    );
}

#[test]
fn a_spec_that_comes_back_can_be_added_once_there_is_room() {
    let limits = Limits::default().works(1);
    let mut bench = Bench::new(config(9).retry_delay(ms(10)).limits(limits));
    let a = bench.script("a", []);
    let spec = script("b", [Nap(5)]).retry(Retry::ONCE).deadline(at_ms(3));
    let spec = bench.s.try_add(spec).unwrap_err().spec;
    bench.crank();
    bench.s.reap(a).unwrap();
    let b = bench.add_spec(spec);
    assert_eq!(bench.s.snapshot()[0].retries_left, 1);
    bench.crank();
    bench.crank_at(at_ms(3));
    assert_eq!(*bench.failed(b).kind(), FailureKind::Deadline(at_ms(3)));
}

#[test]
fn the_limit_of_edges_is_refused() {
    let limits = Limits::default().edges(2);
    let mut bench = Bench::new(config(1).limits(limits));
    let a = bench.script("a", []);
    let b = bench.add_spec(script("b", []).after(a));
    let c = bench.add_spec(script("c", []).after(b));
    assert_eq!(
        bench.s.add_dependency(a, c),
        Err(DependencyError::TooManyEdges(2))
    );
    let refused = bench.s.try_add(script("d", []).after(a)).unwrap_err();
    assert_eq!(refused.error, AddError::TooManyEdges(2));
    bench.crank();
    bench.s.reap_settled();
    bench.script("e", []);
}

#[test]
fn the_limit_of_the_inbox_gives_the_closure_back() {
    let limits = Limits::default().inbox(1);
    let mut bench = Bench::new(config(1).limits(limits));
    let remote = bench.s.remote();
    remote.post(|log, _| log.push("first")).unwrap();
    let text = String::from("kept");
    let Err(PostError::Full(closure)) = remote.post(move |log, _| log.push(text)) else {
        panic!("there is room for one");
    };
    bench.crank();
    remote.post(closure).unwrap();
    bench.runs("first kept");
    drop(bench);
    assert!(matches!(remote.post(|_, _| ()), Err(PostError::Closed(_))));
}

#[test]
fn adding_after_shutdown_gives_the_spec_back() {
    let mut bench = Bench::with_permits(1);
    bench.s.shutdown();
    let refused = bench.s.try_add(script("a", [])).unwrap_err();
    assert_eq!(refused.error, AddError::ShutDown);
    let mut other = Bench::with_permits(1);
    let a = other.add_spec(refused.spec);
    other.crank();
    assert_eq!(other.state(a), WorkState::Success);
}
