//! How do I run code that is written as an `async fn`, without a runtime?
//!
//! ```text
//! cargo run --example async_fn
//! ```
//!
//! `FutureWork` hosts a future, and any thread may use its waker. A future cannot borrow the application, since it
//! outlives the turn. Give it what it needs, and let it return what it has found.

use crankwork::compose::FutureWork;
use crankwork::{Failure, ParkDriver, Retry, Spec, WorkContext, WorkScheduler};
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};
use std::thread;

/// The result of a thread, and the waker of the future that waits for it.
#[derive(Default)]
struct Answer {
    value: Option<u64>,
    waiter: Option<Waker>,
}

/// Lets a thread add up the numbers below `n`, and waits for it without blocking this one.
async fn sum_below(n: u64) -> u64 {
    let answer = Arc::new(Mutex::new(Answer::default()));
    let there = answer.clone();
    thread::spawn(move || {
        let sum = (0..n).sum();
        let mut answer = there.lock().expect("nobody panics with the lock");
        answer.value = Some(sum);
        if let Some(waiter) = answer.waiter.take() {
            waiter.wake();
        }
    });
    poll_fn(|cx| {
        let mut answer = answer.lock().expect("nobody panics with the lock");
        answer.waiter = Some(cx.waker().clone());
        answer.value.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

/// Plain `async` code: one `await` after the other, and `?` for errors.
async fn twice(n: u64) -> Result<u64, Failure> {
    let first = sum_below(n).await;
    let second = sum_below(n + 1).await;
    first
        .checked_add(second)
        .ok_or_else(|| Failure::msg("the sum is too large"))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut work = WorkScheduler::<Vec<u64>>::new(Default::default());
    let sums = [10, 1_000_000].map(|n| {
        // Called once per attempt, so each attempt has a future of its own.
        let future = FutureWork::new(move || twice(n));
        work.add(Spec::new(format!("twice {n}"), future).retry(Retry::ONCE))
    });
    let [small, large] = sums;
    let (small, large) = (small?, large?);
    let report = move |cx: &mut WorkContext<'_, Vec<u64>>| {
        let sums = [cx.take(small), cx.take(large)];
        cx.app.extend(sums.into_iter().flatten());
        Poll::Ready(Ok(()))
    };
    work.add(Spec::new("report", report).after(small).after(large))?;

    let mut found = Vec::new();
    work.run_until_done(&mut found, &mut ParkDriver::new())?;
    for sum in found {
        println!("two threads and two awaits later: {sum}");
    }
    Ok(())
}
