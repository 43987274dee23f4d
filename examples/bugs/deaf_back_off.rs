//! A back-off that ignores a cancel.
//!
//! An upload sends its pieces, and backs off while the server is not open. When it is cancelled it sends the rest, but
//! goes through the same back-off: a program that wants to end waits half a minute for it. In production order the
//! server opens before the first piece.

use crankwork::explore::{Node, Sim};
use crankwork::{Failure, Handle, Spec, Time, Work, WorkContext, WorkScheduler};
use std::task::{Poll, ready};
use std::time::Duration;

const BACK_OFF: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether the server is open, and what it has got.
#[derive(Default)]
pub struct Server {
    is_open: bool,
    pieces: u32,
}

type Cx<'a> = WorkContext<'a, Server>;

/// Sends pieces, one a turn.
struct Upload {
    left: u32,
    backs_off: bool,
    has_bug: bool,
}

impl Upload {
    fn send(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        if self.backs_off {
            ready!(cx.sleep(BACK_OFF));
            self.backs_off = false;
        }
        if !cx.app.is_open {
            self.backs_off = true;
            return cx.yield_now();
        }
        cx.app.pieces += 1;
        self.left -= 1;
        match self.left {
            0 => Poll::Ready(()),
            _ => cx.yield_now(),
        }
    }
}

impl Work<Server> for Upload {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        self.send(cx).map(Ok)
    }

    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        // A piece that would have to wait is not worth the wait any more.
        if self.backs_off && !self.has_bug {
            return Poll::Ready(());
        }
        self.send(cx)
    }
}

/// Cancels the upload after some turns, and waits for its end.
struct Shutdown {
    upload: Handle<()>,
    turns: u32,
    asked: Option<Time>,
}

impl Work<Server> for Shutdown {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        if self.turns > 0 {
            self.turns -= 1;
            return cx.yield_now();
        }
        if self.asked.is_none() {
            self.asked = Some(cx.now());
            cx.cancel(self.upload)?;
        }
        if cx.watch(self.upload)? {
            return Poll::Pending;
        }
        let waited = self.asked.map(|asked| cx.now().saturating_since(asked));
        assert!(waited <= Some(PATIENCE), "the upload is not over in time");
        Poll::Ready(Ok(()))
    }
}

/// Adds a server, an upload of five pieces, and the end of the program.
pub fn add_works(work: &mut WorkScheduler<Server>, has_bug: bool) {
    let server = work.add_fn("server", |cx| {
        cx.app.is_open = true;
        Poll::Ready(Ok(()))
    });
    server.expect("there is room");
    let upload = Upload {
        left: 5,
        backs_off: false,
        has_bug,
    };
    let spec = Spec::new("upload", upload).abort_grace(2 * BACK_OFF);
    let upload = work.add(spec).expect("there is room");
    let shutdown = Shutdown {
        upload,
        turns: 2,
        asked: None,
    };
    let spec = Spec::new("shutdown", shutdown);
    work.add(spec).expect("there is room");
}

/// Says what some order has to come to. The works themselves assert what holds in every order.
pub fn conditions(sim: &mut Sim, node: Node<Server>) {
    sim.sometimes("all pieces have come", move |world| {
        world.app(node).pieces == 5
    });
}

/// The whole program, with its bug or without.
pub fn program(sim: &mut Sim, has_bug: bool) {
    let node = sim.node("uploads", Server::default());
    add_works(sim.work(node), has_bug);
    conditions(sim, node);
}
