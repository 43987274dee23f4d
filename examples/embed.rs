//! How do I put a scheduler into my own main loop, and how does another thread wake a work?
//!
//! ```text
//! cargo run --example embed
//! ```
//!
//! The host waits on its own channel. The scheduler says how long it may wait, and a wake from another thread arrives
//! there like any other event.

use crankwork::{Budget, Failure, MonotonicClock, Next, WorkContext, WorkScheduler};
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

/// The events of the host's own channel.
enum Event {
    Crank,
    Line(String),
}

/// The application: the host's own state, lent to each work for its turn.
#[derive(Default)]
struct Node {
    lines: Vec<String>,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (events, inbox) = mpsc::channel();
    let mut node = Node::default();
    let mut work = WorkScheduler::<Node>::new(Default::default());
    let clock = MonotonicClock::new();

    let notify = events.clone();
    work.set_notifier(move || {
        // The host may have ended already, and then it need not be told.
        let _ = notify.send(Event::Crank);
    });

    work.add_fn("wait for a thread", wait_for_a_thread())?;

    events.send(Event::Line(String::from("an event of the host's own")))?;
    loop {
        let crank = work.crank_work(clock.now(), &mut node, Budget::turns(100));
        let event = match crank.next {
            Next::Idle => break,
            Next::Stalled => return Err(work.stall_report().to_string().into()),
            next => match next.timeout(clock.now()) {
                Some(wait) => inbox.recv_timeout(wait).ok(),
                None => inbox.recv().ok(),
            },
        };
        match event {
            Some(Event::Line(line)) => node.lines.push(line),
            Some(Event::Crank) | None => {}
        }
    }
    println!("{}", node.lines.join("\n"));
    Ok(())
}

/// Blocking work belongs on a thread of its own; the work sleeps until that thread wakes it.
fn wait_for_a_thread() -> impl FnMut(&mut WorkContext<'_, Node>) -> Poll<Result<(), Failure>> {
    let mut helper = None;
    move |cx| match &helper {
        None => {
            let waker = cx.remote_waker();
            helper = Some(thread::spawn(move || {
                thread::sleep(Duration::from_millis(20));
                waker.wake();
            }));
            Poll::Pending
        }
        Some(thread) if !thread.is_finished() => cx.yield_now(),
        Some(_) => {
            let line = format!("the thread was done at {}", cx.now());
            cx.app.lines.push(line);
            Poll::Ready(Ok(()))
        }
    }
}
