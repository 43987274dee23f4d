//! Programs after an edit: each keeps its bug, and each without the bug keeps passing.
//!
//! Two bystanders are in every program, so that the edits have something to change.

use super::{cancel_race, deaf_back_off, last_one_out, leaked_permit, lost_update, search};
use crankwork::explore::{Node, Sim};
use crankwork::{Failure, Name, Spec, WorkContext, WorkScheduler, WorkSchedulerConfig};
use std::task::Poll;

/// What has become of a program since its failure was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edit {
    Nothing,
    /// Another work is added in front of all others.
    WorkInFront,
    /// A bystander has one turn more.
    BystanderGainsATurn,
    /// There is one permit fewer.
    LowerLimit,
    /// The bystanders have other names.
    BystandersRenamed,
}

const ALL: [Edit; 5] = [
    Edit::Nothing,
    Edit::WorkInFront,
    Edit::BystanderGainsATurn,
    Edit::LowerLimit,
    Edit::BystandersRenamed,
];

/// Adds a work that does nothing for some turns.
fn add_bystander<C: 'static>(work: &mut WorkScheduler<C>, name: &str, turns: u32) {
    let mut left = turns;
    let body = move |cx: &mut WorkContext<'_, C>| -> Poll<Result<(), Failure>> {
        left -= 1;
        match left {
            0 => Poll::Ready(Ok(())),
            _ => cx.yield_now(),
        }
    };
    let spec = Spec::new(Name::from(name.to_owned()), body);
    work.add(spec).expect("there is room for a bystander");
}

/// A program on one node, in parts.
struct Parts<C> {
    add_works: fn(&mut WorkScheduler<C>, bool),
    conditions: fn(&mut Sim, Node<C>),
}

impl<C: Default + 'static> Parts<C> {
    fn build(&self, sim: &mut Sim, has_bug: bool, edit: Edit) {
        let limit = match edit {
            Edit::LowerLimit => 5,
            _ => 6,
        };
        let config = WorkSchedulerConfig::default()
            .pool("account", 1)
            .catch_panics(false)
            .max_concurrency(limit);
        let node = sim.node_with("node", C::default(), config);
        let work = sim.work(node);
        if edit == Edit::WorkInFront {
            add_bystander(work, "newcomer", 3);
        }
        let names = match edit {
            Edit::BystandersRenamed => ["visitor-a", "visitor-b"],
            _ => ["bystander-0", "bystander-1"],
        };
        add_bystander(work, names[0], 2);
        (self.add_works)(work, has_bug);
        let turns = match edit {
            Edit::BystanderGainsATurn => 3,
            _ => 2,
        };
        add_bystander(work, names[1], turns);
        (self.conditions)(sim, node);
    }
}

/// A program: the flag says whether it has its bug.
type Program = fn(&mut Sim, bool, Edit);

/// The programs of one node, with their names.
const PROGRAMS: [(&str, Program); 5] = [
    ("lost_update", |sim, has_bug, edit| {
        let (add_works, conditions) = (lost_update::add_works, lost_update::conditions);
        Parts {
            add_works,
            conditions,
        }
        .build(sim, has_bug, edit);
    }),
    ("cancel_race", |sim, has_bug, edit| {
        let (add_works, conditions) = (cancel_race::add_works, cancel_race::conditions);
        Parts {
            add_works,
            conditions,
        }
        .build(sim, has_bug, edit);
    }),
    ("leaked_permit", |sim, has_bug, edit| {
        let (add_works, conditions) = (leaked_permit::add_works, leaked_permit::conditions);
        Parts {
            add_works,
            conditions,
        }
        .build(sim, has_bug, edit);
    }),
    ("deaf_back_off", |sim, has_bug, edit| {
        let (add_works, conditions) = (deaf_back_off::add_works, deaf_back_off::conditions);
        Parts {
            add_works,
            conditions,
        }
        .build(sim, has_bug, edit);
    }),
    ("last_one_out", |sim, has_bug, edit| {
        let (add_works, conditions) = (last_one_out::add_works, last_one_out::conditions);
        Parts {
            add_works,
            conditions,
        }
        .build(sim, has_bug, edit);
    }),
];

/// How many seeds find a failure to be saved, and how many of a hundred saved ones have to fail after an edit.
const SEEDS: u64 = 10;
const LEAST: usize = 95;

/// The most items and re-runs of the median failure.
const ITEMS: usize = 3;
const RERUNS: u32 = 60;

#[test]
fn saved_failures_of_the_examples_are_short_and_outlive_edits() {
    let (mut items, mut reruns) = (Vec::new(), Vec::new());
    let (mut survived, mut played) = (0, 0);
    for (name, program) in PROGRAMS {
        let seeds = (0..SEEDS).map(|seed| search().runs(2_000).seed(seed));
        let failures = seeds.filter_map(|search| {
            let found = search.check(|sim| program(sim, true, Edit::Nothing));
            found.err()
        });
        let failures: Vec<_> = failures.collect();
        assert_eq!(failures.len() as u64, SEEDS, "{name}");
        items.extend(failures.iter().map(|failure| failure.items.len()));
        reruns.extend(failures.iter().map(|failure| failure.reruns));
        for edit in ALL {
            let fails = failures.iter().filter(|failure| {
                let replay = search().replay(&failure.replay);
                let again = replay.check(|sim| program(sim, true, edit));
                again.is_err_and(|again| again.verdict.is_like(&failure.verdict))
            });
            let count = fails.count();
            println!("{name}, {edit:?}: {count} of {SEEDS}");
            (survived, played) = (survived + count, played + failures.len());
        }
    }
    items.sort_unstable();
    reruns.sort_unstable();
    let (items, reruns) = (items[items.len() / 2], reruns[reruns.len() / 2]);
    println!(
        "{survived} of {played} replays fail after an edit; medians: {items} items, {reruns} re-runs"
    );
    assert!(100 * survived >= LEAST * played, "{survived} of {played}");
    assert!(
        items <= ITEMS && reruns <= RERUNS,
        "{items} items, {reruns} re-runs"
    );
}

#[test]
fn an_edited_program_has_its_bug_still_and_passes_without_it() {
    for (name, program) in PROGRAMS {
        for edit in ALL {
            let found = search().runs(2_000).check(|sim| program(sim, true, edit));
            let failure = found.expect_err("the bug is found");
            println!("{name}, {edit:?}: run {}", failure.run);
            assert!(failure.run > 0, "production order shows the bug: {failure}");
            search().run(|sim| program(sim, false, edit));
        }
    }
}
