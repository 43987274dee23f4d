//! Progress as a sum through the tree.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::{Name, OnChildFailure, Progress, Retain, Retry, Spec, Work, WorkId};
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// Does as a probe does, and gives a progress of its own.
struct Counting(Probe, Progress);

impl Work<Log> for Counting {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Turn {
        self.0.poll(cx)
    }

    fn progress(&self) -> Option<Progress> {
        Some(self.1)
    }
}

fn of(done: u64, total: u64) -> Option<Progress> {
    Some(Progress { done, total })
}

/// Checks the progress of a work, and that its snapshot has the same.
#[track_caller]
fn expect(b: &Bench, id: WorkId, expected: Option<Progress>) {
    assert_eq!(b.s.progress_of(id), expected);
    let all = b.s.snapshot();
    let snapshot = all.iter().find(|work| work.id == id);
    assert_eq!(snapshot.and_then(|work| work.progress), expected);
}

/// Spawns this many children in its first turn, each with its number, and succeeds after they have settled.
fn group(count: u32, mut child: impl FnMut(u32) -> Probe + 'static) -> Probe {
    Probe::new(move |cx| {
        if cx.children().is_empty() {
            for number in 0..count {
                cx.spawn(Spec::new(Name::from(format!("{number}")), child(number)))?;
            }
        }
        match cx.children().all_done() {
            true => OK,
            false => Poll::Pending,
        }
    })
}

/// Children that sleep one second, two seconds and so on.
fn naps(count: u32) -> Probe {
    group(count, |number| napping(secs(1) * (number + 1)))
}

#[test]
fn a_work_without_progress_and_children_has_none() {
    let mut b = Bench::with_permits(8);
    let id = b.add("a", done());
    expect(&b, id, None);
    b.run();
    expect(&b, id, None);
    b.s.reap(id).unwrap();
    expect(&b, id, None);
}

#[test]
fn a_child_without_progress_is_one_unit() {
    let mut b = Bench::with_permits(8);
    let top = b.add("top", naps(3));
    expect(&b, top, None);
    b.crank();
    expect(&b, top, of(0, 3));
    b.crank_at(at_secs(2));
    expect(&b, top, of(2, 3));
    b.run();
    expect(&b, top, of(3, 3));
}

#[test]
fn a_works_own_progress_wins() {
    let mut b = Bench::with_permits(8);
    let own = Progress {
        done: 30,
        total: 40,
    };
    let top = b.add("top", Counting(naps(2), own));
    let above = b.add("above", idling());
    b.add_spec(Spec::new("below", Counting(naps(2), own)).parent(above));
    b.add_spec(Spec::new("beside", idling()).parent(above));
    b.crank();
    expect(&b, top, Some(own));
    expect(&b, above, of(30, 41));
}

/// A download that has failed stays where it was, but nothing more comes of it.
#[test]
fn a_settled_child_counts_as_done() {
    let mut b = Bench::with_permits(8);
    let spec = Spec::new("top", idling()).on_child_failure(OnChildFailure::Collect);
    let top = b.add_spec(spec);
    let half = Progress { done: 1, total: 2 };
    let bad = b.add_spec(Spec::new("bad", Counting(failing(), half)).parent(top));
    b.add_spec(Spec::new("good", idling()).parent(top));
    expect(&b, top, of(1, 3));
    b.crank();
    expect(&b, top, of(2, 3));
    expect(&b, bad, Some(half));
}

/// The first group ends, and its children are reclaimed. They still count.
#[test]
fn works_that_have_gone_still_count() {
    let mut b = Bench::with_permits(64);
    let top = b.add(
        "top",
        group(2, |number| group(3 - number, move |_| naps(4))),
    );
    b.crank();
    expect(&b, top, of(0, 20));
    b.crank_at(at_secs(3));
    expect(&b, top, of(15, 20));
    let groups = b.s.snapshot().len();
    b.run();
    assert_eq!((groups, b.s.snapshot().len()), (1 + 2 + 5 + 20, 1));
    expect(&b, top, of(20, 20));
}

#[test]
fn one_group_that_ends_before_another_does_not_take_the_bar_back() {
    let mut b = Bench::with_permits(8);
    let top = b.add("top", idling());
    let quick = b.add_spec(Spec::new("quick", naps(3)).parent(top));
    b.add_spec(Spec::new("slow", naps(5)).parent(top));
    let mut done = 0;
    for second in 0..5 {
        b.crank_at(at_secs(second));
        let progress = b.s.progress_of(top).unwrap();
        assert_eq!(progress.total, 8);
        assert!(progress.done >= done, "{progress}");
        done = progress.done;
    }
    assert_eq!(done, 3 + 4);
    expect(&b, quick, of(3, 3));
}

#[test]
fn children_that_are_not_retained_still_count() {
    for retain in [Retain::All, Retain::Failures, Retain::Nothing] {
        let mut b = Bench::with_permits(8);
        let mut begun = false;
        let top = Probe::new(move |cx| {
            cx.retain_children(retain);
            if !std::mem::replace(&mut begun, true) {
                for number in 1..=4 {
                    let nap = napping(secs(number));
                    cx.spawn(Spec::new(Name::from(format!("{number}")), nap))?;
                }
            }
            match cx.children().any_running() {
                true => Poll::Pending,
                false => OK,
            }
        });
        let top = b.add("top", top);
        b.crank_at(at_secs(0));
        b.crank_at(at_secs(3));
        expect(&b, top, of(3, 4));
        b.run();
        expect(&b, top, of(4, 4));
    }
}

#[test]
fn another_attempt_and_another_run_begin_anew() {
    let mut b = Bench::with_back_off(8, secs(10));
    let attempts = Rc::new(Cell::new(0));
    let count = attempts.clone();
    let top = Probe::new(move |cx| {
        if cx.children().is_empty() {
            count.set(count.get() + 1);
            cx.spawn(Spec::new("a", napping(secs(1))))?;
            cx.spawn(Spec::new("b", napping(secs(2))))?;
        }
        match (cx.children().all_done(), cx.attempt()) {
            (false, _) => Poll::Pending,
            (true, 1) => fail("once more"),
            _ => OK,
        }
    });
    let top = b.add_spec(Spec::new("top", top).retry(Retry::ONCE));
    b.crank();
    b.crank_at(at_secs(1));
    expect(&b, top, of(1, 2));
    b.crank_at(at_secs(2));
    expect(&b, top, None);
    b.crank_at(at_secs(12));
    expect(&b, top, of(0, 2));
    b.run();
    expect(&b, top, of(2, 2));
    b.s.restart(top).unwrap();
    expect(&b, top, None);
    b.run();
    expect(&b, top, of(2, 2));
    assert_eq!(attempts.get(), 4);
}

#[test]
fn a_deep_tree_is_added_up_without_recursion() {
    const DEEP: u64 = 10_000;
    let mut b = Bench::with_permits(1);
    let top = b.add("top", idling());
    let mut parent = top;
    for _ in 0..DEEP {
        parent = b.add_spec(Spec::new("deeper", idling()).parent(parent));
        b.add_spec(Spec::new("beside", idling()).parent(parent));
    }
    // Each level has one work beside the next level; the last has nothing else below it.
    expect(&b, top, of(0, DEEP));
    b.s.cancel_all();
    b.run();
    expect(&b, top, of(DEEP, DEEP));
}

#[test]
fn sums_stop_at_the_largest_number() {
    let mut b = Bench::with_permits(8);
    let top = b.add("top", idling());
    let most = Progress {
        done: u64::MAX - 1,
        total: u64::MAX,
    };
    for name in ["a", "b"] {
        b.add_spec(Spec::new(name, Counting(idling(), most)).parent(top));
    }
    expect(&b, top, of(u64::MAX, u64::MAX));
}

#[test]
fn l24_a_progress_that_panics_is_none() {
    struct Bad;
    impl Work<Log> for Bad {
        fn poll(&mut self, cx: &mut Cx<'_>) -> Turn {
            cx.sleep(Duration::from_secs(1)).map(Ok)
        }
        fn progress(&self) -> Option<Progress> {
            panic!("{ON_PURPOSE}")
        }
    }
    let mut b = Bench::with_permits(8);
    let top = b.add("top", idling());
    b.add_spec(Spec::new("bad", Bad).parent(top));
    assert_eq!(b.s.progress_of(top), of(0, 1));
    assert_eq!(b.s.metrics().callback_panics, 1);
}
