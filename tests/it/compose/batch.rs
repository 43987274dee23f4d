//! `BatchWork`.

use super::{says, started};
use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::WorkState::{Failed, Success};
use crankwork::compose::{BatchSource, BatchWork};
use crankwork::{Failure, Retry, Spec, Time, Work};
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;

fn names(n: usize) -> Vec<String> {
    (0..n).map(|i| format!("m{i}")).collect()
}

/// `n` members that nap for the seconds that `nap` says.
fn napping_batch(width: usize, n: usize, nap: fn(usize) -> u64) -> impl Work<Log> {
    BatchWork::each(width, move || {
        (0..n).map(move |i| Spec::new(format!("m{i}"), napping(secs(nap(i)))))
    })
}

#[test]
fn so_many_at_a_time_refilled_as_they_settle() {
    let mut b = Bench::with_permits(100);
    let batch = b.add_spec(Spec::new(
        "batch",
        napping_batch(3, 10, |i| 1 + i as u64 % 2),
    ));
    let mut most = 0;
    while b.s.metrics().unsettled() > 0 {
        let live = b.s.metrics().unsettled() as usize - 1;
        most = most.max(live);
        match b.s.next() {
            crankwork::Next::At(at) => b.crank_at(at),
            _ => b.turns(1),
        };
    }
    assert_eq!((most, b.state(batch)), (3, Success));
    assert_eq!(started(&mut b), names(10));
    // Three lanes of naps of 1, 2, 1, 2, ... s, filled in order; the last begins at 4 s.
    assert_eq!(b.s.now(), at_secs(6));
}

#[test]
fn an_empty_one_and_a_width_of_zero() {
    let mut b = Bench::with_permits(4);
    let empty = b.add_spec(Spec::new("empty", napping_batch(0, 0, |_| 1)));
    assert_eq!(b.run().turns, 1);
    let zero = b.add_spec(Spec::new("zero", napping_batch(0, 2, |_| 1)));
    assert_eq!(b.run().finished, at_secs(2));
    assert_eq!(b.states([empty, zero]), [Success; 2]);
}

#[test]
fn a_failure_starts_no_other_and_aborts_those_in_flight() {
    let mut b = Bench::with_permits(100);
    let batch = BatchWork::each(3, || {
        (0..100).map(|i| match i {
            4 => Spec::new("bad", failing()),
            _ => Spec::new(
                format!("m{i}"),
                napping(secs(1 + i)).on_abort(slowly(secs(1))),
            ),
        })
    });
    let batch = b.add_spec(Spec::new("batch", batch));
    b.run();
    assert_eq!(b.state(batch), Failed);
    assert!(b.failure(batch).ends_with("no luck"));
    let log = b.lines();
    assert!(log.contains(&"m2: on_abort".into()) && log.contains(&"m3: on_abort".into()));
    assert!(!log.iter().any(|line| line.starts_with("m5")));
    assert_eq!(b.s.metrics().in_scheduler, 1);
}

#[test]
fn members_that_have_succeeded_are_reclaimed_at_once() {
    const N: u32 = 10_000;
    let alive = Rc::new(Cell::new(0));
    let most_alive = Rc::new(Cell::new(0));
    let mut b = Bench::with_permits(100);
    let (count, peak) = (alive.clone(), most_alive.clone());
    let batch = BatchWork::each(8, move || {
        let (count, peak) = (count.clone(), peak.clone());
        (0..N).map(move |_| {
            let guard = Counted::new(&count);
            peak.set(peak.get().max(count.get()));
            Spec::new("member", move |cx: &mut Cx<'_>| {
                let _ = &guard;
                cx.sleep(secs(1)).map(Ok)
            })
        })
    });
    b.add_spec(Spec::new("batch", batch));
    let mut most = 0;
    while !matches!(b.s.next(), crankwork::Next::Idle) {
        let now = match b.s.next() {
            crankwork::Next::At(at) => at,
            _ => b.s.now(),
        };
        b.crank_at(now);
        most = most.max(b.s.metrics().in_scheduler);
    }
    assert_eq!(b.s.metrics().success, N as u64 + 1);
    assert_eq!(alive.get(), 0);
    // The batch and its eight; one more spec that the iterator has been asked for.
    assert!(
        most <= 9 && most_alive.get() <= 9,
        "{most}, {}",
        most_alive.get()
    );
}

/// Counts how many of it there are.
struct Counted(Rc<Cell<u32>>);

impl Counted {
    fn new(count: &Rc<Cell<u32>>) -> Counted {
        count.set(count.get() + 1);
        Counted(count.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

#[test]
fn a_work_after_a_member_starts_though_the_member_has_been_reclaimed() {
    let mut b = Bench::with_permits(100);
    // Each member is after the one before, whose id the batch's children tell.
    struct Chained(u32);
    impl BatchSource<Log> for Chained {
        type Output = ();
        type Work = Probe;
        fn has_next(&mut self, _: &mut Cx<'_>) -> bool {
            self.0 < 20
        }
        fn next(&mut self, cx: &mut Cx<'_>) -> Spec<Log, Probe> {
            let spec = Spec::new(format!("m{}", self.0), napping(secs(1)));
            self.0 += 1;
            match cx.children().iter().last() {
                Some((before, _)) => spec.after(before),
                None => spec,
            }
        }
        fn reset(&mut self) {
            self.0 = 0;
        }
        fn total(&self) -> Option<u64> {
            Some(20)
        }
    }
    let batch = b.add_spec(Spec::new("batch", BatchWork::new(4, Chained(99))));
    b.run();
    assert_eq!((b.state(batch), b.s.now()), (Success, at_secs(20)));
    assert_eq!(started(&mut b), names(20));
}

#[test]
fn a_retry_begins_with_the_first_member_again() {
    let mut b = Bench::with_permits(100);
    let batch = BatchWork::each(2, || {
        ["a", "b", "bad", "c"].map(|name| match name {
            "bad" => Spec::new(name, failing()),
            _ => Spec::new(name, done()),
        })
    });
    let batch = b.add_spec(Spec::new("batch", batch).retry(Retry::ONCE));
    b.run();
    assert_eq!(b.state(batch), Failed);
    let started = started(&mut b);
    assert_eq!(started.iter().filter(|&name| name == "a").count(), 2);
    assert_eq!(started.iter().filter(|&name| name == "bad").count(), 2);
}

#[test]
fn its_members_come_from_the_application_as_it_is_when_there_is_room() {
    /// Takes the lines of the log that begin with `wanted`.
    struct Wanted(usize);
    impl BatchSource<Log> for Wanted {
        type Output = ();
        type Work = Box<dyn Work<Log>>;
        fn has_next(&mut self, cx: &mut Cx<'_>) -> bool {
            cx.app
                .lines
                .iter()
                .filter(|line| line.starts_with("wanted"))
                .count()
                > self.0
        }
        fn next(&mut self, _: &mut Cx<'_>) -> Spec<Log, Box<dyn Work<Log>>> {
            self.0 += 1;
            let more = self.0 < 5;
            Spec::new(
                format!("m{}", self.0),
                Box::new(move |cx: &mut Cx<'_>| {
                    if more {
                        cx.app.push("wanted");
                    }
                    Poll::Ready(Ok::<_, Failure>(()))
                }),
            )
        }
        fn reset(&mut self) {
            self.0 = 0;
        }
    }
    let mut b = Bench::with_permits(4);
    b.log.push("wanted");
    let batch = b.add_spec(Spec::new("batch", BatchWork::new(1, Wanted(0))));
    b.run();
    assert_eq!(b.state(batch), Success);
    assert_eq!(b.s.metrics().success, 6);
}

#[test]
fn its_status_and_progress() {
    let mut b = Bench::with_permits(100);
    b.add_spec(Spec::new("batch", napping_batch(3, 10, |_| 1)));
    b.crank();
    assert_eq!(
        says(&b, "batch"),
        ": Waiting : 0/3 children completed : 0/10 : 3 started, 3 in flight"
    );
    b.crank_at(at_secs(1));
    assert_eq!(
        says(&b, "batch"),
        ": Waiting : 0/3 children completed : 3/10 : 6 started, 3 in flight"
    );
}

#[test]
fn a_member_that_is_blocked_from_the_beginning_fails_it() {
    let mut b = Bench::with_permits(4);
    let bad = b.add("outside", failing());
    b.run();
    let batch = BatchWork::each(4, move || [0; 3].map(|_| Spec::new("m", done()).after(bad)));
    let batch = b.add_spec(Spec::new("batch", batch));
    b.run();
    assert_eq!(b.state(batch), Failed);
    assert_eq!(b.s.metrics().blocked, 1);
}

#[test]
fn a_million_members_in_flat_memory() {
    const N: u64 = 1_000_000;
    let mut s = crankwork::WorkScheduler::<u64>::new(
        crankwork::WorkSchedulerConfig::default().max_concurrency(64),
    );
    let batch = BatchWork::each(64, || {
        (0..N).map(|_| {
            Spec::new("member", |cx: &mut crankwork::WorkContext<'_, u64>| {
                *cx.app += 1;
                Poll::Ready(Ok(()))
            })
        })
    });
    let batch = s.add(Spec::new("batch", batch)).unwrap();
    let (mut done, mut most) = (0, 0);
    while s.state(batch) != Some(Success) {
        let crank = s.crank_work(Time::ZERO, &mut done, crankwork::Budget::turns(50));
        assert!(crank.turns > 0);
        most = most.max(s.metrics().in_scheduler);
    }
    assert_eq!(done, N);
    assert!(most <= 65, "{most}");
    // A turn of the batch for each 64 members, and one at the end.
    assert_eq!(s.metrics().turns, N + N / 64 + 1);
}
