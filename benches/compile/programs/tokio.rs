//! The three works of `application.rs` on tokio, in virtual time.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};

/// The line that changes between two builds.
const EDITION: u64 = 0;

const HOURS: u64 = 5;
const LINKS: u64 = 1_000;
const END: Duration = Duration::from_secs(HOURS * 3_600);

#[derive(Default)]
struct App {
    polls: Cell<u64>,
    tries: Cell<u64>,
    links: Cell<u64>,
}

async fn works(app: Rc<App>) -> Result<(), tokio::task::JoinError> {
    let end = Instant::now() + END;
    let of = app.clone();
    let poller = tokio::task::spawn_local(async move {
        while of.polls.get() < HOURS * 360_000 {
            sleep(Duration::from_millis(10)).await;
            of.polls.set(of.polls.get() + 1);
        }
    });
    let of = app.clone();
    let upload = tokio::task::spawn_local(async move {
        let mut delay = Duration::from_millis(100);
        while Instant::now() < end {
            of.tries.set(of.tries.get() + 1);
            sleep(delay).await;
            delay = (delay * 2).min(Duration::from_secs(30));
        }
    });
    for _ in 0..LINKS {
        let of = app.clone();
        let link = tokio::task::spawn_local(async move {
            sleep(END / LINKS as u32).await;
            of.links.set(of.links.get() + 1);
        });
        link.await?;
    }
    poller.await?;
    upload.await
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()?;
    let app: Rc<App> = Rc::default();
    LocalSet::new().block_on(&runtime, works(app.clone()))?;
    assert_eq!((app.polls.get(), app.links.get()), (HOURS * 360_000, LINKS));
    println!("{}", EDITION + app.tries.get());
    Ok(())
}
