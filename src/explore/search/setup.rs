//! What the settings of a search and the environment say together. It is the same for all threads of a search.

use super::Explore;
use super::division::Shard;
use crate::explore::corpus::Corpus;
use crate::explore::env::{Determinism, Environment, StopsAt, THREADS};
use crate::explore::failure::TraceForm;
use crate::explore::faults::Faults;
use crate::explore::given::Given;
use crate::explore::item::Item;
use crate::explore::policy::{Policy, Run};
use crate::explore::seed::hash;
use crate::explore::sim::Limits;

/// See the file's page.
pub(super) struct Setup<'a> {
    pub name: &'a str,
    pub seed: u64,
    pub runs: u64,
    pub policy: Policy,
    pub faults: Faults,
    pub limits: Limits,
    pub determinism: Determinism,
    /// The items of a replay, if one is asked for, or why they cannot be read.
    pub given: Option<Result<Given, String>>,
    /// The faults of a replay by answers.
    pub given_faults: Option<Vec<Item>>,
    /// The budget of shrinking, in re-runs.
    pub shrink: u32,
    pub corpus: Option<Corpus>,
    pub trace: TraceForm,
    pub shard: Shard,
    /// The threads of this process.
    pub jobs: u64,
    /// When the search stops, whatever is left.
    pub stops_at: Option<StopsAt>,
    pub keeps_going: bool,
}

impl<'a> Setup<'a> {
    pub fn new(settings: &'a Explore, name: &'a str, environment: Environment) -> Self {
        let given = environment.replay.as_ref().or(settings.replay.as_ref());
        let mut given = given.map(|text| Given::read(text));
        let mut seed = environment.seed.or(settings.seed);
        let mut given_faults = None;
        let policy = match &mut given {
            Some(Ok(Given::Answers(own, answers, of_run))) => {
                given_faults = Some(std::mem::take(of_run));
                seed = own.or(seed);
                Policy::Replay(std::mem::take(answers))
            }
            _ => environment
                .policy
                .unwrap_or_else(|| settings.policy.clone()),
        };
        let runs = match (&policy, &given) {
            (Policy::Replay(_) | Policy::Bytes(_), _) | (_, Some(_)) => 1,
            _ => environment.runs.unwrap_or(settings.runs),
        };
        // An enumeration needs all of its runs in one place.
        let jobs = match policy.is_enumeration() {
            true => 1,
            false => environment.jobs.unwrap_or(settings.jobs),
        };
        let corpus = environment.corpus.as_ref().or(settings.corpus.as_ref());
        Setup {
            name,
            seed: seed.unwrap_or_else(|| hash(0, name.as_bytes())),
            runs,
            policy,
            faults: environment
                .faults
                .unwrap_or_else(|| settings.faults.clone()),
            limits: settings.limits(),
            determinism: environment.determinism.unwrap_or(settings.determinism),
            given: given.filter(|given| !matches!(given, Ok(Given::Answers(..)))),
            given_faults,
            shrink: environment.shrink.unwrap_or(settings.shrink),
            corpus: corpus.map(|folder| Corpus::new(folder, name)),
            trace: environment.trace.unwrap_or_default(),
            // A single run is not divided.
            shard: environment.shard.filter(|_| runs > 1).unwrap_or(Shard::ALL),
            jobs: jobs.min(runs).min(THREADS),
            stops_at: environment.stops_at,
            keeps_going: environment.keeps_going,
        }
    }

    /// Returns the run with this number: equal wherever the search is repeated.
    pub fn run(&self, number: u64) -> Run {
        // A replay has the seed of the run that it repeats, given as the seed of the search.
        let seed = match self.policy {
            Policy::Replay(_) => self.seed,
            _ => hash(self.seed, &number.to_le_bytes()),
        };
        Run { number, seed }
    }

    /// Returns whether the search is out of time.
    pub fn is_out_of_time(&self) -> bool {
        self.stops_at.is_some_and(StopsAt::is_past)
    }
}
