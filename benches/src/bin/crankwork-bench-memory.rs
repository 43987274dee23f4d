//! Heap bytes per work, by state: the bytes asked for, growth of the engine's own vectors included. Prints JSON.
//!
//! Every work has a body of 16 bytes and, unless said otherwise, a static name. That all works are in the state which
//! is meant is asserted.

use cap::Cap;
use crankwork::{
    Budget, Failure, Name, Retry, Spec, Time, Work, WorkContext, WorkId, WorkScheduler,
    WorkSchedulerConfig, WorkState,
};
use std::alloc::System;
use std::collections::BTreeMap;
use std::task::Poll;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, usize::MAX);

/// 16 bytes: two numbers, and what it does.
struct Body<const TIMER: bool, const WAIT: bool>(u64, u64);

impl<const TIMER: bool, const WAIT: bool> Work<()> for Body<TIMER, WAIT> {
    fn poll(&mut self, cx: &mut WorkContext<'_, ()>) -> Poll<Result<(), Failure>> {
        self.0 += 1;
        self.1 += self.0;
        if !WAIT {
            return Poll::Ready(Ok(()));
        }
        if TIMER {
            cx.wake_after(Duration::from_nanos(1_000_000_000 + self.1));
        } else {
            cx.expect_wake();
        }
        Poll::Pending
    }
}

/// Bytes per work that `make` leaves allocated.
fn per_work<R>(works: u64, make: impl FnOnce() -> R) -> f64 {
    let before = ALLOCATOR.allocated();
    let kept = make();
    let bytes = ALLOCATOR.allocated() - before;
    drop(kept);
    bytes as f64 / works as f64
}

/// Never ends: waits for a wake.
fn waiter(work: u64) -> Body<false, true> {
    Body(work, 0)
}

/// Waits for its alarm.
fn sleeper(work: u64) -> Body<true, true> {
    Body(work, 0)
}

/// Ends in its only turn.
fn once(work: u64) -> Body<false, false> {
    Body(work, 0)
}

fn scheduler(slots: usize) -> WorkScheduler<()> {
    WorkScheduler::new(WorkSchedulerConfig::default().max_concurrency(slots))
}

fn add<W: Work<()> + 'static>(scheduler: &mut WorkScheduler<()>, spec: Spec<(), W>) -> WorkId {
    match scheduler.add(spec) {
        Ok(handle) => handle.id(),
        Err(error) => panic!("refused: {error}"),
    }
}

/// Gives all their turns, and sees that so many works are in one state.
fn crank(mut scheduler: WorkScheduler<()>, works: u64, state: WorkState) -> WorkScheduler<()> {
    let _ = scheduler.crank_work(Time::ZERO, &mut (), Budget::unlimited());
    assert_eq!(scheduler.metrics().in_state(state), works, "{state:?}");
    scheduler
}

/// Works that nothing holds back.
fn free<W: Work<()> + 'static>(
    works: u64,
    state: WorkState,
    spec: impl Fn(u64) -> Spec<(), W>,
) -> f64 {
    per_work(works, || {
        let mut scheduler = scheduler(usize::MAX);
        for work in 0..works {
            add(&mut scheduler, spec(work));
        }
        crank(scheduler, works, state)
    })
}

/// Works that come after so many others, the same for all, which never end.
fn pending(works: u64, dependencies: u64) -> f64 {
    per_work(works, || {
        let mut scheduler = scheduler(usize::MAX);
        let first: Vec<WorkId> = (0..dependencies)
            .map(|_| add(&mut scheduler, Spec::new("first", waiter(0))))
            .collect();
        for work in 0..works {
            let spec = Spec::new("then", once(work));
            let spec = first.iter().fold(spec, |spec, &id| spec.after(id));
            add(&mut scheduler, spec);
        }
        crank(scheduler, works, WorkState::Pending)
    })
}

/// Works that have no permit, since one work has the only one.
fn queued(works: u64) -> f64 {
    per_work(works, || {
        let mut scheduler = scheduler(1);
        for work in 0..=works {
            add(&mut scheduler, Spec::new("work", waiter(work)));
        }
        crank(scheduler, works, WorkState::Queued)
    })
}

/// What is left of works when they are no longer in the scheduler: room for others.
fn reaped(works: u64) -> f64 {
    per_work(works, || {
        let mut scheduler = scheduler(usize::MAX);
        for work in 0..works {
            add(&mut scheduler, Spec::new("work", once(work)));
        }
        let mut scheduler = crank(scheduler, works, WorkState::Success);
        scheduler.reap_settled();
        assert_eq!(scheduler.metrics().in_scheduler, 0);
        scheduler
    })
}

/// Bytes per task of tokio's, asleep for ever, with the same 16 bytes of state.
fn tokio_task(works: u64) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.expect("a runtime without drivers can always be built");
    per_work(works, || {
        for work in 0..works {
            let mut state = [work, 0u64];
            let asleep = std::future::poll_fn(move |_| {
                state[0] += 1;
                state[1] += state[0];
                Poll::<()>::Pending
            });
            drop(runtime.spawn(asleep));
        }
        // All have one poll.
        runtime.block_on(async {
            for _ in 0..works {
                tokio::task::yield_now().await;
            }
        });
    })
}

struct Actor {
    _state: (u64, u64),
}

impl Actor {
    fn init(_: stakker::CX![]) -> Option<Self> {
        Some(Actor { _state: (0, 0) })
    }
}

fn stakker_actor(works: u64) -> f64 {
    let now = std::time::Instant::now();
    let mut core = stakker::Stakker::new(now);
    let stakker = &mut core;
    per_work(works, || {
        let actors: Vec<stakker::ActorOwn<Actor>> = (0..works)
            .map(|_| stakker::actor!(stakker, Actor::init(), stakker::ret_nop!()))
            .collect();
        stakker.run(now, false);
        actors
    })
}

fn main() {
    let works = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(1_000_000);
    let waiting = |work| Spec::new("work", waiter(work));
    let sleeping = |work| Spec::new("work", sleeper(work)).retry(Retry::A_FEW);
    let named = |work: u64| {
        let name: Name = format!("a name of 24 bytes{work:06}").into();
        Spec::new(name, waiter(work))
    };
    let ending = |work| Spec::new("work", once(work));
    let bytes = BTreeMap::from([
        ("tokio task", tokio_task(works)),
        ("stakker actor", stakker_actor(works)),
        ("pending", pending(works, 1)),
        ("pending, 3 dependencies", pending(works, 3)),
        ("queued", queued(works)),
        ("waiting", free(works, WorkState::Waiting, waiting)),
        (
            "waiting, 24-byte name",
            free(works, WorkState::Waiting, named),
        ),
        (
            "waiting, timer, retry",
            free(works, WorkState::Waiting, sleeping),
        ),
        ("settled, kept", free(works, WorkState::Success, ending)),
        ("settled, reaped", reaped(works)),
    ]);
    match serde_json::to_string(&bytes) {
        Ok(line) => println!("{line}"),
        Err(error) => panic!("{error}"),
    }
}
