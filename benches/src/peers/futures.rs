//! `FuturesUnordered`: polled in a loop; driven by Kahn's algorithm; and with a push for each future that has ended.

use super::yield_once;
use crate::baselines::{Count, Graph};
use crate::graphs::Dag;
use crate::lives::{ALIVE, Life, delay, name};
use futures_util::stream::{FuturesUnordered, Stream};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::hint::black_box;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

type Endless = Pin<Box<dyn Future<Output = ()>>>;

async fn endless(turns: Rc<Cell<u64>>) {
    let mut count = Count::default();
    loop {
        count.count();
        turns.set(turns.get() + 1);
        yield_once().await;
    }
}

/// Futures that yield for ever.
pub struct Turns {
    all: FuturesUnordered<Endless>,
    turns: Rc<Cell<u64>>,
}

impl Turns {
    pub fn new(works: u32) -> Self {
        let turns = Rc::new(Cell::new(0));
        let all = (0..works).map(|_| Box::pin(endless(turns.clone())) as Endless);
        Turns {
            all: all.collect(),
            turns,
        }
    }

    /// Gives at least so many turns, and says how many.
    pub fn run(&mut self, turns: u64) -> u64 {
        let before = self.turns.get();
        let mut cx = Context::from_waker(Waker::noop());
        while self.turns.get() - before < turns {
            let _ = Pin::new(&mut self.all).poll_next(&mut cx);
        }
        self.turns.get() - before
    }
}

/// Kahn's algorithm over `FuturesUnordered`.
pub fn run(dag: &Dag) -> usize {
    let mut graph = Graph::of(dag);
    let start = |node: u32| async move {
        let mut count = Count::default();
        count.count();
        node
    };
    let mut running: FuturesUnordered<_> = graph.sources().map(start).collect();
    let mut cx = Context::from_waker(Waker::noop());
    let mut done = 0;
    loop {
        match Pin::new(&mut running).poll_next(&mut cx) {
            Poll::Ready(Some(node)) => {
                graph.done(node, |after| running.push(start(after)));
                done += 1;
            }
            Poll::Ready(None) => return done,
            Poll::Pending => {}
        }
    }
}

/// The sleepers by deadline, and the time. A number keeps equal deadlines apart.
#[derive(Default)]
struct Clock {
    now: Duration,
    sleepers: BTreeMap<(Duration, u64), Waker>,
}

/// Sleeps once, for `delay`; `work` is its number.
async fn sleep(clock: Rc<RefCell<Clock>>, work: u64, delay: Duration) {
    let at = clock.borrow().now + delay;
    poll_fn(|cx| {
        let mut clock = clock.borrow_mut();
        if clock.now >= at {
            return Poll::Ready(());
        }
        clock.sleepers.insert((at, work), cx.waker().clone());
        Poll::Pending
    })
    .await;
}

/// Ends as `life` says, with a name of its own.
async fn brief(life: Life, work: u64, clock: Rc<RefCell<Clock>>) {
    let name = name(work);
    let mut count = Count::default();
    for _ in 0..life.yields {
        count.count();
        yield_once().await;
    }
    if life.sleeps {
        count.count();
        sleep(clock, work, delay(work)).await;
    }
    count.count();
    black_box(&name);
}

/// Returns a function that polls until as many works as it is told have ended, and pushes another for each. Time
/// moves on when all sleep.
pub fn forever(life: Life) -> impl FnMut(u64) {
    let clock: Rc<RefCell<Clock>> = Rc::default();
    let first = (0..ALIVE).map(|work| brief(life, work, clock.clone()));
    let mut all: FuturesUnordered<_> = first.collect();
    let mut pushed = ALIVE;
    move |works| {
        let mut cx = Context::from_waker(Waker::noop());
        let mut ended = 0;
        while ended < works {
            if let Poll::Ready(Some(())) = Pin::new(&mut all).poll_next(&mut cx) {
                ended += 1;
                all.push(brief(life, pushed, clock.clone()));
                pushed += 1;
                continue;
            }
            let mut clock = clock.borrow_mut();
            if clock.sleepers.len() as u64 == ALIVE
                && let Some(((at, _), waker)) = clock.sleepers.pop_first()
            {
                clock.now = at;
                drop(clock);
                waker.wake();
            }
        }
    }
}
