//! Large graphs: a million of everything, without recursion or quadratic time.
//!
//! No test here looks at a clock: one that recursed would overflow its stack, one that was quadratic would not end.

use crankwork::{
    Budget, Failure, Handle, Limits, Next, Retain, Spec, Time, Work, WorkContext, WorkId,
    WorkOutcome, WorkScheduler, WorkSchedulerConfig, WorkState,
};
use std::task::Poll;

const MILLION: u32 = 1_000_000;
const DEEP: u32 = 100_000;

/// The application counts turns; nothing else is kept.
type Count = u64;
type Cx<'a> = WorkContext<'a, Count>;

/// Counts its turn and succeeds or fails.
struct Leaf(bool);

impl Work<Count> for Leaf {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        *cx.app += 1;
        Poll::Ready(if self.0 {
            Ok(())
        } else {
            Err(Failure::msg("leaf"))
        })
    }
}

fn leaf() -> Spec<Count, Leaf> {
    Spec::new("leaf", Leaf(true))
}

fn scheduler(retain: Retain) -> WorkScheduler<Count> {
    WorkScheduler::new(WorkSchedulerConfig::default().retain(retain))
}

fn add(s: &mut WorkScheduler<Count>, spec: Spec<Count, Leaf>) -> WorkId {
    s.add(spec).unwrap().id()
}

/// Cranks at time zero until all works have settled; the turns it took.
fn finish(s: &mut WorkScheduler<Count>) -> u64 {
    let mut turns = 0;
    let crank = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
    assert_eq!(crank.next, Next::Idle);
    turns
}

fn assert_flat(s: &WorkScheduler<Count>) {
    assert_eq!(s.metrics().in_scheduler, 0);
    assert!(s.snapshot().is_empty());
}

// ---- chains ----

#[test]
fn a_chain_of_a_million_succeeds() {
    let mut s = scheduler(Retain::Nothing);
    let mut last = add(&mut s, leaf());
    for _ in 1..MILLION {
        last = add(&mut s, leaf().after(last));
    }
    assert_eq!(finish(&mut s), MILLION as u64);
    assert_flat(&s);
}

#[test]
fn a_chain_of_a_million_is_blocked_by_its_first_and_knows_the_root_cause() {
    let mut s = scheduler(Retain::All);
    let first = add(&mut s, Spec::new("first", Leaf(false)));
    let mut last = first;
    for _ in 1..MILLION {
        last = add(&mut s, leaf().after(last));
    }
    assert_eq!(finish(&mut s), 1);
    assert_eq!(s.metrics().blocked, MILLION as u64 - 1);
    let Some(WorkOutcome::Blocked(root)) = s.outcome(last) else {
        panic!("{:?}", s.outcome(last));
    };
    assert_eq!((root.id, &*root.name), (first, "first"));
    assert_eq!(s.reap_settled(), MILLION as usize);
    assert_flat(&s);
}

#[test]
fn a_blocked_chain_of_a_million_is_reclaimed_at_once_if_nothing_is_retained() {
    let mut s = scheduler(Retain::Nothing);
    let first = add(&mut s, leaf());
    let mut last = first;
    for _ in 1..MILLION {
        last = add(&mut s, leaf().after(last));
    }
    s.cancel(first).unwrap();
    finish(&mut s);
    assert_eq!(s.metrics().blocked, MILLION as u64 - 1);
    assert_flat(&s);
}

/// Edges that are added later, from either end of the chain, each with its search for a cycle.
#[test]
fn a_chain_of_a_million_can_be_joined_from_either_end() {
    for backwards in [false, true] {
        let mut s = scheduler(Retain::Nothing);
        let ids: Vec<WorkId> = (0..MILLION).map(|_| add(&mut s, leaf())).collect();
        let mut pairs: Vec<_> = ids.windows(2).collect();
        if backwards {
            pairs.reverse();
        }
        for pair in pairs {
            s.add_dependency(pair[0], pair[1]).unwrap();
        }
        let refused = s.add_dependency(ids[ids.len() - 1], ids[0]).unwrap_err();
        assert!(refused.to_string().contains("(999988 more)"), "{refused}");
        assert_eq!(finish(&mut s), MILLION as u64);
        assert_flat(&s);
    }
}

#[test]
fn a_chain_of_a_million_is_cancelled() {
    let mut s = scheduler(Retain::Nothing);
    let mut last = add(&mut s, leaf());
    for _ in 1..MILLION {
        last = add(&mut s, leaf().after_settled(last));
    }
    s.cancel_all();
    assert_eq!(finish(&mut s), 0);
    assert_eq!(s.metrics().cancelled, MILLION as u64);
    assert_flat(&s);
}

// ---- fans ----

#[test]
fn a_million_dependents_of_one_work() {
    let mut s = scheduler(Retain::Nothing);
    let first = add(&mut s, leaf());
    for _ in 0..MILLION {
        add(&mut s, leaf().after(first));
    }
    assert_eq!(finish(&mut s), MILLION as u64 + 1);
    assert_flat(&s);
}

#[test]
fn a_million_dependents_of_one_work_are_blocked() {
    let mut s = scheduler(Retain::All);
    let first = add(&mut s, Spec::new("first", Leaf(false)));
    let ids: Vec<WorkId> = (0..MILLION)
        .map(|_| add(&mut s, leaf().after(first)))
        .collect();
    assert_eq!(finish(&mut s), 1);
    assert!(
        ids.iter()
            .all(|&id| s.state(id) == Some(WorkState::Blocked))
    );
    s.reap(first).unwrap();
}

#[test]
fn a_work_after_a_million() {
    let mut s = scheduler(Retain::Nothing);
    let mut last = leaf();
    for _ in 0..MILLION {
        // Twice each: duplicates count once.
        let id = add(&mut s, leaf());
        last = last.after(id).after(id);
    }
    let last = add(&mut s, last);
    assert_eq!(s.snapshot().pop().unwrap().deps.len(), MILLION as usize);
    assert_eq!(s.state(last), Some(WorkState::Pending));
    assert_eq!(finish(&mut s), MILLION as u64 + 1);
    assert_flat(&s);
}

#[test]
fn edges_between_two_hubs_cost_no_more_than_the_smaller_one() {
    let mut s = scheduler(Retain::Nothing);
    let hub = add(&mut s, leaf());
    for _ in 0..MILLION {
        add(&mut s, leaf().after(hub));
    }
    // Every one of these looks for a cycle and for a duplicate next to a work with a million edges.
    for _ in 0..DEEP {
        let id = add(&mut s, leaf());
        s.add_dependency(hub, id).unwrap();
        s.add_dependency(hub, id).unwrap();
    }
    assert_eq!(finish(&mut s), (MILLION + DEEP) as u64 + 1);
}

#[test]
fn a_million_children_of_one_parent() {
    let mut s = scheduler(Retain::Nothing);
    s.add_fn("parent", |cx: &mut Cx<'_>| {
        for _ in 0..MILLION {
            cx.spawn(leaf())?;
        }
        Poll::Ready(Ok(()))
    })
    .unwrap();
    assert_eq!(finish(&mut s), MILLION as u64);
    assert_flat(&s);
}

#[test]
fn a_million_siblings_of_a_failed_child_are_aborted() {
    let mut s = scheduler(Retain::All);
    let parent = s
        .add_fn("parent", |cx: &mut Cx<'_>| {
            cx.spawn(Spec::new("bad", Leaf(false)))?;
            for _ in 0..MILLION {
                cx.spawn(leaf())?;
            }
            Poll::Ready(Ok(()))
        })
        .unwrap();
    assert!(finish(&mut s) < 10);
    assert_eq!(s.state(parent), Some(WorkState::Failed));
    assert_eq!(s.metrics().in_scheduler, 1);
}

#[test]
fn a_hundred_thousand_works_watch_one() {
    const WATCHERS: u32 = DEEP;
    let mut s = WorkScheduler::<Count>::new(
        WorkSchedulerConfig::default()
            .max_concurrency(WATCHERS as usize + 1)
            .retain(Retain::Nothing),
    );
    let gate = s
        .add_fn("gate", |cx: &mut Cx<'_>| {
            match cx.sleep(std::time::Duration::from_secs(1)) {
                Poll::Ready(()) => Poll::Ready(Ok(())),
                Poll::Pending => Poll::Pending,
            }
        })
        .unwrap();
    for _ in 0..WATCHERS {
        s.add_fn("watcher", move |cx: &mut Cx<'_>| {
            *cx.app += 1;
            match cx.watch(gate) {
                // It has been reclaimed: it has settled.
                Err(_) => Poll::Ready(Ok(())),
                Ok(_) => Poll::Pending,
            }
        })
        .unwrap();
    }
    let mut turns = 0;
    let asleep = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
    assert_eq!(asleep.next, Next::At(Time::from_secs(1)));
    let done = s.crank_work(Time::from_secs(1), &mut turns, Budget::unlimited());
    assert_eq!((done.next, turns), (Next::Idle, 2 * WATCHERS as u64));
}

// ---- nests ----

/// Spawns one child a level, and ends when that has ended; the innermost does as `last` says.
struct Nest {
    depth: u32,
    last: Last,
}

#[derive(Clone, Copy, PartialEq)]
enum Last {
    Succeeds,
    Fails,
    Sleeps,
}

impl Work<Count> for Nest {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        *cx.app += 1;
        if self.depth > 0 {
            let (depth, last) = (self.depth - 1, self.last);
            cx.spawn(Spec::new("nest", Nest { depth, last }))?;
            return Poll::Ready(Ok(()));
        }
        match self.last {
            Last::Succeeds => Poll::Ready(Ok(())),
            Last::Fails => Poll::Ready(Err(Failure::msg("innermost"))),
            Last::Sleeps => {
                cx.expect_wake();
                Poll::Pending
            }
        }
    }

    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        *cx.app += 1_000_000;
        Poll::Ready(())
    }
}

fn nest(s: &mut WorkScheduler<Count>, last: Last) -> Handle<()> {
    s.add(Spec::new("nest", Nest { depth: DEEP, last }))
        .unwrap()
}

#[test]
fn a_deep_nest_settles() {
    let mut s = scheduler(Retain::Nothing);
    nest(&mut s, Last::Succeeds);
    assert_eq!(finish(&mut s), DEEP as u64 + 1);
    assert_flat(&s);
}

#[test]
fn a_deep_nest_fails_from_the_inside() {
    let mut s = scheduler(Retain::All);
    let top = nest(&mut s, Last::Fails);
    assert_eq!(finish(&mut s), DEEP as u64 + 1);
    let failure = s.outcome(top).unwrap().failure().unwrap().clone();
    assert_eq!(failure.root().to_string(), "innermost");
    assert_eq!(s.metrics().in_scheduler, 1);
}

#[test]
fn a_deep_nest_is_aborted_from_the_outside() {
    let mut s = scheduler(Retain::All);
    let top = nest(&mut s, Last::Sleeps);
    let mut turns = 0;
    let crank = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
    assert_eq!(crank.next, Next::External);
    s.cancel(top).unwrap();
    // Each is asked to abort, the innermost first.
    assert_eq!(finish(&mut s), (DEEP as u64 + 1) * 1_000_000);
    assert_eq!(s.metrics().cancelled, DEEP as u64 + 1);
    assert_eq!(s.state(top), Some(WorkState::Cancelled));
}

#[test]
fn a_deep_nest_is_dropped_when_its_grace_is_over() {
    let mut s = scheduler(Retain::All);
    let top = s
        .add(Spec::new("top", Stubborn(DEEP)).abort_grace(std::time::Duration::from_secs(1)))
        .unwrap();
    let mut turns = 0;
    let _ = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
    s.cancel(top).unwrap();
    let _ = s.crank_work(Time::ZERO, &mut turns, Budget::unlimited());
    let crank = s.crank_work(Time::from_secs(1), &mut turns, Budget::unlimited());
    assert_eq!(crank.next, Next::Idle);
    assert_eq!(s.metrics().forced_aborts, DEEP as u64 + 1);
}

/// A nest whose innermost work does not end its abort.
struct Stubborn(u32);

impl Work<Count> for Stubborn {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        cx.expect_wake();
        if self.0 > 0 {
            cx.spawn(Spec::new("stubborn", Stubborn(self.0 - 1)))?;
        }
        Poll::Pending
    }

    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        cx.expect_wake();
        Poll::Pending
    }
}

/// Added before any of them has begun, so that each is held until its parent begins.
fn held_nest(s: &mut WorkScheduler<Count>, permits: bool) -> (WorkId, WorkId) {
    let gate = add(s, leaf());
    let spec = |spec: Spec<Count, Leaf>| if permits { spec } else { spec.no_permit() };
    let top = add(s, spec(leaf().after(gate)));
    let mut parent = top;
    for _ in 0..DEEP {
        parent = add(s, spec(leaf().parent(parent)));
    }
    (gate, top)
}

#[test]
fn a_deep_nest_that_is_held_begins() {
    for permits in [true, false] {
        let mut s = scheduler(Retain::Nothing);
        held_nest(&mut s, permits);
        assert_eq!(finish(&mut s), DEEP as u64 + 2);
        assert_flat(&s);
    }
}

#[test]
fn a_deep_nest_that_is_held_is_cancelled_or_blocked() {
    for cancel in [true, false] {
        let mut s = scheduler(Retain::Nothing);
        let (gate, top) = held_nest(&mut s, true);
        s.cancel(if cancel { top } else { gate }).unwrap();
        assert_eq!(finish(&mut s), cancel as u64);
        assert_eq!(s.metrics().cancelled, DEEP as u64 + 1);
        assert_flat(&s);
    }
}

// ---- flat memory ----

/// How many works `ten_million_works_in_flat_memory` adds.
const ALL: u64 = 10_000_000;

/// Ten million works come and go, a few thousand at a time, in the same few thousand slots.
/// `CRANKWORK_SCALE_WORKS` says how many instead.
#[test]
fn ten_million_works_in_flat_memory() {
    const AT_ONCE: usize = 4_096;
    let all = std::env::var("CRANKWORK_SCALE_WORKS").map_or(ALL, |n| n.parse().unwrap());
    let mut s = WorkScheduler::<Count>::new(
        WorkSchedulerConfig::default()
            .retain(Retain::Nothing)
            // More slots than that are never in use.
            .limits(Limits::default().works(AT_ONCE).edges(AT_ONCE)),
    );
    let mut turns = 0;
    let mut added = 0;
    while added < all {
        let mut last = add(&mut s, leaf());
        let batch = (all - added).min(AT_ONCE as u64);
        for n in 1..batch {
            // A chain now and then, so that edges come and go as well.
            last = add(
                &mut s,
                if n % 4 == 0 {
                    leaf().after(last)
                } else {
                    leaf()
                },
            );
        }
        added += batch;
        let crank = s.crank_work(Time::from_nanos(added), &mut turns, Budget::unlimited());
        assert_eq!((crank.next, s.metrics().in_scheduler), (Next::Idle, 0));
    }
    assert_eq!(
        (turns, s.metrics().total, s.metrics().success),
        (all, all, all)
    );
    // Slots and edges are used again: full to the limit once more, and no further.
    let gate = add(&mut s, leaf());
    for _ in 1..AT_ONCE {
        add(&mut s, leaf().after(gate));
    }
    assert!(s.add(leaf()).is_err());
    assert_eq!(s.metrics().in_scheduler, AT_ONCE as u64);
}
