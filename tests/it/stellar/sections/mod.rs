//! The sections of stellar-core's own work tests, in our words.
//!
//! Eight test cases there, 32 sections. What other tests here show already is not written twice:
//!
//! | section | test |
//! | --- | --- |
//! | work sequence: basic; empty | `compose::sequence::members_run_one_after_another`, `an_empty_one_succeeds_at_once` |
//! | batching: success | `compose::batch::so_many_at_a_time_refilled_as_they_settle` |
//! | conditional: condition satisfied | `compose::conditional::it_looks_every_100_ms_and_not_again_once_true` |
//! | commands: four sections | need processes |

mod basic;
mod children;
mod composites;

use crate::workbench::*;

/// Takes `n` turns, then succeeds.
fn steps(n: u32) -> Probe {
    stepping(n, false)
}

/// Takes `n` turns, then fails.
fn bad_steps(n: u32) -> Probe {
    stepping(n, true)
}

fn stepping(n: u32, bad: bool) -> Probe {
    let mut step = 0;
    Probe::new(move |cx| {
        step += 1;
        if step < n {
            return cx.yield_now();
        }
        step = 0;
        if bad { fail("no luck") } else { OK }
    })
}

fn bench() -> Bench {
    Bench::with_permits(100)
}
