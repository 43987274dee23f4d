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
use crankwork::{Budget, Next, Spec, Work, WorkId};

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

/// One turn, at the time of the next timer if there is none before.
fn step(b: &mut Bench) {
    let now = match b.s.next() {
        Next::At(at) => at,
        _ => b.s.now(),
    };
    let _ = b.s.crank_work(now, &mut b.log, Budget::turns(1));
}

/// Returns how many turns `name` had, by the log.
fn turns_of(log: &Log, name: &str) -> usize {
    let prefix = format!("{name}: poll");
    log.iter().filter(|line| line.starts_with(&prefix)).count()
}

/// The names in the order of their turns.
fn turns(log: &Log) -> String {
    let turns = log.iter().filter_map(|line| line.split_once(": poll"));
    turns.map(|(name, _)| name).collect::<Vec<_>>().join(" ")
}

fn add<W: Work<Log> + 'static>(b: &mut Bench, spec: Spec<Log, W>) -> WorkId {
    b.s.add(spec).unwrap().id()
}
