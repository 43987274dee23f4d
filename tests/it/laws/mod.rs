//! The laws of DESIGN.md section 6, by number: a test's name begins with the law it holds to.
//!
//! [`Lab`] is a scheduler with an application that writes down every turn. Works are scripts: one [`Step`] a turn. A
//! test adds some, cranks at given milliseconds, and compares the order in which they had turns.

mod add_graph;
mod adding;
mod determinism;
mod family;
mod fruitless;
mod gates;
mod grants;
mod graph;
mod lost_wake;
mod memory;
mod next;
mod order;
mod permits_hold;
mod reasons;
mod refused;
mod restart;
mod retries;
mod timers;
mod waiting;

use crate::on_purpose::Watch;
use crate::units::{at_ms, ms};
use crankwork::{
    Budget, Crank, Failure, Next, RemoteWaker, Spec, Time, VirtualDriver, Work, WorkContext,
    WorkId, WorkOutcome, WorkScheduler, WorkSchedulerConfig, WorkState,
};
use std::collections::{BTreeMap, VecDeque};
use std::task::Poll;

/// The application: what happened, in order, and what works leave for the test or for each other.
#[derive(Default)]
pub struct Log {
    /// The names of the works that had a turn, `name!` for a turn of `on_abort`.
    pub lines: Vec<String>,
    pub wakers: Vec<RemoteWaker>,
    pub ids: BTreeMap<&'static str, WorkId>,
}

impl Log {
    pub fn say(&mut self, what: impl ToString) {
        self.lines.push(what.to_string());
    }

    pub fn id(&self, name: &'static str) -> WorkId {
        self.ids[name]
    }
}

pub type Cx<'a> = WorkContext<'a, Log>;
type Deed = Box<dyn FnOnce(&mut Cx<'_>) -> Step>;

/// One turn of a scripted work.
pub enum Step {
    /// The attempt succeeds.
    Done,
    /// The attempt fails with this message.
    Fail(&'static str),
    Fatal(&'static str),
    Cancel,
    Panic(&'static str),
    Yield,
    /// Pending until this many milliseconds from now.
    Nap(u64),
    /// Pending until somebody wakes it.
    Expect,
    /// Pending, with whatever the turn has said before.
    Pending,
    Then(Deed),
}

/// A turn that does something first.
pub fn then(deed: impl FnOnce(&mut Cx<'_>) -> Step + 'static) -> Step {
    Step::Then(Box::new(deed))
}

/// A work that has one step a turn; after the last it succeeds. Later attempts go on where the one before stopped.
#[derive(Default)]
pub struct Script {
    steps: VecDeque<Step>,
    abort: VecDeque<Step>,
    hooks: bool,
}

impl Script {
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Script {
            steps: steps.into_iter().collect(),
            ..Script::default()
        }
    }

    /// Sets the turns of `on_abort`; after the last (or `Done`) it is ready.
    pub fn on_abort(mut self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.abort = steps.into_iter().collect();
        self
    }

    /// Also writes down its hooks.
    pub fn with_hooks(mut self) -> Self {
        self.hooks = true;
        self
    }

    fn hook(&self, cx: &mut Cx<'_>, hook: &str) {
        if self.hooks {
            let line = format!("{}.{hook}", cx.name());
            cx.app.say(line);
        }
    }
}

fn perform(step: Step, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
    match step {
        Step::Done => Poll::Ready(Ok(())),
        Step::Fail(why) => Poll::Ready(Err(Failure::msg(why))),
        Step::Fatal(why) => Poll::Ready(Err(Failure::fatal(why))),
        Step::Cancel => Poll::Ready(Err(Failure::cancelled())),
        Step::Panic(why) => panic!("{why}"),
        Step::Yield => cx.yield_now(),
        Step::Nap(millis) => {
            cx.wake_after(ms(millis));
            Poll::Pending
        }
        Step::Expect => {
            cx.expect_wake();
            Poll::Pending
        }
        Step::Pending => Poll::Pending,
        Step::Then(deed) => {
            let step = deed(cx);
            perform(step, cx)
        }
    }
}

impl Work<Log> for Script {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        let name = cx.name().to_string();
        cx.app.say(name);
        perform(self.steps.pop_front().unwrap_or(Step::Done), cx)
    }

    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        let line = format!("{}!", cx.name());
        cx.app.say(line);
        perform(self.abort.pop_front().unwrap_or(Step::Done), cx).map(|_| ())
    }

    fn on_reset(&mut self, cx: &mut Cx<'_>) {
        self.hook(cx, "reset");
    }

    fn on_success(&mut self, cx: &mut Cx<'_>) {
        self.hook(cx, "success");
    }

    fn on_failure_retry(&mut self, cx: &mut Cx<'_>) {
        self.hook(cx, "retry");
    }

    fn on_failure_raise(&mut self, cx: &mut Cx<'_>) {
        self.hook(cx, "raise");
    }
}

/// The spec of a scripted work.
pub fn script(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Spec<Log, Script> {
    Spec::new(name, Script::new(steps))
}

/// A scheduler, its application, and short names for what tests do with them.
pub struct Lab {
    pub s: WorkScheduler<Log>,
    pub log: Log,
    // After the scheduler, whose end may panic too.
    _watch: Watch,
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

/// A lab with this many permits. It keeps events, and a back-off takes 10 ms.
pub fn lab(permits: usize) -> Lab {
    lab_with(config(permits))
}

pub fn config(permits: usize) -> WorkSchedulerConfig {
    WorkSchedulerConfig::default()
        .max_concurrency(permits)
        .retry_delay(ms(10))
        .events(10_000)
}

pub fn lab_with(config: WorkSchedulerConfig) -> Lab {
    Lab {
        s: WorkScheduler::new(config),
        log: Log::default(),
        _watch: Watch::new(),
    }
}

impl Lab {
    /// Adds a work; under its name other scripts find its id (`cx.app.id("a")`).
    pub fn add(&mut self, spec: Spec<Log, Script>) -> WorkId {
        let id = self.s.add(spec).expect("the spec is a good one").id();
        if let Some(crankwork::Name::Static(name)) = self.s.name(id) {
            self.log.ids.insert(name, id);
        }
        id
    }

    /// Adds a scripted work with nothing special about it.
    pub fn work(&mut self, name: &'static str, steps: impl IntoIterator<Item = Step>) -> WorkId {
        self.add(script(name, steps))
    }

    /// Cranks at that millisecond until nothing is left to do then.
    pub fn crank(&mut self, millis: u64) -> Cranked {
        self.crank_at(at_ms(millis))
    }

    pub fn crank_at(&mut self, now: Time) -> Cranked {
        self.s
            .crank_work(now, &mut self.log, Budget::unlimited())
            .into()
    }

    /// Cranks for at most this many turns.
    pub fn turns(&mut self, millis: u64, turns: u64) -> Cranked {
        self.s
            .crank_work(at_ms(millis), &mut self.log, Budget::turns(turns))
            .into()
    }

    /// Runs to the end in virtual time, on from the present; all works must settle.
    pub fn run(&mut self) -> Time {
        let mut clock = VirtualDriver::at(self.s.now());
        let done = self.s.run_until_done(&mut self.log, &mut clock);
        done.expect("no work stalls").finished
    }

    /// Cranks at that millisecond. By then these works have had turns since the last look, in this order.
    #[track_caller]
    pub fn runs(&mut self, millis: u64, names: &str) {
        self.crank(millis);
        assert_eq!(self.ran(), names, "at {millis} ms");
    }

    /// Returns the names of the works that had turns since the last call.
    pub fn ran(&mut self) -> String {
        std::mem::take(&mut self.log.lines).join(" ")
    }

    pub fn state(&self, id: WorkId) -> WorkState {
        self.s.state(id).expect("the work is there")
    }

    pub fn states(&self, ids: &[WorkId]) -> Vec<WorkState> {
        ids.iter().map(|&id| self.state(id)).collect()
    }

    pub fn outcome(&self, id: WorkId) -> WorkOutcome {
        self.s.outcome(id).expect("the work has settled")
    }

    /// Returns the failure of a settled work.
    pub fn failure(&self, id: WorkId) -> Failure {
        let outcome = self.outcome(id);
        outcome.failure().expect("it has failed").clone()
    }

    /// The changes of state since this was last asked, `a Running` each, those into `of` only.
    pub fn entered(&mut self, of: WorkState) -> String {
        let events = std::iter::from_fn(|| self.s.poll_event());
        let names = events
            .filter(|event| event.state == of)
            .map(|event| event.name.to_string());
        names.collect::<Vec<_>>().join(" ")
    }

    /// The event log as text, a line an event, since this was last asked.
    pub fn events(&mut self) -> String {
        let events = std::iter::from_fn(|| self.s.poll_event());
        events.map(|event| format!("{event}\n")).collect()
    }
}

/// The time that `next` names.
pub fn time_of(next: Next) -> Time {
    match next {
        Next::At(at) => at,
        other => panic!("expected a time, got {other:?}"),
    }
}
