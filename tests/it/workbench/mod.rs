//! A scheduler with an application that keeps a log, and works that log each call that they get.
//!
//! A test adds works to a [`Bench`], cranks at given times, and compares the lines of the [`Log`]: `a: poll 1` with the
//! attempt, `a: on_abort`, `a: on_success`, ... What a [`Probe`] does in its turns is a closure ([`Probe::new`]) or a
//! script of one [`Step`] a turn ([`script`]).

mod log;
mod probe;
mod script;

pub use self::log::Log;
pub use self::probe::*;
pub use self::script::*;
use crate::on_purpose::Watch;
pub use crate::on_purpose::{Bomb, ON_PURPOSE, quiet_panics};
use crate::units::secs;
use crankwork::{
    Budget, Crank, Failure, Name, Next, Spec, Summary, Time, VirtualDriver, Work, WorkContext,
    WorkId, WorkOutcome, WorkScheduler, WorkSchedulerConfig, WorkState,
};
use std::task::Poll;
use std::time::Duration;

pub type Cx<'a> = WorkContext<'a, Log>;
pub type Turn = Poll<Result<(), Failure>>;

pub const OK: Turn = Poll::Ready(Ok(()));

/// A failed attempt.
pub fn fail<T>(message: &str) -> Poll<Result<T, Failure>> {
    Poll::Ready(Err(Failure::msg(message)))
}

/// The configuration with this many permits, a fixed back-off of 10 s, and events.
pub fn config(permits: usize) -> WorkSchedulerConfig {
    WorkSchedulerConfig::default()
        .max_concurrency(permits)
        .retry_delay(secs(10))
        .events(100_000)
}

/// A [`Crank`] that a test may ignore.
pub struct Cranked {
    pub turns: u64,
    pub settled: u64,
    pub next: Next,
}

impl From<Crank> for Cranked {
    fn from(crank: Crank) -> Self {
        Cranked {
            turns: crank.turns,
            settled: crank.settled,
            next: crank.next,
        }
    }
}

/// A scheduler, its application, and short names for what tests do with them.
pub struct Bench {
    pub s: WorkScheduler<Log>,
    pub log: Log,
    // After the scheduler, whose end may panic too.
    _watch: Watch,
}

/// How works come in, and how time goes on.
impl Bench {
    pub fn new(config: WorkSchedulerConfig) -> Bench {
        Bench {
            s: WorkScheduler::new(config),
            log: Log::default(),
            _watch: Watch::new(),
        }
    }

    /// A bench with this many permits, and else as [`config`] says.
    pub fn with_permits(permits: usize) -> Bench {
        Bench::new(config(permits))
    }

    /// A bench with this many permits and this back-off.
    pub fn with_back_off(permits: usize, delay: Duration) -> Bench {
        Bench::new(config(permits).retry_delay(delay))
    }

    /// Adds a work with nothing special about it.
    pub fn add<W, T>(&mut self, name: impl Into<Name>, work: W) -> WorkId
    where
        W: Work<Log, T> + 'static,
        T: 'static,
    {
        self.add_spec(Spec::new(name, work))
    }

    /// Adds a scripted work with nothing special about it.
    pub fn script(&mut self, name: &'static str, steps: impl IntoIterator<Item = Step>) -> WorkId {
        self.add_spec(script(name, steps))
    }

    /// Adds a work; under its name others find its id (`cx.app.id("a")`).
    pub fn add_spec<W, T>(&mut self, spec: Spec<Log, W>) -> WorkId
    where
        W: Work<Log, T> + 'static,
        T: 'static,
    {
        let id = self.s.add(spec).expect("the spec is a good one").id();
        if let Some(Name::Static(name)) = self.s.name(id) {
            self.log.ids.insert(name, id);
        }
        id
    }

    fn crank_with(&mut self, now: Time, budget: Budget) -> Cranked {
        self.s.crank_work(now, &mut self.log, budget).into()
    }

    /// Does all that there is to do at this time.
    pub fn crank_at(&mut self, now: Time) -> Cranked {
        self.crank_with(now, Budget::unlimited())
    }

    /// Does all that there is to do now.
    pub fn crank(&mut self) -> Cranked {
        self.crank_at(self.s.now())
    }

    /// Gives at most this many turns at this time.
    pub fn turns_at(&mut self, now: Time, turns: u64) -> Cranked {
        self.crank_with(now, Budget::turns(turns))
    }

    /// Gives at most this many turns now.
    pub fn turns(&mut self, turns: u64) -> Cranked {
        self.turns_at(self.s.now(), turns)
    }

    /// Gives one turn, or goes on to the next timer; `false` if there is neither.
    pub fn step(&mut self) -> bool {
        let now = match self.s.next() {
            Next::Now => self.s.now(),
            Next::At(at) => at,
            _ => return false,
        };
        self.turns_at(now, 1);
        true
    }

    /// Runs to the end in virtual time, on from the present; all works must settle.
    pub fn run(&mut self) -> Summary {
        let mut driver = VirtualDriver::at(self.s.now());
        let done = self.s.run_until_done(&mut self.log, &mut driver);
        done.expect("no work stalls")
    }

    /// Cranks. By then these works have had turns since the last look, in this order.
    #[track_caller]
    pub fn runs(&mut self, names: &str) {
        self.runs_at(self.s.now(), names);
    }

    /// Cranks at this time. By then these works have had turns since the last look, in this order.
    #[track_caller]
    pub fn runs_at(&mut self, now: Time, names: &str) {
        self.crank_at(now);
        assert_eq!(self.ran(), names, "at {now}");
    }
}

/// What a test looks at.
impl Bench {
    pub fn state(&self, id: WorkId) -> WorkState {
        self.s.state(id).expect("the work is there")
    }

    pub fn states(&self, ids: impl AsRef<[WorkId]>) -> Vec<WorkState> {
        ids.as_ref().iter().map(|&id| self.state(id)).collect()
    }

    pub fn outcome(&self, id: WorkId) -> WorkOutcome {
        self.s.outcome(id).expect("the work has settled")
    }

    /// Returns the failure of a work that has failed.
    pub fn failed(&self, id: WorkId) -> Failure {
        match self.outcome(id) {
            WorkOutcome::Failed(failure) => failure,
            other => panic!("{other:?}"),
        }
    }

    /// Returns the failure of a work that has failed, as text.
    pub fn failure(&self, id: WorkId) -> String {
        self.failed(id).to_string()
    }

    /// Returns the id of the first work of that name.
    pub fn find(&self, name: &str) -> WorkId {
        let all = self.s.snapshot();
        let mut named = all.iter().filter(|work| work.name == *name);
        named.next().expect("a work of that name").id
    }

    /// Returns the lines since the last look.
    pub fn lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log.lines)
    }

    /// Returns the lines of one work since the last look, without its name; the others' are dropped.
    pub fn lines_of(&mut self, name: &str) -> Vec<String> {
        let prefix = format!("{name}: ");
        let lines = self.lines();
        let own = lines.iter().filter_map(|line| line.strip_prefix(&prefix));
        own.map(str::to_owned).collect()
    }

    /// Returns the turns since the last look, as [`Log::ran`] writes them.
    pub fn ran(&mut self) -> String {
        let turns = self.log.ran();
        self.log.lines.clear();
        turns
    }

    /// Returns all events that have not been read, one line each.
    pub fn events(&mut self) -> Vec<String> {
        let events = std::iter::from_fn(|| self.s.poll_event());
        events.map(|event| event.to_string()).collect()
    }

    /// Returns the names of the works that have come into this state; all events are read then.
    pub fn entered(&mut self, state: WorkState) -> String {
        let events = std::iter::from_fn(|| self.s.poll_event());
        let entered = events.filter(|event| event.state == state);
        let names: Vec<String> = entered.map(|event| event.name.to_string()).collect();
        names.join(" ")
    }
}
