//! Searches the orders in which a program's works can have their turns.
//!
//! Feature `explore`, for tests: `crankwork = { .., features = ["explore"] }` among the `[dev-dependencies]`. It uses
//! public items of the crate only, so anybody can write another.
//!
//! [`explore`] runs a program some hundred times, each time in another order, with the schedulers that production uses
//! and virtual time. A run fails if anything panics, a condition does not hold, works are left that nothing can make go
//! on, or a work sleeps although nothing can wake it. The report says what failed, names the few things by which the
//! run has to differ from production, and has a line that repeats it. [A page](crate::ten_minutes) goes from an empty
//! folder to a report and to the fix.
//!
//! ```
//! use crankwork::explore::{Explore, Sim};
//! use crankwork::{WorkContext, WorkScheduler};
//! use std::task::Poll;
//!
//! /// Adds one to a counter: reads it in one turn, and writes it in the next.
//! fn add_one(work: &mut WorkScheduler<u32>, name: &'static str) {
//!     let mut seen = None;
//!     let added = work.add_fn(name, move |cx| match seen.take() {
//!         None => {
//!             seen = Some(*cx.app);
//!             cx.yield_now()
//!         }
//!         Some(value) => {
//!             *cx.app = value + 1;
//!             Poll::Ready(Ok(()))
//!         }
//!     });
//!     added.expect("there is room for another work");
//! }
//!
//! let program = |sim: &mut Sim| {
//!     let node = sim.node("counter", 0);
//!     add_one(sim.work(node), "first");
//!     add_one(sim.work(node), "second");
//!     sim.eventually("both have counted", move |world| *world.app(node) == 2);
//! };
//! let failure = Explore::new().check(program).unwrap_err();
//! let report = failure.to_string();
//! assert!(report.contains("\"both have counted\" still false at the end"));
//! assert!(report.contains("CRANK_REPLAY="));
//! ```
//!
//! # What is decided
//!
//! Which work has its turn, which gets the permit, which timer of an instant fires first, whose message is taken first,
//! and each [`choose`](crate::WorkContext::choose). With several nodes also which of them goes on, and when the first
//! message of a [`Link`] arrives, its latency, and the order where a link keeps none. Answer 0 everywhere is
//! production.
//!
//! Law [L1](crate::laws#l1) gives each ready work one turn a round, which hides most orders. So a search has *free
//! rounds*: it may end a round early. [`Explore::lawful`] keeps to L1.
//!
//! The program must not depend on anything else: no clock, no thread, no order of a hash map, no address. Some runs are
//! done twice, and a difference is a failure.
//!
//! # The environment
//!
//! It is stronger than the code. A variable that begins with `CRANK_` and means nothing is named on the standard error.
//!
//! | variable | what it sets |
//! | --- | --- |
//! | `CRANK_SEED` | the seed of the search |
//! | `CRANK_RUNS` | the number of runs |
//! | `CRANK_POLICY` | the policy, as it prints itself |
//! | `CRANK_FAULTS` | the faults that may happen: `off`, `all`, `timing`, or names of families with commas |
//! | `CRANK_REPLAY` | the one run that is done: the text of a report, or `@` and a file |
//! | `CRANK_SHRINK` | how many re-runs shrinking takes at most, or `off` |
//! | `CRANK_TRACE` | how much of the trace a report has: `none`, `short`, `full` or `json` |
//! | `CRANK_CORPUS` | the folder of saved failures |
//! | `CRANK_SHARD` | the part of the runs that this process does, as in `2/8` |
//! | `CRANK_JOBS` | how many threads do them |
//! | `CRANK_KEEP_GOING` | `1`: the search goes on after a failure |
//! | `CRANK_TIME` | after so many seconds of real time the search stops |
//! | `CRANK_DETERMINISM` | which runs are done twice: `off`, `sample` (the default) or `all` |
//!
//! `CRANK_SEED=random` draws a seed and prints it.
//!
//! # How a failure is explained
//!
//! A failing run is repeated until few *items* are left: this work waits until that one has had its turn, this attempt
//! fails, this work is first in line. Everything else happens in production order. Each item is needed: the report says
//! what happens without it, and which two turns pass if they are swapped. If the failing run never comes to one of
//! these turns, the report names the turn that has to be in front. That takes 500 re-runs at most, and
//! [`Explore::shrink_budget`] sets another number. If items do not express a failure, the report says so, and has a
//! list of answers instead.
//!
//! Items name works by their paths, so the text of a report still fails after most edits of the program. Three ways
//! keep it as a test: [`Explore::replay`] with the text, [`Sim::hold`] and [`Sim::fail`] by hand, and a folder with
//! [`Explore::corpus`]. Failures in that folder are run first next time. An item that nothing matches any more is
//! named.
//!
//! If all ready works are held, virtual time goes on. If there is no timer either, the first hold is waived, and the
//! report names its work.
//!
//! # Faults
//!
#![doc = include_str!("faults/faults.md")]
//!
//! # Many runs
//!
#![doc = include_str!("scale.md")]
//!
//! # Policies
//!
//! No policy finds every bug soonest. Runs to the first failure, medians of 20 seeds, for some of the 39 published bugs
//! that the crate's tests play (`CRANKWORK_SCT=full cargo test --release --test it sct -- --nocapture` prints all):
//!
//! | program | random | sticky | pct(2) | pct(3) | urw | one deviation | mix |
//! | --- | --- | --- | --- | --- | --- | --- | --- |
//! | reorder_10 | > 3,000 | 113 | 554 | 367 | 61 | 127 | 285 |
//! | stringbuffer | 12 | 110 | > 3,000 | 79 | 8 | 12 | 20 |
//! | twostage_20 | > 3,000 | 861 | 1,409 | 678 | 122 | 457 | 2,289 |
//! | window_20_of_40 | > 3,000 | 74 | 139 | 242 | 48 | 44 | 110 |
//! | must_be_last_12 | 1,558 | 2 | 3 | 2 | 9 | 3 | 2 |
//!
//! [`Policy::Mix`], the default, has some of all. [`Policy::Exhaustive`] goes through every order of a small program,
//! and [`Stats::coverage`] says when it has come to the end.

mod core;
mod corpus;
mod env;
mod failure;
mod faults;
mod given;
mod item;
mod link;
mod names;
mod node;
mod orders;
mod panics;
mod point;
mod policy;
mod rules;
mod search;
mod seed;
mod shrink;
mod sim;
mod stats;
mod trace;
mod verdict;

pub use failure::{Explained, Failure};
pub use faults::Faults;
pub use item::{Family, Fault, Item, Site, Step, Tie, Until};
pub use link::{Link, LinkConfig};
pub use node::Node;
pub use policy::{Coverage, Custom, Policy};
pub use search::Explore;
pub use shrink::Without;
pub use sim::{Hold, ProcessFate, ProcessFaults, Sim, World};
pub use stats::Stats;
pub use trace::TracedTurn;
pub use verdict::Verdict;

use crate::{Decider, Wants};
use std::cell::RefCell;
use std::rc::Rc;

/// Searches the orders of a program, 256 runs of [`Policy::Mix`].
///
/// # Panics
/// If a run fails, with the report.
pub fn explore(program: impl Fn(&mut Sim) + Sync) -> Stats {
    Explore::new().run(program)
}

/// Runs a program once, in the order that the bytes say: for fuzzers. One byte is an answer, two where there are more
/// than 256; no more bytes means 0.
///
/// # Panics
/// If the run fails, with the report.
pub fn bytes(data: &[u8], program: impl Fn(&mut Sim) + Sync) {
    let policy = Policy::Bytes(data.to_vec());
    Explore::new()
        .named("bytes")
        .on_its_own()
        .trusting()
        .policy(policy)
        .run(program);
}

/// Returns a decider for a host with a loop of its own. Policies that learn from run to run have nothing to learn from.
pub fn decider(policy: &Policy, seed: u64) -> Box<dyn Decider> {
    let core = search::begun(policy, seed);
    let mut wants = Wants::NOTHING.free_rounds();
    wants.turns = core.machine.wants_turns();
    Box::new(self::core::Hook {
        node: 0,
        wants,
        draws: core.draws(),
        core: Rc::new(RefCell::new(core)),
    })
}
