//! How does one work own others, and what do I see while they run?
//!
//! ```text
//! cargo run --example tree
//! ```
//!
//! A parent fetches five files as its children. One of them fails twice and backs off, which the status tree shows. The
//! run is in virtual time.

use crankwork::{
    Backoff, Budget, Failure, Next, Retry, Spec, StatusContext, Time, Work, WorkContext,
    WorkScheduler, WorkSchedulerConfig,
};
use std::fmt;
use std::task::{Poll, ready};
use std::time::Duration;

/// Fetches one file; the third needs three attempts.
struct Fetch {
    number: u32,
}

impl<C: ?Sized> Work<C> for Fetch {
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<(), Failure>> {
        ready!(cx.sleep(Duration::from_secs(u64::from(self.number))));
        if self.number == 3 && cx.attempt() < 3 {
            return Poll::Ready(Err(Failure::msg("connection reset")));
        }
        Poll::Ready(Ok(()))
    }

    fn status(&self, _: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "file {}", self.number)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = WorkSchedulerConfig::default().backoff(Backoff::fixed(Duration::from_secs(10)));
    let mut work = WorkScheduler::<()>::new(config);
    let mut spawned = false;
    work.add_fn("sync", move |cx| {
        if !spawned {
            spawned = true;
            for number in 1..=5 {
                let fetch = Spec::new(format!("fetch {number}"), Fetch { number });
                cx.spawn(fetch.retry(Retry::A_FEW))?;
            }
        }
        // The work itself is done; it settles when its children have settled.
        Poll::Ready(Ok(()))
    })?;

    let mut now = Time::ZERO;
    loop {
        let crank = work.crank_work(now, &mut (), Budget::unlimited());
        println!("at {now}\n{}", work.status());
        match crank.next {
            Next::At(at) => now = at,
            _ => return Ok(()),
        }
    }
}
