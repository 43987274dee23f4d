//! A permit that leaks when a work is tried again.
//!
//! A query borrows one of two connections. If the server does not answer, the attempt fails and the query keeps its
//! connection for the next one. A cancel during the back-off finds no question under way, and nothing is given back. So
//! it takes a fault and an order: the cancel has to come after the failure.

use crankwork::explore::{Node, Sim};
use crankwork::{Backoff, Failure, Handle, Retry, Spec, Work, WorkContext, WorkScheduler};
use std::task::Poll;
use std::time::Duration;

const CONNECTIONS: u32 = 2;
const BACK_OFF: Duration = Duration::from_millis(100);
const BUSY: Duration = Duration::from_millis(5);

/// The connections that nobody uses.
pub struct Pool {
    free: u32,
}

impl Default for Pool {
    fn default() -> Self {
        Pool { free: CONNECTIONS }
    }
}

type Cx<'a> = WorkContext<'a, Pool>;

/// Borrows a connection, asks the server in one turn, and reads the answer in the next.
struct Query {
    has_connection: bool,
    has_asked: bool,
    has_bug: bool,
}

impl Query {
    fn give_back(&mut self, cx: &mut Cx<'_>) {
        cx.app.free += u32::from(std::mem::take(&mut self.has_connection));
    }
}

impl Work<Pool> for Query {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        if !self.has_connection {
            if cx.app.free == 0 {
                cx.wake_after(BUSY);
                return Poll::Pending;
            }
            cx.app.free -= 1;
            self.has_connection = true;
        }
        if !std::mem::replace(&mut self.has_asked, true) {
            return cx.yield_now();
        }
        if cx.choose("answer", 2) == 1 {
            return Poll::Ready(Err(Failure::msg("no answer")));
        }
        self.give_back(cx);
        Poll::Ready(Ok(()))
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        self.has_asked = false;
    }

    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        // The bug forgets that a query has its connection between two attempts, too.
        if self.has_asked || !self.has_bug {
            self.give_back(cx);
        }
        Poll::Ready(())
    }

    fn on_failure_raise(&mut self, cx: &mut Cx<'_>) {
        self.give_back(cx);
    }
}

/// Adds three queries for two connections, and a user that cancels the second query.
pub fn add_works(work: &mut WorkScheduler<Pool>, has_bug: bool) {
    let queries = [0, 1, 2].map(|number| -> Handle<()> {
        let query = Query {
            has_connection: false,
            has_asked: false,
            has_bug,
        };
        let retry = Retry::times(3).with_backoff(Backoff::fixed(BACK_OFF));
        let spec = Spec::new(format!("query-{number}"), query).retry(retry);
        work.add(spec).expect("there is room for a query")
    });
    let user = work.add_fn("user", move |cx| {
        cx.cancel(queries[1])?;
        Poll::Ready(Ok(()))
    });
    user.expect("there is room for a user");
}

/// Says what holds in every order.
pub fn conditions(sim: &mut Sim, node: Node<Pool>) {
    sim.eventually("all connections are back", move |world| {
        world.app(node).free == CONNECTIONS
    });
}

/// The whole program, with its bug or without.
pub fn program(sim: &mut Sim, has_bug: bool) {
    let node = sim.node("database", Pool::default());
    add_works(sim.work(node), has_bug);
    conditions(sim, node);
}
