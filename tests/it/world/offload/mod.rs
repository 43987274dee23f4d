//! Closures on a pool of threads, and in virtual time.

mod bounded;
mod ends;
mod exit;
mod time;

use crankwork::{Failure, ThreadOffload, Ticket, Work, WorkContext};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// Offloads one closure in its first turn, and gives its result.
struct Task<F, R> {
    closure: F,
    ticket: Option<Ticket<R>>,
}

impl<F, R> Task<F, R>
where
    F: FnMut() -> R + Clone + Send + 'static,
    R: Send + 'static,
{
    fn new(closure: F) -> Self {
        Task {
            closure,
            ticket: None,
        }
    }
}

impl<C: ?Sized, F, R> Work<C, R> for Task<F, R>
where
    F: FnMut() -> R + Clone + Send + 'static,
    R: Send + 'static,
{
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<R, Failure>> {
        let closure = self.closure.clone();
        let ticket = self.ticket.get_or_insert_with(|| cx.offload(closure));
        ticket.poll(cx)
    }

    fn on_reset(&mut self, _: &mut WorkContext<'_, C>) {
        self.ticket = None;
    }
}

/// A job that says that it runs, then waits until the test lets it go on.
struct Gate {
    running: Receiver<()>,
    release: Sender<()>,
}

fn gated() -> (Gate, impl FnMut() -> &'static str + Clone + Send + 'static) {
    let (says, running) = mpsc::channel();
    let (release, waits) = mpsc::channel::<()>();
    let waits = Arc::new(Mutex::new(waits));
    let job = move || {
        let _ = says.send(());
        // A gate that the test has dropped is open.
        let _ = waits.lock().unwrap().recv();
        "through"
    };
    (Gate { running, release }, job)
}

fn pool(threads: usize) -> ThreadOffload {
    ThreadOffload::new(threads).unwrap()
}
