//! How do I find a bug that shows only in some orders?
//!
//! ```text
//! cargo run --example orders
//! ```
//!
//! Two works add to a counter: each reads it in one turn and writes it in the next. In production order the result
//! happens to be right, because the second work is patient. A decider that draws orders and choices from a seed finds
//! the lost update. A seed repeats its order.

use crankwork::{RandomOrder, VirtualDriver, WorkScheduler};
use std::task::Poll;

/// Returns the result of ten additions in the order of `seed`; `None` is production order.
fn run(seed: Option<u64>) -> Result<u32, Box<dyn std::error::Error>> {
    let mut work = WorkScheduler::<u32>::new(Default::default());
    if let Some(seed) = seed {
        work.set_decider(Some(Box::new(RandomOrder::new(seed))));
    }
    let first = work.add_fn("first", add_five())?;
    // The second work is meant to come later, but nothing says so: `.after(first)` would.
    let mut patience: usize = 12;
    let mut second = add_five();
    work.add_fn("second", move |cx| {
        if patience > 0 && cx.state(first).is_some_and(|state| !state.is_settled()) {
            patience = patience.saturating_sub(cx.choose("patience", 3));
            return cx.yield_now();
        }
        second(cx)
    })?;
    let mut counter = 0;
    work.run_until_done(&mut counter, &mut VirtualDriver::new())?;
    Ok(counter)
}

/// Adds one, five times. Each addition takes two turns.
fn add_five()
-> impl FnMut(&mut crankwork::WorkContext<'_, u32>) -> Poll<Result<(), crankwork::Failure>> {
    let (mut seen, mut left) = (None, 5);
    move |cx| match seen.take() {
        None if left == 0 => Poll::Ready(Ok(())),
        None => {
            seen = Some(*cx.app);
            cx.yield_now()
        }
        Some(value) => {
            *cx.app = value + 1;
            left -= 1;
            cx.yield_now()
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("production order: {} of 10", run(None)?);
    for seed in 0..1_000 {
        let counter = run(Some(seed))?;
        if counter != 10 {
            let again = run(Some(seed))?;
            println!(
                "seed {seed}: {counter} of 10, an update was lost; again with this seed: {again}"
            );
            return Ok(());
        }
    }
    Err("no order of 1,000 lost an update".into())
}
