//! Heap bytes per work, by state: the bytes asked for, growth of the engine's own vectors included. Prints JSON.

use cap::Cap;
use crankwork::{
    Budget, Failure, Name, Retry, Spec, Time, Work, WorkContext, WorkId, WorkScheduler,
    WorkSchedulerConfig,
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

fn run<W: Work<()> + 'static>(works: u64, spec: impl Fn(u64) -> Spec<(), W>) -> WorkScheduler<()> {
    let config = WorkSchedulerConfig::default().max_concurrency(usize::MAX);
    let mut scheduler = WorkScheduler::new(config);
    for work in 0..works {
        if let Err(error) = scheduler.add(spec(work)) {
            panic!("refused: {error}");
        }
    }
    let _ = scheduler.crank_work(Time::ZERO, &mut (), Budget::unlimited());
    scheduler
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

/// Works that wait for three others, of which there are few.
fn with_dependencies(works: u64) -> f64 {
    per_work(works, || {
        let mut scheduler = run(3, |_| Spec::new("first", Body::<false, true>(0, 0)));
        let first: Vec<WorkId> = scheduler.snapshot().iter().map(|work| work.id).collect();
        for work in 0..works {
            let spec = first.iter().fold(
                Spec::new("then", Body::<false, false>(work, 0)),
                |spec, &id| spec.after(id),
            );
            if let Err(error) = scheduler.add(spec) {
                panic!("refused: {error}");
            }
        }
        scheduler
    })
}

fn settled(works: u64, reap: bool) -> f64 {
    per_work(works, || {
        let mut scheduler = run(works, |work| {
            Spec::new("work", Body::<false, false>(work, 0))
        });
        if reap {
            scheduler.reap_settled();
        }
        scheduler
    })
}

fn main() {
    let works = std::env::args()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .unwrap_or(1_000_000);
    let waiting = |work| Spec::new("work", Body::<false, true>(work, 0));
    let sleeping = |work| Spec::new("work", Body::<true, true>(work, 0)).retry(Retry::A_FEW);
    let named = |work: u64| {
        let name: Name = format!("a name of 24 bytes{work:06}").into();
        Spec::new(name, Body::<false, true>(work, 0))
    };
    let bytes = BTreeMap::from([
        ("tokio task", tokio_task(works)),
        ("stakker actor", stakker_actor(works)),
        ("waiting", per_work(works, || run(works, waiting))),
        (
            "waiting, timer, retry",
            per_work(works, || run(works, sleeping)),
        ),
        ("24-byte name", per_work(works, || run(works, named))),
        ("pending, 3 dependencies", with_dependencies(works)),
        ("settled, kept", settled(works, false)),
        ("settled, reaped", settled(works, true)),
    ]);
    match serde_json::to_string(&bytes) {
        Ok(line) => println!("{line}"),
        Err(error) => panic!("{error}"),
    }
}
