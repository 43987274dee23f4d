//! The dependencies of Debian bookworm main: 63,337 works that sleep 1 s each, 64 at a time.

use super::{Case, Group};
use crate::baselines::kahn_in_time;
use crate::budgets::{OURS, ratio};
use crate::graphs::Dag;
use crate::measure::{Contender, timed};
use crate::ours;
use std::path::PathBuf;
use std::rc::Rc;

pub const GROUP: Group = Group {
    name: "debian",
    about: "63,337 packages, 256,456 edges, 1 s each, 64 at a time: build + run, to Kahn's algorithm with a heap; ns per node",
    cases,
    curve: None,
};

const SLOTS: usize = 64;
const SECOND: u64 = 1_000_000_000;
/// What independent simulators say.
const MAKESPAN: u64 = 995 * SECOND;

fn file() -> PathBuf {
    let folder = std::env::var_os("CRANKWORK_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data")),
        PathBuf::from,
    );
    folder.join("graphs/debian-bookworm-main-amd64.txt.gz")
}

fn cases(_: bool) -> Vec<Case> {
    let Some(dag) = Dag::read_gz(&file()) else {
        eprintln!(
            "debian: skipped, no {} (set CRANKWORK_DATA)",
            file().display()
        );
        return Vec::new();
    };
    let dag = Rc::new(dag);
    let budgets = vec![ratio("data", "Kahn + heap", 3.0)];
    vec![Case::timed(
        "debian",
        dag.len() as u64,
        budgets,
        move || {
            vec![
                contender("Kahn + heap", &dag, kahn_in_time),
                contender(OURS, &dag, ours::run_in_time),
            ]
        },
    )]
}

fn contender(name: &'static str, dag: &Rc<Dag>, run: fn(&Dag, usize, u64) -> u64) -> Contender {
    let dag = dag.clone();
    Contender::new(name, move || {
        let (sample, makespan) = timed(dag.len() as u64, || run(&dag, SLOTS, SECOND));
        assert_eq!(makespan, MAKESPAN, "the makespan of {name}");
        sample
    })
}
