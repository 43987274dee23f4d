//! `FuturesUnordered`: polled in a loop; and driven by Kahn's algorithm.

use super::yield_once;
use crate::baselines::{Count, Graph};
use crate::graphs::Dag;
use futures_util::stream::{FuturesUnordered, Stream};
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

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
