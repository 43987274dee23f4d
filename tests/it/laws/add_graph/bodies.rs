//! L23, L24, L30 and L31: works that came together end one by one, as any other.

use super::{assert_usable, graph, plain};
use crate::units::{at_ms, ms};
use crate::workbench::Step::{Expect, Fail, Panic, Yield};
use crate::workbench::*;
use crankwork::WorkState::{Cancelled, Failed, Retrying, Success};
use crankwork::{
    Failure, Handle, Limits, Progress, RestartError, Retain, Retry, Spec, StatusContext, Work,
    WorkId,
};
use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::task::Poll;

/// Succeeds with its number, and counts when it is dropped.
struct Counted {
    number: usize,
    _dropped: Dropped,
}

impl Work<Log, usize> for Counted {
    fn poll(&mut self, _: &mut Cx<'_>) -> Poll<Result<usize, Failure>> {
        Poll::Ready(Ok(10 * self.number))
    }
}

/// A graph of such works, the last one first.
fn counted(bench: &mut Bench, works: usize) -> (Vec<Handle<usize>>, Rc<Cell<u32>>) {
    let drops = Rc::new(Cell::new(0));
    let make = |number| {
        let _dropped = Dropped(drops.clone());
        Spec::new("counted", Counted { number, _dropped })
    };
    let edges: Vec<_> = (1..works).map(|work| (work, work - 1)).collect();
    let works = bench.s.add_graph(works, make, &edges);
    let works = works.expect("the graph is a good one");
    (works.iter().collect(), drops)
}

#[test]
fn l10_the_outputs_of_a_graph_are_those_of_its_works() {
    let mut bench = Bench::with_permits(1);
    let (works, _) = counted(&mut bench, 3);
    assert_eq!(bench.s.take(works[0]), None);
    bench.run();
    assert_eq!(bench.s.output(works[1]), Some(&10));
    let outputs: Vec<_> = works.iter().map(|&work| bench.s.take(work)).collect();
    assert_eq!(outputs, [Some(0), Some(10), Some(20)]);
    assert_eq!(bench.s.take(works[2]), None, "it has been taken");
}

#[test]
fn l30_each_work_of_a_graph_goes_when_it_is_reaped() {
    let mut bench = Bench::with_permits(9);
    let (works, drops) = counted(&mut bench, 3);
    bench.run();
    for (reaped, at) in [1, 2, 0].into_iter().enumerate() {
        assert_eq!(drops.get(), reaped as u32);
        bench.s.reap(works[at]).unwrap();
    }
    assert_eq!(drops.get(), 3);
    assert_usable(&mut bench);
}

#[test]
fn l30_works_of_a_graph_go_as_they_settle_if_nothing_is_retained() {
    let mut bench = Bench::new(config(1).retain(Retain::Nothing));
    let (_, drops) = counted(&mut bench, 4);
    // Each stays until the one after it has settled.
    for gone in [0, 1, 2, 4] {
        bench.turns(1);
        assert_eq!(drops.get(), gone);
    }
    assert_eq!(bench.s.metrics().in_scheduler, 0);
}

#[test]
fn l30_what_is_left_of_a_graph_goes_with_the_scheduler() {
    let mut bench = Bench::with_permits(9);
    let (works, drops) = counted(&mut bench, 5);
    bench.turns(2);
    bench.s.reap(works[4]).unwrap();
    assert_eq!(drops.get(), 1);
    drop(bench);
    assert_eq!(drops.get(), 5);
}

#[test]
fn l30_works_of_a_graph_that_is_taken_back_go_when_they_are_reaped() {
    let limits = Limits::default().edges(1);
    let mut bench = Bench::new(config(9).limits(limits));
    let other = bench.script("other", []);
    let drops = Rc::new(Cell::new(0));
    let make = |number| {
        let _dropped = Dropped(drops.clone());
        Spec::new("counted", Counted { number, _dropped }).after(other)
    };
    assert!(bench.s.add_graph(3, make, &[]).is_err());
    assert_eq!(drops.get(), 1, "the second, which is refused");
    bench.run();
    bench.s.reap_settled();
    assert_eq!(drops.get(), 2);
    assert_usable(&mut bench);
}

// ---- further attempts ----

#[test]
fn l21_a_work_of_a_graph_is_tried_again_and_goes_on_where_it_was() {
    let mut bench = Bench::with_back_off(9, ms(10));
    let steps = [Fail("once"), Yield, Fail("twice")];
    let flaky = script("flaky", steps).retry(Retry::A_FEW);
    let ids = graph(&mut bench, vec![script("last", []), flaky], &[(1, 0)]);
    bench.crank();
    assert_eq!(bench.state(ids[1]), Retrying);
    bench.run();
    assert_eq!(bench.ran(), "flaky flaky flaky flaky last");
    assert_eq!(bench.states(&ids), [Success; 2]);
}

#[test]
fn l31_a_work_of_a_graph_may_be_restarted() {
    let mut bench = Bench::with_permits(9);
    let ids = graph(&mut bench, plain(3), &[(2, 1), (1, 0)]);
    bench.run();
    bench.s.restart(ids[1]).unwrap();
    bench.run();
    assert_eq!(bench.ran(), "c b a b");
    // A work before those that wait again: they keep its edge.
    bench.s.restart(ids[2]).unwrap();
    bench.s.restart(ids[0]).unwrap();
    bench.run();
    assert_eq!(bench.states(&ids), [Success; 3]);
    assert_eq!(bench.s.audit(), Ok(()));
}

// ---- bad ends ----

#[test]
fn l24_a_panic_of_one_work_of_a_graph_fails_that_work_alone() {
    let mut bench = Bench::with_permits(9);
    let mut works = plain(4);
    works[1] = script("bad", [Panic(ON_PURPOSE)]);
    let ids = graph(&mut bench, works, &[(3, 2), (2, 0)]);
    bench.run();
    assert_eq!(bench.states(&ids), [Success, Failed, Success, Success]);
    assert_eq!(bench.ran(), "bad d c a");
    assert_eq!(bench.s.restart(ids[1]), Err(RestartError::Gone(ids[1])));
    bench.s.reap_settled();
    assert_usable(&mut bench);
}

struct BadDrop(&'static str);

impl Drop for BadDrop {
    fn drop(&mut self) {
        assert!(self.0.is_empty(), "{}", self.0);
    }
}

fn with_bad_drop(name: &'static str) -> Spec<Log, impl Work<Log>> {
    let bad = BadDrop(if name == "b" { ON_PURPOSE } else { "" });
    Spec::new(name, move |cx: &mut Cx<'_>| {
        let _ = &bad;
        cx.app.push(cx.id());
        Poll::Ready(Ok(()))
    })
}

#[test]
fn l24_a_drop_that_panics_leaves_the_others_of_a_graph_alone() {
    for retain in [Retain::All, Retain::Nothing] {
        let mut bench = Bench::new(config(9).retain(retain));
        let make = |work| with_bad_drop(super::NAMES[work]);
        bench.s.add_graph(3, make, &[(2, 1), (1, 0)]).unwrap();
        bench.run();
        bench.s.reap_settled();
        assert_eq!(bench.ran(), "#2 #1 #0");
        assert_eq!(
            (bench.s.metrics().panics, bench.s.metrics().success),
            (1, 3)
        );
        assert_usable(&mut bench);
    }
}

/// The panic that goes on is that of `make`; a second one on its way would end the process.
#[test]
fn l24_a_drop_that_panics_while_a_graph_is_taken_back_is_counted() {
    for panics in [false, true] {
        let mut bench = Bench::new(config(9).retain(Retain::Nothing));
        let make = |work| match work {
            2 if panics => panic!("{ON_PURPOSE}: made"),
            2 => with_bad_drop("c").pool("tape", 1),
            _ => with_bad_drop(super::NAMES[work]),
        };
        let add = || bench.s.add_graph(3, make, &[(2, 1), (1, 0)]).is_ok();
        let added = catch_unwind(AssertUnwindSafe(add));
        assert_eq!(added.ok(), (!panics).then_some(false));
        assert_eq!(
            (bench.s.metrics().panics, bench.s.metrics().in_scheduler),
            (1, 0)
        );
        assert_usable(&mut bench);
    }
}

#[test]
fn l23_a_work_of_a_graph_is_dropped_by_force_without_the_others() {
    let mut bench = Bench::with_permits(9);
    let stubborn = acting([Expect]).aborting([Expect]);
    let stubborn = Spec::new("stubborn", stubborn).abort_grace(ms(5));
    let works = vec![script("a", [Expect]), stubborn, script("c", [])];
    let ids = graph(&mut bench, works, &[]);
    bench.crank();
    bench.s.cancel(ids[1]).unwrap();
    bench.crank();
    bench.crank_at(at_ms(5));
    assert_eq!(bench.s.metrics().forced_aborts, 1);
    assert_eq!(bench.s.restart(ids[1]), Err(RestartError::Gone(ids[1])));
    bench.s.wake(ids[0]).unwrap();
    bench.run();
    assert_eq!(bench.states(&ids), [Success, Cancelled, Success]);
    bench.s.reap_settled();
    assert_usable(&mut bench);
}

// ---- among themselves ----

/// In its turn a work calls the engine about the others of its graph, which lie next to it.
#[test]
fn l15_works_of_a_graph_may_do_anything_to_each_other_in_their_turns() {
    let mut bench = Bench::with_permits(9);
    let busy = then(|cx| {
        let (idle, done, later) = (cx.app.id("idle"), cx.app.id("done"), cx.app.id("later"));
        assert_eq!(cx.state(done), Some(Success));
        assert_eq!(cx.wake(idle), Ok(true));
        assert_eq!(cx.cancel(later), Ok(true));
        let root = cx.spawn_root(script("root", []).after(idle)).unwrap();
        let child = cx.spawn(script("child", []).after(done)).unwrap();
        cx.add_dependency(child, root).unwrap();
        assert_eq!(cx.cancel(cx.id()), Ok(true));
        Yield
    });
    let abort = then(|cx| {
        cx.wake(cx.app.id("idle")).unwrap();
        Yield
    });
    let works = vec![
        script("idle", [Expect, Expect]),
        Spec::new("busy", acting([busy]).aborting([abort])),
        script("done", []),
        script("later", []),
    ];
    let ids = graph(&mut bench, works, &[(2, 1), (1, 3)]);
    let names = ["idle", "busy", "done", "later"];
    bench
        .log
        .ids
        .extend(names.into_iter().zip(ids.iter().copied()));
    bench.run();
    assert_eq!(bench.states(&ids), [Success, Cancelled, Success, Cancelled]);
    assert_usable(&mut bench);
}

struct Shown(u64);

impl Work<Log> for Shown {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        self.0 += 1;
        cx.expect_wake();
        Poll::Pending
    }
    fn status(&self, _: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "turn {}", self.0)
    }
    fn progress(&self) -> Option<Progress> {
        Some(Progress {
            done: self.0,
            total: 7,
        })
    }
}

#[test]
fn l09_works_of_a_graph_say_what_they_are_doing() {
    let mut bench = Bench::with_permits(9);
    let works = bench
        .s
        .add_graph(2, |work| Spec::new("shown", Shown(work as u64)), &[]);
    let ids: Vec<WorkId> = works.unwrap().iter().map(Handle::id).collect();
    bench.crank();
    bench.s.wake(ids[0]).unwrap();
    bench.crank();
    let status = bench.s.status();
    assert_eq!(status.matches("turn 2").count(), 2, "{status}");
    assert_eq!(status.matches("2/7").count(), 2, "{status}");
}
