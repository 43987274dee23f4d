//! Values whose drop panics: works, errors, outputs, closures.

use super::{Callbacks, Kind, Panics, config, holder, place, play};
use crate::units::secs;
use crate::workbench::{
    Bench, Cx, OK, ON_PURPOSE, Probe, done, fail, holding, idling, never, parenting,
};
use crankwork::{
    Decision, Handle, InlineOffload, Retain, Retry, Spec, WorkId, WorkScheduler, WorkState::*,
};
use std::task::Poll;

// ---- works ----

fn reaped(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let a = b.add("a", holding(kind.bomb(), |_| OK));
    b.run();
    b.s.reap(a).unwrap();
    None
}

fn panicked(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    Some(b.add("a", holding(kind.bomb(), |_| panic!("{ON_PURPOSE}"))))
}

fn forced(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let work = holding(kind.bomb(), |cx| {
        cx.expect_wake();
        Poll::Pending
    });
    let a = b.add("a", work.on_abort(never));
    b.crank();
    b.s.cancel(a).unwrap();
    Some(a)
}

fn child(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let make = move || holding(kind.bomb(), |_| OK);
    let parent = parenting("child", make);
    Some(b.add_spec(Spec::new("a", parent).no_permit()))
}

fn not_retained(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    b.s = WorkScheduler::new(config().retain(Retain::Failures));
    b.add("a", holding(kind.bomb(), |_| OK));
    b.run();
    b.s.audit().unwrap();
    None
}

fn refused(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let gone = b.add("gone", done());
    b.run();
    b.s.reap(gone).unwrap();
    let spec = Spec::new("a", holding(kind.bomb(), |_| OK)).after(gone);
    assert!(b.s.add(spec).is_err());
    None
}

fn in_a_graph(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let make = |i: usize| match i {
        1 => Spec::new("bad", holding(kind.bomb(), |_| OK)),
        _ => Spec::new("good", done()),
    };
    let works = b.s.add_graph(3, make, &[(0, 1), (1, 2)]).unwrap();
    let ids: Vec<WorkId> = works.iter().map(|work: Handle<()>| work.id()).collect();
    b.run();
    ids.into_iter().for_each(|id| drop(b.s.reap(id)));
    None
}

#[test]
fn l24_the_drop_of_a_work() {
    play([
        place(reaped, Panics(1)),
        place(panicked, Panics(2)).ends(Failed),
        place(forced, Panics(1)).ends(Failed),
        place(child, Panics(1)),
        place(not_retained, Panics(1)),
        place(refused, Panics(1)),
        place(in_a_graph, Panics(1)),
    ]);
}

// ---- errors ----

/// A work that fails with an error whose drop panics, then with another error. Then it succeeds.
fn failing_badly(kind: Kind) -> Probe {
    Probe::new(move |cx| match cx.attempt() {
        1 => kind.fail(),
        2 => fail("no luck"),
        _ => OK,
    })
}

fn error_that_a_retry_replaces(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let spec = Spec::new("a", failing_badly(kind)).retry(Retry::A_FEW);
    Some(b.add_spec(spec))
}

fn error_of_a_reaped_work(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let a = b.add("a", failing_badly(kind));
    b.run();
    assert_eq!(b.failure(a), "bad");
    drop(b.s.reap(a).unwrap());
    // The host has dropped the error. The next crank counts the panic.
    None
}

fn error_of_a_restarted_work(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let mut first = true;
    let work = Probe::new(move |_| match std::mem::take(&mut first) {
        true => kind.fail(),
        false => OK,
    });
    let a = b.add("a", work);
    b.run();
    b.s.restart(a).unwrap();
    Some(a)
}

fn error_in_a_cancelled_turn(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let work = move |cx: &mut Cx<'_>| {
        cx.cancel(cx.id()).unwrap();
        kind.fail()
    };
    Some(b.add("a", Probe::new(work)))
}

fn error_that_a_cancel_overrides(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let work = Probe::new(move |cx| {
        let child = idling().on_abort(|cx| cx.sleep(secs(1)));
        match cx.children().is_empty() {
            true => {
                cx.spawn(Spec::new("child", child).no_permit()).unwrap();
                cx.yield_now()
            }
            false => kind.fail(),
        }
    });
    let a = b.add("a", work);
    b.crank();
    assert_eq!(b.state(a), Aborting);
    b.s.cancel(a).unwrap();
    Some(a)
}

fn error_of_a_child(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let make = move || Probe::new(move |_| kind.fail());
    let parent = parenting("child", make);
    let a = b.add_spec(Spec::new("a", parent).no_permit());
    b.run();
    drop(b.s.reap(a).unwrap());
    None
}

#[test]
fn l24_the_drop_of_an_error() {
    play([
        place(error_that_a_retry_replaces, Panics(1)),
        place(error_of_a_reaped_work, Panics(1)),
        place(error_of_a_restarted_work, Panics(1)),
        place(error_in_a_cancelled_turn, Panics(1)).ends(Cancelled),
        place(error_that_a_cancel_overrides, Panics(1)).ends(Cancelled),
        place(error_of_a_child, Panics(1)),
    ]);
}

// ---- outputs ----

/// Runs a work with an output whose drop panics.
fn giving(b: &mut Bench, kind: Kind) -> WorkId {
    let work = move |_: &mut Cx<'_>| Poll::Ready(Ok(kind.bomb()));
    let a = b.s.add_fn("a", work).unwrap().id();
    b.run();
    a
}

fn output_of_a_reaped_work(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let a = giving(b, kind);
    b.s.reap(a).unwrap();
    None
}

fn output_of_a_restarted_work(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let mut first = true;
    let work = move |_: &mut Cx<'_>| match std::mem::take(&mut first) {
        true => Poll::Ready(Ok(Some(kind.bomb()))),
        false => Poll::Ready(Ok(None)),
    };
    let a = b.s.add_fn("a", work).unwrap().id();
    b.run();
    b.s.restart(a).unwrap();
    Some(a)
}

fn output_of_a_work_that_its_child_fails(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let parent = move |cx: &mut Cx<'_>| {
        let child = Probe::new(|cx| match cx.sleep(secs(1)) {
            Poll::Ready(()) => fail("no luck"),
            Poll::Pending => Poll::Pending,
        });
        cx.spawn(Spec::new("child", child).no_permit()).unwrap();
        Poll::Ready(Ok(kind.bomb()))
    };
    Some(b.s.add_fn("a", parent).unwrap().id())
}

#[test]
fn l24_the_drop_of_an_output() {
    play([
        place(output_of_a_reaped_work, Panics(1)),
        place(output_of_a_restarted_work, Panics(1)),
        place(output_of_a_work_that_its_child_fails, Panics(1)).ends(Failed),
    ]);
}

// ---- closures ----

fn callback_that_was_called(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let bomb = kind.bomb();
    let spec = Spec::new("a", done()).on_settled(move |_, _, _| drop(bomb));
    Some(b.add_spec(spec))
}

fn callback_that_was_refused(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let gone = b.add("gone", done());
    b.run();
    b.s.reap(gone).unwrap();
    let bomb = kind.bomb();
    let spec = Spec::new("a", done()).after(gone);
    let spec = spec.on_settled(move |_, _, _| std::mem::forget(bomb));
    assert!(b.s.add(spec).is_err());
    None
}

fn posted_closure_that_was_called(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let bomb = kind.bomb();
    b.s.remote().post(move |_, _| drop(bomb)).unwrap();
    None
}

fn decider_that_is_replaced(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let holds = holder(kind);
    let decider = move |_: &Decision<'_>| {
        holds();
        0
    };
    b.s.set_decider(Some(Box::new(decider)));
    b.s.set_decider(None);
    None
}

fn notifier_that_is_replaced(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    b.s.set_notifier(holder(kind));
    b.s.set_notifier(|| ());
    None
}

fn offload_that_is_replaced(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let holds = holder(kind);
    b.s.set_offload(InlineOffload::with_latency(move |_| {
        holds();
        secs(1)
    }));
    b.s.set_offload(InlineOffload::new());
    None
}

fn maker_of_the_works_of_a_graph(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    let holds = holder(kind);
    let make = move |_: usize| {
        holds();
        Spec::new("made", done())
    };
    assert_eq!(b.s.add_graph(2, make, &[]).unwrap().len(), 2);
    None
}

#[test]
fn l24_the_drop_of_a_closure() {
    play([
        place(callback_that_was_called, Callbacks(1)),
        place(callback_that_was_refused, Panics(1)),
        place(posted_closure_that_was_called, Callbacks(1)),
        place(decider_that_is_replaced, Panics(1)),
        place(notifier_that_is_replaced, Panics(1)),
        place(offload_that_is_replaced, Panics(1)),
        place(maker_of_the_works_of_a_graph, Panics(1)),
    ]);
}
