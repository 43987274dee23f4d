//! L32: composites hold no permit of their own, so that a gate cannot starve the work that opens it.

use crate::units::{at_ms, ms};
use crankwork::compose::{BatchWork, ConditionalWork, WorkSequence, WorkWithCallback, repeat};
use crankwork::{
    Budget, Failure, Next, Spec, Time, Work, WorkContext, WorkId, WorkScheduler,
    WorkSchedulerConfig, WorkState,
};
use std::task::Poll;

/// The ledgers that have been applied, and the work that applies each.
#[derive(Default)]
struct Ledgers {
    applied: Vec<bool>,
    sequences: Vec<Option<WorkId>>,
}

type Cx<'a> = WorkContext<'a, Ledgers>;

fn download(cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
    cx.sleep(ms(10)).map(Ok)
}

/// Three turns.
fn apply(ledger: usize) -> Spec<Ledgers, impl Work<Ledgers>> {
    let mut turns = 0;
    Spec::new(format!("apply {ledger}"), move |cx: &mut Cx<'_>| {
        turns += 1;
        if turns < 3 {
            return cx.yield_now();
        }
        cx.app.applied[ledger] = true;
        Poll::Ready(Ok(()))
    })
}

/// Looks at the ledger before; with `watches` it is woken by the end of that ledger's sequence.
fn gate(ledger: usize, watches: bool) -> ConditionalWork<Ledgers> {
    let open = move |cx: &mut Cx<'_>| {
        let Some(before) = ledger.checked_sub(1) else {
            return true;
        };
        match cx.app.sequences[before] {
            Some(sequence) if watches => {
                cx.watch(sequence).is_err() || cx.state(sequence) == Some(WorkState::Success)
            }
            _ => cx.app.applied[before],
        }
    };
    ConditionalWork::with_context(open, move || apply(ledger))
}

/// A sequence that leaves its id behind.
struct Ledger {
    number: usize,
    steps: WorkSequence<Ledgers>,
}

impl Work<Ledgers> for Ledger {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        cx.app.sequences[self.number] = Some(cx.id());
        self.steps.poll(cx)
    }

    fn needs_permit(&self) -> bool {
        Work::<Ledgers>::needs_permit(&self.steps)
    }

    fn on_reset(&mut self, cx: &mut Cx<'_>) {
        self.steps.on_reset(cx);
    }
}

/// A download, then the apply behind its gate.
fn ledger(number: usize, watches: bool) -> Spec<Ledgers, Ledger> {
    let steps = WorkSequence::new()
        .then_fn("download", download)
        .then(move || Spec::new("gate", gate(number, watches)));
    Spec::new(format!("ledger {number}"), Ledger { number, steps })
}

/// Cranks in virtual time until all is done.
fn run_within(s: &mut WorkScheduler<Ledgers>, app: &mut Ledgers, cranks: u32) -> Time {
    for _ in 0..cranks {
        match s.crank_work(s.now(), app, Budget::unlimited()).next {
            Next::Idle => return s.now(),
            Next::At(time) => drop(s.crank_work(time, app, Budget::turns(1))),
            Next::Now => {}
            other => panic!("{other:?}: {}", s.stall_report()),
        }
    }
    panic!(
        "after {cranks} cranks, at {}: {}",
        s.now(),
        s.stall_report()
    );
}

fn catch_up(config: WorkSchedulerConfig, width: usize, ledgers: usize, watches: bool) -> Time {
    let mut app = Ledgers {
        applied: vec![false; ledgers],
        sequences: vec![None; ledgers],
    };
    let mut s = WorkScheduler::new(config);
    let batch = BatchWork::each(width, move || (0..ledgers).map(move |n| ledger(n, watches)));
    s.add(Spec::new("catch up", batch)).unwrap();
    let end = run_within(&mut s, &mut app, 10_000);
    assert!(app.applied.iter().all(|&applied| applied));
    end
}

#[test]
fn l32_a_batch_of_gated_sequences_ends_on_the_default_configuration() {
    let end = catch_up(WorkSchedulerConfig::default(), 2, 6, true);
    assert!(end < at_ms(60), "{end}");
    catch_up(WorkSchedulerConfig::default(), 16, 16, false);
}

#[test]
fn l32_it_ends_with_one_permit() {
    for watches in [true, false] {
        catch_up(
            WorkSchedulerConfig::default().max_concurrency(1),
            2,
            6,
            watches,
        );
    }
}

#[test]
fn l32_polling_gates_leave_a_permit_for_the_work_that_opens_them() {
    let mut s = WorkScheduler::<Ledgers>::new(WorkSchedulerConfig::default());
    let mut app = Ledgers {
        applied: vec![false; 5],
        sequences: vec![None; 5],
    };
    for _ in 0..4 {
        s.add(Spec::new("gate", gate(1, false))).unwrap();
    }
    s.add(apply(0)).unwrap();
    assert_eq!(run_within(&mut s, &mut app, 100), at_ms(100));
}

#[test]
fn l32_composites_say_so_themselves_and_in_every_wrapping() {
    let sequence = WorkSequence::<Ledgers>::new;
    let batch = || BatchWork::each(1, std::iter::empty::<Spec<Ledgers, Ledger>>);
    let every = || repeat(ms(1), || Spec::new("run", download as fn(&mut Cx<'_>) -> _));
    assert!(!needs_permit(&sequence()));
    assert!(!needs_permit(&batch()));
    assert!(!needs_permit(&gate(0, false)));
    assert!(!needs_permit(&every()));
    let boxed: Box<dyn Work<Ledgers>> = Box::new(sequence());
    assert!(!needs_permit(&boxed));
    let told = WorkWithCallback::after(sequence(), |_: &mut Cx<'_>, _| ());
    assert!(!needs_permit(&told));
    let told = WorkWithCallback::after(download, |_: &mut Cx<'_>, _| ());
    assert!(needs_permit(&told));
    assert!(needs_permit(&(download as fn(&mut Cx<'_>) -> _)));
}

fn needs_permit<W: Work<Ledgers>>(work: &W) -> bool {
    work.needs_permit()
}

/// Each way of adding asks; a sequence starts although the only permit is out.
#[test]
fn l32_every_way_of_adding_asks() {
    let mut s = WorkScheduler::<Ledgers>::new(WorkSchedulerConfig::default().max_concurrency(1));
    let holds = |cx: &mut Cx<'_>| {
        cx.expect_wake();
        Poll::<Result<(), Failure>>::Pending
    };
    s.add(Spec::new("holder", holds)).unwrap();
    let sequence = || WorkSequence::<Ledgers>::new().then_fn("step", download);
    let added = [
        s.add(Spec::new("add", sequence())).unwrap().id(),
        s.try_add(Spec::new("try_add", sequence())).unwrap().id(),
        s.add_work(Box::new(sequence()), &[], 0).unwrap(),
        s.add_graph(1, |_| Spec::new("add_graph", sequence()), &[])
            .unwrap()
            .get(0)
            .unwrap()
            .id(),
    ];
    let _ = s.crank_work(Time::ZERO, &mut Ledgers::default(), Budget::unlimited());
    for id in added {
        assert_eq!(s.state(id), Some(WorkState::Waiting), "{}", s.status());
    }
    // Their members queue.
    assert_eq!(s.metrics().in_state(WorkState::Queued), 4);
}

#[test]
fn l32_pools_that_the_spec_names_are_held() {
    let config = WorkSchedulerConfig::default().pool("disk", 1);
    let mut s = WorkScheduler::<Ledgers>::new(config);
    let mut app = Ledgers {
        applied: vec![false; 2],
        sequences: vec![None; 2],
    };
    s.add(Spec::new("gate", gate(1, false)).pool("disk", 1))
        .unwrap();
    let other = s.add(apply(0).pool("disk", 1)).unwrap();
    let _ = s.crank_work(Time::ZERO, &mut app, Budget::unlimited());
    assert_eq!(s.state(other), Some(WorkState::Queued));
}
