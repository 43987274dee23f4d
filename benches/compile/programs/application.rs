//! One application type and three works on it: one polls every 10 ms, one fails and is tried again, the others are a
//! chain.

use crankwork::{Backoff, Failure, Jitter, Retry, Spec, Time, VirtualDriver};
use crankwork::{WorkContext, WorkId, WorkScheduler};
use std::error::Error;
use std::task::{Poll, ready};
use std::time::Duration;

/// The line that changes between two builds.
const EDITION: u64 = 0;
/// Differs among applications, and so does the layout of their types.
const SPARE: usize = 0;

const HOURS: u64 = 5;
const LINKS: u64 = 1_000;

pub struct App {
    polls: u64,
    tries: u64,
    links: u64,
    spare: [u64; SPARE],
}

pub fn run() -> Result<u64, Box<dyn Error>> {
    let end = Duration::from_secs(HOURS * 3_600);
    let mut work = WorkScheduler::<App>::new(Default::default());
    work.add_fn("poller", move |cx| {
        while cx.app.polls < HOURS * 360_000 {
            ready!(cx.sleep(Duration::from_millis(10)));
            cx.app.polls += 1;
        }
        Poll::Ready(Ok(()))
    })?;
    let backoff = Backoff::growing(Duration::from_millis(100))
        .cap(Duration::from_secs(30))
        .jitter(Jitter::Full);
    let upload = move |cx: &mut WorkContext<'_, App>| {
        cx.app.tries += 1;
        if cx.now() < Time::from_nanos(end.as_nanos() as u64) {
            return Poll::Ready(Err(Failure::msg("connection reset")));
        }
        Poll::Ready(Ok(()))
    };
    let often = Retry::times(1_000_000).with_backoff(backoff.into());
    work.add(Spec::new("upload", upload).retry(often))?;
    let mut before: Option<WorkId> = None;
    for _ in 0..LINKS {
        let link = Spec::new("link", move |cx: &mut WorkContext<'_, App>| {
            ready!(cx.sleep(end / LINKS as u32));
            cx.app.links += 1;
            Poll::Ready(Ok(()))
        });
        let link = match before {
            Some(id) => link.after(id),
            None => link,
        };
        before = Some(work.add(link)?.id());
    }
    let mut app = App {
        polls: 0,
        tries: 0,
        links: 0,
        spare: [EDITION; SPARE],
    };
    work.run_until_done(&mut app, &mut VirtualDriver::new())?;
    assert_eq!((app.polls, app.links), (HOURS * 360_000, LINKS));
    Ok(EDITION + app.tries + app.spare.iter().sum::<u64>())
}
