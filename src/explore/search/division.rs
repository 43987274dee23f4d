//! How the runs of a search are divided among processes and threads, and how threads do them.
//!
//! Run 37 is run 37 everywhere: a run depends on its number, the seed, and the runs from which its policy learns. Each
//! thread does all of the latter, and judges only those that are its own. So nothing is sent from one to another but
//! what came of it, and the first failure is the one with the lowest number.

use super::running::{Ending, Failed, Search};
use crate::explore::sim::Sim;
use std::num::NonZeroU64;
use std::panic::resume_unwind;
use std::sync::atomic::AtomicU64;
use std::thread;

/// One of several equal parts of the runs, as `CRANK_SHARD=2/8` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::explore) struct Shard {
    /// The number of the part, from 0.
    number: u64,
    count: NonZeroU64,
}

impl Shard {
    /// All runs.
    pub const ALL: Shard = Shard {
        number: 0,
        count: NonZeroU64::MIN,
    };

    /// Returns the part that a text like `2/8` stands for; parts count from 1.
    pub fn parse(text: &str) -> Option<Shard> {
        let (number, count) = text.split_once('/')?;
        let (number, count): (u64, NonZeroU64) = (number.parse().ok()?, count.parse().ok()?);
        (1..=count.get()).contains(&number).then(|| Shard {
            number: number - 1,
            count,
        })
    }
}

/// The runs of one thread.
#[derive(Clone, Copy)]
pub(super) struct Part {
    shard: Shard,
    job: u64,
    jobs: NonZeroU64,
}

impl Part {
    /// Returns whether the thread judges the run with this number.
    pub fn owns(&self, number: u64) -> bool {
        // Most searches are not divided.
        if self.shard == Shard::ALL && self.jobs == NonZeroU64::MIN {
            return true;
        }
        let count = self.shard.count.get();
        number % count == self.shard.number && number / count % self.jobs == self.job
    }
}

/// The program of a search, which several threads may run.
pub(super) type Shareable<'a> = &'a (dyn Fn(&mut Sim) + Sync);

/// Does the runs of this process, on as many threads as the setup says. Returns the failures by the numbers of their
/// runs, as far as `ending` wants them.
pub(super) fn all_runs(
    search: &mut Search<'_>,
    ending: Ending,
    program: Shareable<'_>,
) -> Vec<Failed> {
    let setup = search.setup;
    let jobs = NonZeroU64::new(setup.jobs).unwrap_or(NonZeroU64::MIN);
    let first = AtomicU64::new(u64::MAX);
    let part = |job| Part {
        shard: setup.shard,
        job,
        jobs,
    };
    let mut failed = thread::scope(|scope| {
        let (first, part) = (&first, &part);
        let others: Vec<_> = (1..jobs.get())
            .map(|job| {
                scope.spawn(move || {
                    let mut search = Search::new(setup);
                    let failed = search.own_runs(part(job), ending, first, program);
                    (failed, search.stats_at_the_end())
                })
            })
            .collect();
        let mut failed = search.own_runs(part(0), ending, first, program);
        for other in others {
            let (more, mut stats) = other.join().unwrap_or_else(|panic| resume_unwind(panic));
            failed.extend(more);
            search.stats.add(&mut stats);
        }
        failed
    });
    failed.sort_by_key(|it| it.run.number);
    // Of one kind the first is enough, whichever thread has met it.
    let mut kinds: Vec<Failed> = Vec::new();
    for it in failed {
        if kinds.len() < ending.most() && !kinds.iter().any(|kind| kind.is_like(&it)) {
            kinds.push(it);
        }
    }
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_run_belongs_to_one_thread_of_one_process() {
        let jobs = NonZeroU64::new(3).unwrap();
        for number in 0..100 {
            let shards = (1..=4).map(|shard| Shard::parse(&format!("{shard}/4")).unwrap());
            let parts = shards.flat_map(|shard| (0..3).map(move |job| Part { shard, job, jobs }));
            assert_eq!(parts.filter(|part| part.owns(number)).count(), 1);
        }
        for text in ["", "2", "0/2", "3/2", "1/0", "-1/2", "1/2/3"] {
            assert_eq!(Shard::parse(text), None, "{text}");
        }
    }
}
