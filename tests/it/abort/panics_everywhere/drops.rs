//! Values whose drop panics: works, errors, outputs, closures.

use super::{Act, Callbacks, Kind, Panics, check, config};
use crate::workbench::{Bench, Log, OK, ON_PURPOSE, Probe, Turn, done, fail, idling, never, secs};
use crankwork::{
    Decision, Handle, InlineOffload, Retain, Retry, Spec, WorkContext, WorkId, WorkScheduler,
    WorkState::*,
};
use std::task::Poll;

/// A work that holds such a value.
fn holding(kind: Kind, mut poll: impl FnMut(&mut WorkContext<'_, Log>) -> Turn + 'static) -> Probe {
    let bomb = kind.bomb();
    Probe::new(move |cx| {
        let _ = &bomb;
        poll(cx)
    })
}

/// A work that fails with such an error at first, then with another one, then succeeds.
fn failing_badly(kind: Kind) -> Probe {
    Probe::new(move |cx| match cx.attempt() {
        1 => kind.fail(),
        2 => fail("no luck"),
        _ => OK,
    })
}

#[test]
fn l24_the_drop_of_a_work() {
    let reaped: Act = |b, kind| {
        let a = b.add("a", holding(kind, |_| OK));
        b.run();
        b.s.reap(a).unwrap();
        None
    };
    let panicked: Act = |b, kind| Some(b.add("a", holding(kind, |_| panic!("{ON_PURPOSE}"))));
    let forced: Act = |b, kind| {
        let work = holding(kind, |cx| {
            cx.expect_wake();
            Poll::Pending
        });
        let a = b.add("a", work.on_abort(never));
        b.crank();
        b.s.cancel(a).unwrap();
        Some(a)
    };
    let child: Act = |b, kind| {
        let make = move || holding(kind, |_| OK);
        let parent = crate::workbench::parenting("child", make);
        Some(b.add_spec(Spec::new("a", parent).no_permit()))
    };
    let not_retained: Act = |b, kind| {
        b.s = WorkScheduler::new(config().retain(Retain::Failures));
        b.add("a", holding(kind, |_| OK));
        b.run();
        b.s.audit().unwrap();
        None
    };
    let refused: Act = |b, kind| {
        let gone = b.add("gone", done());
        b.run();
        b.s.reap(gone).unwrap();
        let spec = Spec::new("a", holding(kind, |_| OK)).after(gone);
        assert!(b.s.add(spec).is_err());
        None
    };
    let in_a_graph: Act = |b, kind| {
        let make = |i: usize| match i {
            1 => Spec::new("bad", holding(kind, |_| OK)),
            _ => Spec::new("good", done()),
        };
        let works = b.s.add_graph(3, make, &[(0, 1), (1, 2)]).unwrap();
        let ids: Vec<WorkId> = works.iter().map(|work: Handle<()>| work.id()).collect();
        b.run();
        ids.into_iter().for_each(|id| drop(b.s.reap(id)));
        None
    };
    check(&[
        ("a reaped work", reaped, Success, Panics(1)),
        ("a work that has panicked", panicked, Failed, Panics(2)),
        ("a work whose abort is forced", forced, Failed, Panics(1)),
        ("a child", child, Success, Panics(1)),
        (
            "a work that is not retained",
            not_retained,
            Success,
            Panics(1),
        ),
        ("a work that is refused", refused, Success, Panics(1)),
        ("a work of a graph", in_a_graph, Success, Panics(1)),
    ]);
}

#[test]
fn l24_the_drop_of_an_error() {
    let replaced: Act = |b, kind| {
        let spec = Spec::new("a", failing_badly(kind)).retry(Retry::A_FEW);
        Some(b.add_spec(spec))
    };
    let reaped: Act = |b, kind| {
        let a = b.add("a", failing_badly(kind));
        b.run();
        assert_eq!(b.failure(a), "bad");
        drop(b.s.reap(a).unwrap());
        // The host has dropped it; the next crank counts it.
        None
    };
    let restarted: Act = |b, kind| {
        let mut first = true;
        let a = b.add(
            "a",
            Probe::new(move |_| match std::mem::take(&mut first) {
                true => kind.fail(),
                false => OK,
            }),
        );
        b.run();
        b.s.restart(a).unwrap();
        Some(a)
    };
    let cancelled: Act = |b, kind| {
        let work = move |cx: &mut WorkContext<'_, Log>| {
            cx.cancel(cx.id()).unwrap();
            kind.fail()
        };
        Some(b.add("a", Probe::new(work)))
    };
    let overridden: Act = |b, kind| {
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
    };
    let of_a_child: Act = |b, kind| {
        let make = move || Probe::new(move |_| kind.fail());
        let parent = crate::workbench::parenting("child", make);
        let a = b.add_spec(Spec::new("a", parent).no_permit());
        b.run();
        drop(b.s.reap(a).unwrap());
        None
    };
    check(&[
        (
            "an error that a retry replaces",
            replaced,
            Success,
            Panics(1),
        ),
        ("an error of a reaped work", reaped, Success, Panics(1)),
        (
            "an error of a restarted work",
            restarted,
            Success,
            Panics(1),
        ),
        (
            "an error in a cancelled turn",
            cancelled,
            Cancelled,
            Panics(1),
        ),
        (
            "an error that a cancel overrides",
            overridden,
            Cancelled,
            Panics(1),
        ),
        ("an error of a child", of_a_child, Success, Panics(1)),
    ]);
}

/// A work with an output whose drop panics.
fn giving(b: &mut Bench, kind: Kind) -> WorkId {
    let work = move |_: &mut WorkContext<'_, Log>| Poll::Ready(Ok(kind.bomb()));
    let a = b.s.add_fn("a", work).unwrap().id();
    b.run();
    a
}

#[test]
fn l24_the_drop_of_an_output() {
    let reaped: Act = |b, kind| {
        let a = giving(b, kind);
        b.s.reap(a).unwrap();
        None
    };
    let restarted: Act = |b, kind| {
        let mut first = true;
        let work = move |_: &mut WorkContext<'_, Log>| match std::mem::take(&mut first) {
            true => Poll::Ready(Ok(Some(kind.bomb()))),
            false => Poll::Ready(Ok(None)),
        };
        let a = b.s.add_fn("a", work).unwrap().id();
        b.run();
        b.s.restart(a).unwrap();
        Some(a)
    };
    let failed: Act = |b, kind| {
        let parent = move |cx: &mut WorkContext<'_, Log>| {
            let child = Probe::new(|cx| match cx.sleep(secs(1)) {
                Poll::Ready(()) => fail("no luck"),
                Poll::Pending => Poll::Pending,
            });
            cx.spawn(Spec::new("child", child).no_permit()).unwrap();
            Poll::Ready(Ok(kind.bomb()))
        };
        Some(b.s.add_fn("a", parent).unwrap().id())
    };
    check(&[
        ("an output of a reaped work", reaped, Success, Panics(1)),
        (
            "an output of a restarted work",
            restarted,
            Success,
            Panics(1),
        ),
        (
            "an output of a work that fails by its child",
            failed,
            Failed,
            Panics(1),
        ),
    ]);
}

#[test]
fn l24_the_drop_of_a_closure() {
    let called: Act = |b, kind| {
        let bomb = kind.bomb();
        let spec = Spec::new("a", done()).on_settled(move |_, _, _| drop(bomb));
        Some(b.add_spec(spec))
    };
    let uncalled: Act = |b, kind| {
        let gone = b.add("gone", done());
        b.run();
        b.s.reap(gone).unwrap();
        let bomb = kind.bomb();
        let spec = Spec::new("a", done()).after(gone);
        let spec = spec.on_settled(move |_, _, _| std::mem::forget(bomb));
        assert!(b.s.add(spec).is_err());
        None
    };
    let posted: Act = |b, kind| {
        let bomb = kind.bomb();
        b.s.remote().post(move |_, _| drop(bomb)).unwrap();
        None
    };
    let decider: Act = |b, kind| {
        let bomb = kind.bomb();
        let decider = move |_: &Decision<'_>| {
            let _ = &bomb;
            0
        };
        b.s.set_decider(Some(Box::new(decider)));
        b.s.set_decider(None);
        None
    };
    let notifier: Act = |b, kind| {
        let bomb = kind.bomb();
        b.s.set_notifier(move || _ = &bomb);
        b.s.set_notifier(|| ());
        None
    };
    let offload: Act = |b, kind| {
        let bomb = kind.bomb();
        b.s.set_offload(InlineOffload::with_latency(move |_| {
            let _ = &bomb;
            secs(1)
        }));
        b.s.set_offload(InlineOffload::new());
        None
    };
    let maker: Act = |b, kind| {
        let bomb = kind.bomb();
        let make = move |_: usize| {
            let _ = &bomb;
            Spec::new("made", done())
        };
        assert_eq!(b.s.add_graph(2, make, &[]).unwrap().len(), 2);
        None
    };
    check(&[
        ("a callback that was called", called, Success, Callbacks(1)),
        ("a callback that was refused", uncalled, Success, Panics(1)),
        (
            "a posted closure that was called",
            posted,
            Success,
            Callbacks(1),
        ),
        ("a decider that is replaced", decider, Success, Panics(1)),
        ("a notifier that is replaced", notifier, Success, Panics(1)),
        ("an offload that is replaced", offload, Success, Panics(1)),
        ("what makes the works of a graph", maker, Success, Panics(1)),
    ]);
}
