//! L15: adding works and edges while others run.

use super::Step::{Done, Expect, Fail, Nap, Yield};
use super::{Script, lab, script, then};
use crankwork::WorkState::{
    self, Aborting, Blocked, Failed, Joining, Queued, Retrying, Running, Success, Waiting,
};
use crankwork::{AddError, DependencyError, Handle, Next, Retry, Spec, WorkContext};
use std::task::Poll;

#[test]
fn l15_works_and_edges_may_be_added_from_any_turn() {
    let mut lab = lab(9);
    lab.work(
        "a",
        [then(|cx| {
            let root = cx.spawn_root(script("root", [])).unwrap().id();
            let child = cx.spawn(script("child", [])).unwrap().id();
            cx.spawn_fn("closure", |cx: &mut super::Cx<'_>| {
                cx.app.say("closure");
                Poll::Ready(Ok(()))
            })
            .unwrap();
            cx.add_dependency(child, root).unwrap();
            Done
        })],
    );
    lab.runs(0, "a child closure root");
}

#[test]
fn l15_add_dependency_sends_a_work_back_to_pending_and_its_permit_to_the_next() {
    let mut lab = lab(1);
    let a = lab.work("a", []);
    let next = lab.work("next", [Nap(5)]);
    let queued = lab.work("queued", []);
    assert_eq!(lab.states(&[a, next, queued]), [Running, Queued, Queued]);
    let gate = lab.add(script("gate", [Nap(1)]).no_permit());
    lab.s.add_dependency(gate, a).unwrap();
    lab.s.add_dependency(gate, queued).unwrap();
    assert_eq!(
        lab.states(&[a, next, queued]),
        [WorkState::Pending, Queued, WorkState::Pending]
    );
    assert_eq!(lab.s.next(), Next::Now, "a permit is free for `next`");
    lab.crank(0);
    assert_eq!(lab.state(next), Waiting);
    lab.ran();
    lab.crank(1);
    lab.runs(5, "gate next a queued");
    assert_eq!(
        lab.s.snapshot()[0].attempts,
        1,
        "the grant that was taken back counts not"
    );
}

#[test]
fn l15_add_dependency_on_a_failed_work_blocks() {
    let mut lab = lab(1);
    let bad = lab.work("bad", [Fail("x")]);
    lab.crank(0);
    let running = lab.work("running", []);
    let queued = lab.work("queued", []);
    let gate = lab.add(script("gate", []).after(queued));
    for id in [running, queued] {
        lab.s.add_dependency(bad, id).unwrap();
    }
    assert_eq!(lab.states(&[running, queued, gate]), [Blocked; 3]);
    let pending = lab.work("holder", [Expect]);
    let pending = lab.add(script("pending", []).after(pending));
    lab.s.add_dependency(bad, pending).unwrap();
    assert_eq!(lab.state(pending), Blocked);
    lab.ran();
    lab.runs(0, "holder");
}

#[test]
fn l15_add_dependency_on_a_succeeded_work_changes_nothing() {
    let mut lab = lab(1);
    let good = lab.work("good", []);
    lab.crank(0);
    let a = lab.work("a", []);
    lab.s.add_dependency(good, a).unwrap();
    assert_eq!(lab.state(a), Running);
}

#[test]
fn l15_add_dependency_onto_a_started_or_settled_work_is_refused() {
    let mut lab = lab(9);
    let other = lab.work("other", [Nap(50)]);
    let waiting = lab.work("waiting", [Expect]);
    let retrying = lab.add(script("retrying", [Fail("x")]).retry(Retry::ONCE));
    let joining = lab.work(
        "joining",
        [then(|cx| {
            cx.spawn(script("child", [Expect])).unwrap();
            Done
        })],
    );
    let aborting = lab.add(Spec::new(
        "aborting",
        Script::new([Expect]).on_abort([Nap(9)]),
    ));
    let yields = lab.work("yields", [Yield]);
    let done = lab.work("done", []);
    let failed = lab.work("failed", [Fail("x")]);
    lab.turns(0, 8);
    lab.s.cancel(aborting).unwrap();
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
        assert_eq!(lab.state(id), state);
        let refused = lab.s.add_dependency(other, id);
        assert_eq!(refused, Err(DependencyError::Started(id, state)));
    }
}

#[test]
fn l15_a_work_cannot_add_a_dependency_onto_itself_in_its_turn() {
    let mut lab = lab(9);
    lab.work("other", [Nap(5)]);
    let a = lab.work(
        "a",
        [then(|cx| {
            let (other, me) = (cx.app.id("other"), cx.id());
            let refused = cx.add_dependency(other, me);
            assert_eq!(refused, Err(DependencyError::Started(me, Running)));
            Done
        })],
    );
    lab.crank(0);
    assert_eq!(lab.state(a), Success);
}

#[test]
fn l15_duplicates_count_once() {
    let mut lab = lab(9);
    let a = lab.work("a", [Nap(5)]);
    let b = lab.add(script("b", []).after(a).after(a).after_settled(a));
    lab.s.add_dependency(a, b).unwrap();
    lab.s.add_dependency(a, b).unwrap();
    assert_eq!(lab.s.snapshot()[1].deps, [a]);
    assert_eq!(lab.s.snapshot()[0].dependents, [b]);
    lab.crank(0);
    lab.crank(5);
    assert_eq!(lab.state(b), Success);
}

/// Tries to spawn in every hook and in `on_abort`, and writes down what comes of it.
struct Nosy(bool);

impl Nosy {
    fn nose(&self, cx: &mut super::Cx<'_>, hook: &str) {
        let spawned: Result<Handle<()>, _> = cx.spawn(script("never", []));
        assert_eq!(spawned.unwrap_err(), AddError::NotInATurn, "in {hook}");
        cx.app.say(hook);
    }
}

impl crankwork::Work<super::Log> for Nosy {
    fn poll(
        &mut self,
        cx: &mut WorkContext<'_, super::Log>,
    ) -> Poll<Result<(), crankwork::Failure>> {
        if self.0 && cx.attempt() < 3 {
            return Poll::Ready(Err(crankwork::Failure::msg("x")));
        }
        Poll::Ready(Ok(()))
    }
    fn on_abort(&mut self, cx: &mut super::Cx<'_>) -> Poll<()> {
        self.nose(cx, "abort");
        Poll::Ready(())
    }
    fn on_reset(&mut self, cx: &mut super::Cx<'_>) {
        self.nose(cx, "reset");
    }
    fn on_success(&mut self, cx: &mut super::Cx<'_>) {
        self.nose(cx, "success");
    }
    fn on_failure_retry(&mut self, cx: &mut super::Cx<'_>) {
        self.nose(cx, "retry");
    }
    fn on_failure_raise(&mut self, cx: &mut super::Cx<'_>) {
        self.nose(cx, "raise");
    }
}

#[test]
fn l15_spawn_is_refused_in_hooks_and_while_aborting() {
    let mut lab = lab(9);
    lab.s
        .add(Spec::new("fails", Nosy(true)).retry(Retry::ONCE))
        .unwrap();
    lab.s.add(Spec::new("succeeds", Nosy(false))).unwrap();
    let cancelled = lab.s.add(Spec::new("cancelled", Nosy(false))).unwrap();
    lab.s.cancel(cancelled).unwrap();
    lab.run();
    let mut heard = std::mem::take(&mut lab.log.lines);
    heard.sort();
    heard.dedup();
    assert_eq!(heard, ["abort", "raise", "reset", "retry", "success"]);
}

#[test]
fn l15_a_child_of_a_parent_that_is_done_or_aborting_is_refused() {
    let mut lab = lab(9);
    let done = lab.work("done", []);
    let aborting = lab.add(Spec::new(
        "aborting",
        Script::new([Expect]).on_abort([Nap(9)]),
    ));
    lab.work(
        "cancels itself",
        [then(|cx| {
            let me = cx.id();
            cx.cancel(me).unwrap();
            let spawned: Result<Handle<()>, _> = cx.spawn(script("child", []));
            assert_eq!(spawned.unwrap_err(), AddError::ParentDone(me, Running));
            Done
        })],
    );
    lab.crank(0);
    lab.s.cancel(aborting).unwrap();
    for (id, state) in [(done, Success), (aborting, Aborting)] {
        let refused = lab.s.add(script("child", []).parent(id));
        assert_eq!(refused.unwrap_err(), AddError::ParentDone(id, state));
    }
}

#[test]
fn l15_adding_after_shutdown_is_refused() {
    let mut lab = lab(9);
    lab.work("a", [Expect]);
    lab.work("spawns", [Nap(1), Done]);
    let abort = then(|cx| {
        let root: Result<Handle<()>, _> = cx.spawn_root(script("root", []));
        assert_eq!(root.unwrap_err(), AddError::ShutDown);
        cx.app.say("refused");
        Done
    });
    lab.add(Spec::new("late", Script::new([Expect]).on_abort([abort])));
    lab.crank(0);
    lab.s.shutdown();
    assert!(lab.s.is_shut_down());
    assert_eq!(lab.s.add(script("b", [])).unwrap_err(), AddError::ShutDown);
    lab.ran();
    lab.crank(0);
    assert!(lab.ran().contains("late! refused"));
    assert_eq!(lab.s.next(), Next::Idle);
    assert_eq!(lab.s.add(script("b", [])).unwrap_err(), AddError::ShutDown);
}

#[test]
fn l15_a_child_added_before_its_parents_attempt_is_held_until_then() {
    let mut lab = lab(9);
    let gate = lab.work("gate", [Nap(5)]);
    let parent = lab.add(script("parent", [Nap(1)]).after(gate));
    let child = lab.add(script("child", []).parent(parent));
    lab.crank(0);
    assert_eq!(lab.states(&[parent, child]), [WorkState::Pending; 2]);
    assert_eq!(
        lab.s.stall_report().works[2].waits_for,
        [crankwork::WaitsFor::ParentAttempt(parent, "parent".into())]
    );
    lab.crank(5);
    // The last turn is for the child's end.
    assert_eq!(lab.ran(), "gate gate parent child parent");
    // To a parent that runs or sleeps it is admitted at once.
    let sleeper = lab.work("sleeper", [Expect, Done]);
    lab.crank(6);
    let child = lab.add(script("late child", []).parent(sleeper));
    assert_eq!(lab.state(child), Running);
}

#[test]
fn l15_held_children_begin_after_their_parent_whatever_they_need() {
    let mut lab = lab(9);
    let gate = lab.work("gate", []);
    for permit in [true, false] {
        let spec = |name| {
            let spec = script(name, []);
            if permit { spec } else { spec.no_permit() }
        };
        let parent = lab.add(spec("parent").after(gate));
        let child = lab.add(spec("child").parent(parent));
        lab.add(spec("grandchild").parent(child));
    }
    lab.events();
    lab.crank(0);
    let order = "parent child grandchild parent child grandchild";
    assert_eq!(lab.entered(Running), order);
    assert_eq!(lab.ran(), format!("gate {order}"));
}
