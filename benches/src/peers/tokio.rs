//! tokio, `current_thread`: a task per work, woken by `wake_by_ref`; a `JoinSet` driven by Kahn's algorithm, and
//! one with a spawn for each task that has ended.

use super::yield_once;
use crate::baselines::{Count, Graph};
use crate::graphs::Dag;
use crate::lives::{ALIVE, Life, delay, name};
use crate::timers::Delays;
use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio_util::time::DelayQueue;

fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread().build();
    runtime.expect("a runtime without drivers can always be built")
}

/// Time is virtual, and moves on by itself when nothing else is to be done.
fn paused_runtime() -> Runtime {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime with a clock can always be built")
}

/// Tasks that yield for ever.
pub struct Turns {
    runtime: Runtime,
    turns: Arc<AtomicU64>,
}

impl Turns {
    pub fn new(works: u32) -> Self {
        let runtime = runtime();
        let turns = Arc::new(AtomicU64::new(0));
        for _ in 0..works {
            let turns = turns.clone();
            runtime.spawn(async move {
                let mut count = Count::default();
                loop {
                    count.count();
                    // One thread: no read-modify-write is needed.
                    turns.store(turns.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
                    yield_once().await;
                }
            });
        }
        Turns { runtime, turns }
    }

    /// Gives at least so many turns, and says how many.
    pub fn run(&mut self, turns: u64) -> u64 {
        let before = self.turns.load(Ordering::Relaxed);
        let all = &self.turns;
        self.runtime.block_on(async {
            while all.load(Ordering::Relaxed) - before < turns {
                yield_once().await;
            }
        });
        self.turns.load(Ordering::Relaxed) - before
    }
}

/// Kahn's algorithm over a `JoinSet`.
pub struct Join(Runtime);

impl Join {
    pub fn new() -> Self {
        Join(runtime())
    }

    pub fn run(&self, dag: &Dag) -> usize {
        self.0.block_on(async {
            let mut graph = Graph::of(dag);
            let mut set = JoinSet::new();
            let start = |set: &mut JoinSet<u32>, node: u32| {
                let mut count = Count::default();
                set.spawn(async move {
                    count.count();
                    node
                });
            };
            graph.sources().for_each(|node| start(&mut set, node));
            let mut done = 0;
            while let Some(Ok(node)) = set.join_next().await {
                graph.done(node, |after| start(&mut set, after));
                done += 1;
            }
            done
        })
    }
}

/// `DelayQueue` in tokio's paused time, which moves on by itself when nothing else is to be done.
pub struct DelayQueueTimers {
    runtime: Runtime,
    queue: DelayQueue<u32>,
    delays: Delays,
}

impl DelayQueueTimers {
    pub fn new(n: u64, mut delays: Delays) -> Self {
        let runtime = paused_runtime();
        let queue = runtime.block_on(async {
            let mut queue = DelayQueue::new();
            for owner in 0..n as u32 {
                queue.insert(owner, Duration::from_nanos(delays.next()));
            }
            queue
        });
        DelayQueueTimers {
            runtime,
            queue,
            delays,
        }
    }

    pub fn fire_and_insert(&mut self, times: u64) {
        let (queue, delays) = (&mut self.queue, &mut self.delays);
        self.runtime.block_on(async {
            for _ in 0..times {
                if let Some(expired) = std::future::poll_fn(|cx| queue.poll_expired(cx)).await {
                    queue.insert(expired.into_inner(), Duration::from_nanos(delays.next()));
                }
            }
        });
    }

    pub fn insert_and_cancel(&mut self, times: u64) {
        let (queue, delays) = (&mut self.queue, &mut self.delays);
        self.runtime.block_on(async {
            for owner in 0..times {
                let key = queue.insert(owner as u32, Duration::from_nanos(delays.next()));
                queue.remove(&key);
            }
        });
    }
}

/// Ends as `life` says, with a name of its own.
async fn brief(life: Life, work: u64) {
    let name = name(work);
    let mut count = Count::default();
    for _ in 0..life.yields {
        count.count();
        yield_once().await;
    }
    if life.sleeps {
        count.count();
        tokio::time::sleep(delay(work)).await;
    }
    count.count();
    black_box(&name);
}

/// Tasks that end, each followed by another.
pub struct Forever {
    runtime: Runtime,
    set: JoinSet<()>,
    life: Life,
    spawned: u64,
}

impl Forever {
    pub fn new(life: Life) -> Self {
        let runtime = paused_runtime();
        let mut set = JoinSet::new();
        for work in 0..ALIVE {
            set.spawn_on(brief(life, work), runtime.handle());
        }
        Forever {
            runtime,
            set,
            life,
            spawned: ALIVE,
        }
    }

    /// Joins `works` tasks, and spawns another for each.
    pub fn run(&mut self, works: u64) {
        let (set, spawned) = (&mut self.set, &mut self.spawned);
        self.runtime.block_on(async {
            for _ in 0..works {
                assert!(matches!(set.join_next().await, Some(Ok(()))));
                set.spawn(brief(self.life, *spawned));
                *spawned += 1;
            }
        });
    }
}
