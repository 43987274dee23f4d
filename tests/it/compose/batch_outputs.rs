//! What passes between works: outputs of a batch's members, and their ends.

use super::outputs::value;
use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::WorkState::{Cancelled, Failed, Success};
use crankwork::compose::{BatchFailed, BatchSource, BatchWork};
use crankwork::{Failure, Retry, Spec, WorkId, WorkOutcome};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

#[test]
fn a_batch_collects_in_the_order_of_its_members() {
    let mut b = Bench::with_permits(100);
    // The later ones end first.
    let batch = BatchWork::each(4, || (0..10).map(|n| value(n, 20 - n)));
    let handle = b.s.add(Spec::new("batch", batch.collect())).unwrap();
    let mut most = 0;
    while b.step() {
        most = most.max(b.s.metrics().in_scheduler);
    }
    assert_eq!(b.s.take(handle), Some((0..10).collect::<Vec<u64>>()));
    // The batch and its four: members that have succeeded are gone.
    assert_eq!(most, 5);
}

#[test]
fn a_retry_of_a_batch_collects_from_the_beginning() {
    let mut b = Bench::with_permits(100);
    let mut attempt = 0;
    let batch = BatchWork::each(1, move || {
        attempt += 1;
        let fails = attempt == 1;
        (0..3u64).map(move |n| {
            Spec::<Log, _>::from_fn("m", move |_| match fails && n == 2 {
                true => fail("once"),
                false => Poll::Ready(Ok(n + 10 * attempt)),
            })
        })
    });
    let batch = Spec::new("batch", batch.collect()).retry(Retry::ONCE);
    let batch = b.s.add(batch).unwrap();
    b.run();
    assert_eq!(b.s.take(batch), Some(vec![20, 21, 22]));
}

#[test]
fn an_output_whose_attempt_failed_by_a_child_is_not_collected() {
    let mut b = Bench::with_permits(100);
    let batch = BatchWork::each(4, || {
        (0..2u64).map(|n| {
            let work = Spec::<Log, _>::from_fn("m", move |cx| {
                if n == 1 && cx.attempt() == 1 {
                    cx.spawn(Spec::new("child", failing())).unwrap();
                }
                Poll::Ready(Ok((n, cx.attempt())))
            });
            work.retry(Retry::ONCE)
        })
    });
    let batch = b.s.add(Spec::new("batch", batch.collect())).unwrap();
    b.run();
    assert_eq!(b.s.take(batch), Some(vec![(0, 1), (1, 2)]));
}

#[test]
fn a_batch_hands_outputs_to_a_closure_as_they_come() {
    let mut b = Bench::with_permits(100);
    let batch = BatchWork::each(3, || [3, 1, 2].into_iter().map(|n| value(n, n)));
    let batch = batch.for_each(|cx: &mut Cx<'_>, number, output: u64| {
        let now = cx.now();
        cx.app.push(format!("{now}: {number} -> {output}"));
        // It has a turn of the batch, so it may spawn.
        cx.spawn(Spec::new("after", done())).map(drop)?;
        Ok(())
    });
    let batch = b.add_spec(Spec::new("batch", batch));
    b.run();
    assert_eq!(b.state(batch), Success);
    let mut lines = b.lines();
    lines.retain(|line| line.contains("->"));
    assert_eq!(
        lines,
        [
            "00:00:01.000: 1 -> 1",
            "00:00:02.000: 2 -> 2",
            "00:00:03.000: 0 -> 3"
        ]
    );
}

#[test]
fn an_error_of_the_closure_fails_the_batch() {
    let mut b = Bench::with_permits(100);
    let batch = BatchWork::each(2, || (0..9).map(|n| value(n, 1 + n)));
    let batch = batch.for_each(|_: &mut Cx<'_>, number, _: u64| match number {
        1 => Err(Failure::msg("not this one")),
        _ => Ok(()),
    });
    let batch = b.add_spec(Spec::new("batch", batch));
    b.run();
    assert_eq!((b.state(batch), b.s.now()), (Failed, at_secs(2)));
    assert_eq!(b.failure(batch), "not this one");
}

#[test]
fn a_batch_that_keeps_going_runs_all_and_reports_all() {
    let mut b = Bench::with_permits(100);
    let bad = b.add("outside", failing());
    b.run();
    let batch = BatchWork::each(2, move || {
        (0..6).map(move |i| match i {
            1 => Spec::new("bad", failing()),
            3 => Spec::new("blocked", done()).after(bad),
            4 => Spec::new("cancelled", idling()),
            _ => Spec::new("good", napping(secs(1))),
        })
    });
    let batch = b.add_spec(Spec::new("batch", batch.keep_going()));
    while b.s.next() != crankwork::Next::External {
        assert!(b.step());
    }
    let idle = b.find("cancelled");
    b.s.cancel(idle).unwrap();
    b.run();
    assert_eq!(b.state(batch), Failed);
    let failure = b.failed(batch);
    let failed: &BatchFailed = failure.downcast_ref().unwrap();
    assert_eq!(failed.to_string(), "3 of 6 members failed, `bad` first");
    let names = failed
        .failures
        .iter()
        .map(|f| (f.number, f.name.to_string()));
    let wanted = [(1, "bad"), (3, "blocked"), (4, "cancelled")];
    assert_eq!(
        names.collect::<Vec<_>>(),
        wanted.map(|(number, name)| (number, name.to_owned()))
    );
    assert_eq!(failure.root().to_string(), "no luck");
    // The batch, `outside`: no member stays.
    assert_eq!(b.s.metrics().in_scheduler, 2);
}

#[test]
fn a_batch_that_keeps_going_bounds_its_report_and_its_memory() {
    const N: u64 = 10_000;
    let mut b = Bench::with_permits(100);
    let batch = BatchWork::each(8, || {
        (0..N).map(|n| {
            Spec::<Log, _>::from_fn("m", move |_| match n % 2 {
                0 => Poll::Ready(Ok(n)),
                _ => fail("odd"),
            })
        })
    });
    let batch = batch.keep_going().collect::<u64>();
    let batch = b.add_spec(Spec::new("batch", batch));
    let mut most = 0;
    while b.step() {
        most = most.max(b.s.metrics().in_scheduler);
    }
    let failure = b.failed(batch);
    let failed: &BatchFailed = failure.downcast_ref().unwrap();
    assert_eq!((failed.failed, failed.members), (N / 2, N));
    assert_eq!(failed.failures.len(), BatchFailed::MOST);
    assert!(most <= 9, "{most}");
}

#[test]
fn a_final_failure_makes_the_failure_of_a_batch_that_keeps_going_final() {
    let mut b = Bench::with_permits(100);
    let batch = BatchWork::each(8, || {
        (0..2).map(|n| {
            Spec::<Log, _>::from_fn("m", move |cx| {
                cx.app.push(format!("m{n}"));
                Poll::Ready(Err::<(), _>(Failure::fatal("404")))
            })
        })
    });
    let batch = b.add_spec(Spec::new("batch", batch.keep_going()).retry(Retry::A_FEW));
    b.run();
    assert!(b.failed(batch).is_final());
    assert_eq!(b.lines(), ["m0", "m1"]);
}

#[test]
fn a_batch_that_keeps_going_can_be_cancelled_and_restarted() {
    let mut b = Bench::with_permits(100);
    let batch = BatchWork::each(2, || {
        (0..4).map(|i| match i {
            0 => Spec::new("bad", failing()),
            _ => Spec::new("nap", napping(secs(1))),
        })
    });
    let batch = b.add_spec(Spec::new("batch", batch.keep_going()));
    b.crank();
    b.s.cancel(batch).unwrap();
    b.run();
    assert_eq!(b.state(batch), Cancelled);
    b.s.restart(batch).unwrap();
    b.run();
    assert_eq!(
        b.failed(batch).to_string(),
        "1 of 4 members failed, `bad` first: no luck"
    );
}

/// Members whose source writes down what it hears.
struct Heard {
    next: u64,
    told: Rc<RefCell<Vec<String>>>,
    ids: Vec<WorkId>,
}

impl BatchSource<Log> for Heard {
    type Output = ();
    type Work = Probe;

    fn has_next(&mut self, _: &mut Cx<'_>) -> bool {
        self.next < 3
    }

    fn next(&mut self, _: &mut Cx<'_>) -> Spec<Log, Probe> {
        self.next += 1;
        let told = self.told.clone();
        let member = Spec::new(
            "m",
            match self.next {
                2 => failing(),
                n => napping(secs(n)),
            },
        );
        // The source's own callback stays.
        member.on_settled(move |_, _, _| told.borrow_mut().push("callback".into()))
    }

    fn started(&mut self, number: u64, id: WorkId) {
        assert_eq!(number as usize, self.ids.len());
        self.ids.push(id);
    }

    fn wants_ends(&self) -> bool {
        true
    }

    fn settled(&mut self, number: u64, id: WorkId, outcome: &WorkOutcome) {
        assert_eq!(self.ids[number as usize], id);
        let success = outcome.is_success();
        self.told.borrow_mut().push(format!("{number}: {success}"));
    }

    fn reset(&mut self) {
        self.next = 0;
        self.ids.clear();
    }
}

#[test]
fn a_source_hears_of_ids_and_ends() {
    let mut b = Bench::with_permits(100);
    let told = Rc::default();
    let source = Heard {
        next: 0,
        told: Rc::clone(&told),
        ids: Vec::new(),
    };
    let batch = BatchWork::new(1, source).keep_going();
    let batch = b.add_spec(Spec::new("batch", batch));
    b.run();
    assert_eq!(b.state(batch), Failed);
    assert_eq!(
        *told.borrow(),
        [
            "callback", "0: true", "callback", "1: false", "callback", "2: true"
        ]
    );
}

#[test]
fn a_callback_that_panics_keeps_nobody_from_hearing_of_the_end() {
    quiet_panics();
    let mut b = Bench::with_permits(100);
    let batch = BatchWork::each(2, || {
        (0..3).map(|_| {
            let member = Spec::new("m", failing());
            member.on_settled(|_, _, _| panic!("{ON_PURPOSE}"))
        })
    });
    let batch = b.add_spec(Spec::new("batch", batch.keep_going()));
    b.run();
    assert_eq!(
        b.failed(batch).to_string(),
        "3 of 3 members failed, `m` first: no luck"
    );
    assert_eq!(b.s.metrics().callback_panics, 3);
}
