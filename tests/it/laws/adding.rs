//! L15: adding works and edges while others run.

use crate::units::{at_ms, ms};
use crate::workbench::Step::{Done, Expect, Fail, Nap, Yield};
use crate::workbench::*;
use crankwork::WorkState::{
    self, Aborting, Blocked, Failed, Joining, Queued, Retrying, Running, Success, Waiting,
};
use crankwork::{AddError, DependencyError, Handle, Next, Retry, Spec, WorkContext};
use std::task::Poll;

#[test]
fn l15_works_and_edges_may_be_added_from_any_turn() {
    let mut bench = Bench::with_permits(9);
    bench.script(
        "a",
        [then(|cx| {
            let root = cx.spawn_root(script("root", [])).unwrap().id();
            let child = cx.spawn(script("child", [])).unwrap().id();
            cx.spawn_fn("closure", |cx: &mut Cx<'_>| {
                cx.app.push("closure");
                Poll::Ready(Ok(()))
            })
            .unwrap();
            cx.add_dependency(child, root).unwrap();
            Done
        })],
    );
    bench.runs("a child closure root");
}

#[test]
fn l15_add_dependency_sends_a_work_back_to_pending_and_its_permit_to_the_next() {
    let mut bench = Bench::with_permits(1);
    let a = bench.script("a", []);
    let next = bench.script("next", [Nap(5)]);
    let queued = bench.script("queued", []);
    assert_eq!(bench.states([a, next, queued]), [Running, Queued, Queued]);
    let gate = bench.add_spec(script("gate", [Nap(1)]).no_permit());
    bench.s.add_dependency(gate, a).unwrap();
    bench.s.add_dependency(gate, queued).unwrap();
    assert_eq!(
        bench.states([a, next, queued]),
        [WorkState::Pending, Queued, WorkState::Pending]
    );
    assert_eq!(bench.s.next(), Next::Now, "a permit is free for `next`");
    bench.crank();
    assert_eq!(bench.state(next), Waiting);
    bench.ran();
    bench.crank_at(at_ms(1));
    bench.runs_at(at_ms(5), "gate next a queued");
    assert_eq!(
        bench.s.snapshot()[0].attempts,
        1,
        "the grant that was taken back counts not"
    );
}

#[test]
fn l15_add_dependency_on_a_failed_work_blocks() {
    let mut bench = Bench::with_permits(1);
    let bad = bench.script("bad", [Fail("x")]);
    bench.crank();
    let running = bench.script("running", []);
    let queued = bench.script("queued", []);
    let gate = bench.add_spec(script("gate", []).after(queued));
    for id in [running, queued] {
        bench.s.add_dependency(bad, id).unwrap();
    }
    assert_eq!(bench.states([running, queued, gate]), [Blocked; 3]);
    let pending = bench.script("holder", [Expect]);
    let pending = bench.add_spec(script("pending", []).after(pending));
    bench.s.add_dependency(bad, pending).unwrap();
    assert_eq!(bench.state(pending), Blocked);
    bench.ran();
    bench.runs("holder");
}

#[test]
fn l15_add_dependency_on_a_succeeded_work_changes_nothing() {
    let mut bench = Bench::with_permits(1);
    let good = bench.script("good", []);
    bench.crank();
    let a = bench.script("a", []);
    bench.s.add_dependency(good, a).unwrap();
    assert_eq!(bench.state(a), Running);
}

#[test]
fn l15_add_dependency_onto_a_started_or_settled_work_is_refused() {
    let mut bench = Bench::with_back_off(9, ms(10));
    let other = bench.script("other", [Nap(50)]);
    let waiting = bench.script("waiting", [Expect]);
    let retrying = bench.add_spec(script("retrying", [Fail("x")]).retry(Retry::ONCE));
    let joining = bench.script(
        "joining",
        [then(|cx| {
            cx.spawn(script("child", [Expect])).unwrap();
            Done
        })],
    );
    let aborting = bench.add_spec(Spec::new("aborting", acting([Expect]).aborting([Nap(9)])));
    let yields = bench.script("yields", [Yield]);
    let done = bench.script("done", []);
    let failed = bench.script("failed", [Fail("x")]);
    bench.turns(8);
    bench.s.cancel(aborting).unwrap();
    let states = [
        (waiting, Waiting),
        (retrying, Retrying),
        (joining, Joining),
        (aborting, Aborting),
        (yields, Running),
        (done, Success),
        (failed, Failed),
    ];
    for (id, state) in states {
        assert_eq!(bench.state(id), state);
        let refused = bench.s.add_dependency(other, id);
        assert_eq!(refused, Err(DependencyError::Started(id, state)));
    }
}

#[test]
fn l15_a_work_cannot_add_a_dependency_onto_itself_in_its_turn() {
    let mut bench = Bench::with_permits(9);
    bench.script("other", [Nap(5)]);
    let a = bench.script(
        "a",
        [then(|cx| {
            let (other, me) = (cx.app.id("other"), cx.id());
            let refused = cx.add_dependency(other, me);
            assert_eq!(refused, Err(DependencyError::Started(me, Running)));
            Done
        })],
    );
    bench.crank();
    assert_eq!(bench.state(a), Success);
}

#[test]
fn l15_duplicates_count_once() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script("a", [Nap(5)]);
    let b = bench.add_spec(script("b", []).after(a).after(a).after_settled(a));
    bench.s.add_dependency(a, b).unwrap();
    bench.s.add_dependency(a, b).unwrap();
    assert_eq!(bench.s.snapshot()[1].deps, [a]);
    assert_eq!(bench.s.snapshot()[0].dependents, [b]);
    bench.crank();
    bench.crank_at(at_ms(5));
    assert_eq!(bench.state(b), Success);
}

/// Tries to spawn in every hook and in `on_abort`, and writes down what comes of it.
struct Nosy(bool);

impl Nosy {
    fn nose(&self, cx: &mut Cx<'_>, hook: &str) {
        let spawned: Result<Handle<()>, _> = cx.spawn(script("never", []));
        assert_eq!(spawned.unwrap_err(), AddError::NotInATurn, "in {hook}");
        cx.app.push(hook);
    }
}

impl crankwork::Work<Log> for Nosy {
    fn poll(&mut self, cx: &mut WorkContext<'_, Log>) -> Poll<Result<(), crankwork::Failure>> {
        if self.0 && cx.attempt() < 3 {
            return Poll::Ready(Err(crankwork::Failure::msg("x")));
        }
        Poll::Ready(Ok(()))
    }
    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        self.nose(cx, "abort");
        Poll::Ready(())
    }
    fn on_reset(&mut self, cx: &mut Cx<'_>) {
        self.nose(cx, "reset");
    }
    fn on_success(&mut self, cx: &mut Cx<'_>) {
        self.nose(cx, "success");
    }
    fn on_failure_retry(&mut self, cx: &mut Cx<'_>) {
        self.nose(cx, "retry");
    }
    fn on_failure_raise(&mut self, cx: &mut Cx<'_>) {
        self.nose(cx, "raise");
    }
}

#[test]
fn l15_spawn_is_refused_in_hooks_and_while_aborting() {
    let mut bench = Bench::with_back_off(9, ms(10));
    bench.add_spec(Spec::new("fails", Nosy(true)).retry(Retry::ONCE));
    bench.add_spec(Spec::new("succeeds", Nosy(false)));
    let cancelled = bench.s.add(Spec::new("cancelled", Nosy(false))).unwrap();
    bench.s.cancel(cancelled).unwrap();
    bench.run();
    let mut heard = bench.lines();
    heard.sort();
    heard.dedup();
    assert_eq!(heard, ["abort", "raise", "reset", "retry", "success"]);
}

#[test]
fn l15_a_child_of_a_parent_that_is_done_or_aborting_is_refused() {
    let mut bench = Bench::with_permits(9);
    let done = bench.script("done", []);
    let aborting = bench.add_spec(Spec::new("aborting", acting([Expect]).aborting([Nap(9)])));
    bench.script(
        "cancels itself",
        [then(|cx| {
            let me = cx.id();
            cx.cancel(me).unwrap();
            let spawned: Result<Handle<()>, _> = cx.spawn(script("child", []));
            assert_eq!(spawned.unwrap_err(), AddError::ParentDone(me, Running));
            Done
        })],
    );
    bench.crank();
    bench.s.cancel(aborting).unwrap();
    for (id, state) in [(done, Success), (aborting, Aborting)] {
        let refused = bench.s.add(script("child", []).parent(id));
        assert_eq!(refused.unwrap_err(), AddError::ParentDone(id, state));
    }
}

#[test]
fn l15_adding_after_shutdown_is_refused() {
    let mut bench = Bench::with_permits(9);
    bench.script("a", [Expect]);
    bench.script("spawns", [Nap(1), Done]);
    let abort = then(|cx| {
        let root: Result<Handle<()>, _> = cx.spawn_root(script("root", []));
        assert_eq!(root.unwrap_err(), AddError::ShutDown);
        cx.app.push("refused");
        Done
    });
    bench.add_spec(Spec::new("late", acting([Expect]).aborting([abort])));
    bench.crank();
    bench.s.shutdown();
    assert!(bench.s.is_shut_down());
    assert_eq!(
        bench.s.add(script("b", [])).unwrap_err(),
        AddError::ShutDown
    );
    bench.ran();
    bench.crank();
    assert!(bench.ran().contains("late! refused"));
    assert_eq!(bench.s.next(), Next::Idle);
    assert_eq!(
        bench.s.add(script("b", [])).unwrap_err(),
        AddError::ShutDown
    );
}

#[test]
fn l15_a_child_added_before_its_parents_attempt_is_held_until_then() {
    let mut bench = Bench::with_permits(9);
    let gate = bench.script("gate", [Nap(5)]);
    let parent = bench.add_spec(script("parent", [Nap(1)]).after(gate));
    let child = bench.add_spec(script("child", []).parent(parent));
    bench.crank();
    assert_eq!(bench.states([parent, child]), [WorkState::Pending; 2]);
    assert_eq!(
        bench.s.stall_report().works[2].waits_for,
        [crankwork::WaitsFor::ParentAttempt(parent, "parent".into())]
    );
    bench.crank_at(at_ms(5));
    // The last turn is for the child's end.
    assert_eq!(bench.ran(), "gate gate parent child parent");
    // To a parent that runs or sleeps it is admitted at once.
    let sleeper = bench.script("sleeper", [Expect, Done]);
    bench.crank_at(at_ms(6));
    let child = bench.add_spec(script("late child", []).parent(sleeper));
    assert_eq!(bench.state(child), Running);
}

#[test]
fn l15_held_children_begin_after_their_parent_whatever_they_need() {
    let mut bench = Bench::with_permits(9);
    let gate = bench.script("gate", []);
    for permit in [true, false] {
        let spec = |name| {
            let spec = script(name, []);
            if permit { spec } else { spec.no_permit() }
        };
        let parent = bench.add_spec(spec("parent").after(gate));
        let child = bench.add_spec(spec("child").parent(parent));
        bench.add_spec(spec("grandchild").parent(child));
    }
    bench.events();
    bench.crank();
    let order = "parent child grandchild parent child grandchild";
    assert_eq!(bench.entered(Running), order);
    assert_eq!(bench.ran(), format!("gate {order}"));
}
