//! Drives the engine and the model with one list of operations, and compares them after each.

use std::cell::RefCell;
use std::rc::Rc;

use crankwork::{
    AddGraphError, Budget, Decision, DecisionKind, ReapError, RestartError, Retain, Time,
    WorkEvent, WorkScheduler,
};
use crankwork::{WorkSchedulerConfig, WorkState};

use super::decode::decode;
use super::modes::{AsInProduction, use_and_reset};
use super::ops::{Input, Nanos, Op, Pick, Setup, Step, Terms};
use super::reference::{Counts, Model};
use super::scripted::{self, Answer, App, Entry};

/// The intervals at which the engine is compared.
#[derive(Clone, Copy)]
pub struct Watch {
    /// States, counters and what comes next are compared after so many operations. What happened is, after each.
    every: usize,
    /// Cranks after the last operation, at most: works with rewinding scripts may sleep for long, but none for ever.
    last_cranks: usize,
}

/// For tests: a difference shows where it arises.
pub const CLOSELY: Watch = Watch {
    every: 1,
    last_cranks: 1_000,
};

/// For the fuzzer: a difference shows soon enough, and there are many more runs.
pub const SELDOM: Watch = Watch {
    every: 16,
    last_cranks: 50,
};

/// Decodes bytes and checks the engine with them.
///
/// # Panics
/// If the engine and the model differ.
pub fn check_bytes(data: &[u8], watch: Watch) {
    check(&decode(data), watch);
}

/// Runs operations on both, then cranks both until nothing happens any more. What occurred comes back.
///
/// # Panics
/// If the engine and the model differ.
pub fn check(input: &Input, watch: Watch) -> Counts {
    let mut pair = Pair::new(&input.setup);
    for (number, mut op) in input.ops.iter().cloned().enumerate() {
        if input.setup.alike {
            op.make_alike();
        }
        pair.model.counts.named("op", &op);
        pair.run(&op);
        pair.watch(number, watch);
    }
    for number in 0..watch.last_cranks {
        let Some(at) = pair.model.next_deadline() else {
            break;
        };
        pair.clock = pair.clock.max(at);
        pair.run(&Op::Crank(None));
        pair.watch(number, watch);
    }
    pair.compare();
    pair.compare_outcomes();
    pair.model.counts
}

/// Answers other decisions as production does.
fn last_turn_first(decision: &Decision<'_>) -> usize {
    match decision.kind() {
        DecisionKind::Turn => decision.arity() - 1,
        _ => 0,
    }
}

const POOLS: [&str; 3] = ["max_concurrency", "a", "b"];

struct Pair {
    engine: WorkScheduler<App>,
    app: App,
    model: Model,
    clock: Nanos,
    unheard: bool,
}

impl Pair {
    fn new(setup: &Setup) -> Self {
        let log = Rc::new(RefCell::new(Vec::new()));
        let events = log.clone();
        let mut config = WorkSchedulerConfig::default()
            .max_concurrency(setup.permits as usize)
            .pool("a", setup.pools[0])
            .pool("b", setup.pools[1])
            .retain([Retain::All, Retain::Failures, Retain::Nothing][usize::from(setup.retain)]);
        if !setup.unheard {
            config = config.event_sink(move |event: &WorkEvent| {
                events.borrow_mut().push(Entry::State(
                    event.id.serial() as usize,
                    event.state,
                    event.attempt,
                    event.time.as_nanos(),
                ));
                true
            });
        }
        let mut engine = WorkScheduler::new(config);
        if setup.reset {
            use_and_reset(&mut engine, &log);
        }
        if setup.reversed {
            engine.set_decider(Some(Box::new(last_turn_first)));
        }
        if setup.asked {
            engine.set_decider(Some(Box::new(AsInProduction)));
        }
        Pair {
            engine,
            app: App {
                log,
                ids: Vec::new(),
            },
            model: Model::new(setup),
            clock: 0,
            unheard: setup.unheard,
        }
    }

    fn run(&mut self, op: &Op) {
        match op {
            Op::Crank(budget) => self.crank(*budget),
            Op::Clock(Step::By(nanos)) => self.clock = self.clock.saturating_add(*nanos),
            Op::Clock(Step::ToNext) => {
                let at = self.model.next_deadline().unwrap_or(0);
                self.clock = self.clock.max(at);
            }
            Op::CancelAll => {
                self.engine.cancel_all();
                self.model.cancel_all();
            }
            Op::Shutdown => {
                self.engine.shutdown();
                self.model.shutdown();
            }
            Op::Capacity(pool, capacity) => {
                let pool = usize::from(*pool);
                self.engine.set_pool_capacity(POOLS[pool], *capacity);
                self.model.set_capacity(pool, *capacity);
            }
            op => {
                if let Some((engine, model)) = self.ask(op) {
                    assert_eq!(engine, model, "what {op:?} answered: engine, then model");
                }
            }
        }
    }

    /// Operations with an answer.
    fn ask(&mut self, op: &Op) -> Option<(Answer, Answer)> {
        let id = |pick| self.app.picked(pick);
        let known = |pick| super::ops::picked(pick, self.app.ids.len());
        Some(match op {
            Op::Add(terms) => {
                let spec = scripted::spec(terms, self.engine.now(), &self.app);
                let answer = self.engine.add(spec);
                if let Ok(handle) = &answer {
                    self.app.ids.push(handle.id());
                }
                let answer = answer.map(|_| true).map_err(|e| scripted::add_error(&e));
                (answer, self.model.add(terms))
            }
            // A work that is refused in the middle would have an id in the engine only.
            Op::AddGraph(..) if self.model.has_no_permits() => return None,
            Op::AddGraph(works, edges) => {
                let edges = super::ops::edges(works.len(), edges);
                (
                    self.add_graph(works, &edges),
                    self.model.add_graph(works, &edges),
                )
            }
            Op::AddDependency(before, after) => {
                let answer = self.engine.add_dependency(id(*before)?, id(*after)?);
                let answer = answer.map(|()| true);
                let (before, after) = (known(*before)?, known(*after)?);
                (
                    answer.map_err(|e| scripted::dependency_error(&e)),
                    self.model.add_dependency(before, after),
                )
            }
            Op::Wake(pick) => {
                let answer = self.engine.wake(id(*pick)?).map_err(scripted::unknown);
                (answer, self.model.wake(known(*pick)?))
            }
            Op::Cancel(pick) => {
                let answer = self.engine.cancel(id(*pick)?).map_err(scripted::unknown);
                (answer, self.model.cancel(known(*pick)?))
            }
            Op::Restart(pick) => {
                let answer = self.engine.restart(id(*pick)?).map(|()| true);
                (answer.map_err(restart_error), self.model.restart(*pick)?)
            }
            Op::Reap(pick) => {
                let answer = self.engine.reap(id(*pick)?).map(|_| true);
                (answer.map_err(reap_error), self.model.reap(known(*pick)?))
            }
            _ => return None,
        })
    }

    /// Returns the engine's answer.
    fn add_graph(&mut self, works: &[Terms], edges: &[(usize, usize)]) -> Answer {
        let spec = |terms: &Terms| {
            let mut terms = terms.clone();
            terms.after.retain(|&(pick, _)| self.is_there(pick));
            scripted::spec(&terms, self.engine.now(), &self.app)
        };
        let mut specs: Vec<_> = works.iter().map(spec).map(Some).collect();
        let make = |work: usize| specs[work].take().expect("each is made once");
        let added = self.engine.add_graph(works.len(), make, edges);
        match added {
            Ok(handles) => {
                assert_eq!(handles.len(), works.len());
                self.app
                    .ids
                    .extend(handles.iter().map(|handle| handle.id()));
                Ok(true)
            }
            Err(AddGraphError::Cycle(_)) => Err("cycle"),
            Err(AddGraphError::Refused { work: 0, error }) => Err(scripted::add_error(&error)),
            Err(other) => panic!("{other}"),
        }
    }

    fn is_there(&self, pick: Pick) -> bool {
        let id = self.app.picked(pick);
        id.is_some_and(|id| self.engine.state(id).is_some())
    }

    fn crank(&mut self, budget: Option<u64>) {
        let now = Time::from_nanos(self.clock);
        let turns = budget.map_or(Budget::unlimited(), Budget::turns);
        let crank = self.engine.crank_work(now, &mut self.app, turns);
        let expected = self.model.crank(self.clock, budget);
        self.compare_log();
        assert_eq!(
            (crank.turns, crank.settled),
            expected,
            "turns and settled: engine, then model"
        );
        assert_eq!(crank.next, self.model.next(), "next: engine, then model");
        // Only now: what the host's calls free is granted in the next crank. With debug assertions the engine has
        // done so.
        if !cfg!(debug_assertions)
            && let Err(broken) = self.engine.audit()
        {
            panic!("audit: {broken}");
        }
    }

    /// Compares what is due after the operation with this number.
    fn watch(&mut self, number: usize, watch: Watch) {
        match (number + 1).is_multiple_of(watch.every) {
            true => self.compare(),
            false => self.compare_log(),
        }
    }

    fn compare_log(&mut self) {
        let engine = std::mem::take(&mut *self.app.log.borrow_mut());
        let mut model = std::mem::take(&mut self.model.log);
        let settled: Vec<usize> = model.iter().filter_map(Entry::settled).collect();
        if self.unheard {
            model.retain(|entry| !matches!(entry, Entry::State(..)));
        }
        if engine != model {
            let same = engine
                .iter()
                .zip(&model)
                .take_while(|(a, b)| a == b)
                .count();
            panic!(
                "the logs differ after{}\nengine:{}\nmodel:{}",
                lines(&engine[..same]),
                lines(&engine[same..]),
                lines(&model[same..])
            );
        }
        settled
            .into_iter()
            .for_each(|work| self.compare_outcome(work));
    }

    fn compare(&mut self) {
        self.compare_log();
        for (work, id) in self.app.ids.iter().enumerate() {
            let (engine, model) = (self.engine.state(*id), self.model.state(work));
            assert_eq!(engine, model, "state of #{work}: engine, then model");
        }
        self.compare_metrics();
        let (engine, model) = (self.engine.next(), self.model.next());
        assert_eq!(engine, model, "next: engine, then model");
    }

    fn compare_metrics(&self) {
        let (m, model) = (self.engine.metrics(), &self.model);
        for state in WorkState::ALL {
            let (engine, model) = (m.in_state(state), model.in_state(state));
            assert_eq!(engine, model, "works {state}: engine, then model");
        }
        let engine = [m.total, m.in_scheduler, m.retries_left, m.attempts, m.turns];
        let expected = [
            model.added() as u64,
            model.in_scheduler(),
            model.retries_left(),
            model.attempts,
            model.turns,
        ];
        assert_eq!(
            engine, expected,
            "total, in_scheduler, retries_left, attempts, turns: engine, then model"
        );
        assert_eq!(m.forced_aborts, model.forced, "forced: engine, then model");
        assert_eq!(m.panics, model.panics, "panics: engine, then model");
        assert_eq!((m.callback_panics, m.events_dropped), (0, 0));
    }

    fn compare_outcome(&self, work: usize) {
        // A work that was added in a turn of this crank may have been reclaimed in it.
        let engine = self.engine.outcome(self.app.ids[work]);
        let engine = engine.as_ref().map(scripted::outcome);
        let model = self.model.outcome(work);
        assert_eq!(engine, model, "outcome of #{work}: engine, then model");
    }

    fn compare_outcomes(&self) {
        (0..self.app.ids.len()).for_each(|work| self.compare_outcome(work));
    }
}

fn lines(entries: &[Entry]) -> String {
    let line = |entry| format!("\n    {entry:?}");
    entries.iter().map(line).collect()
}

fn restart_error(error: RestartError) -> &'static str {
    match error {
        RestartError::Unknown(unknown) => scripted::unknown(unknown),
        RestartError::NotSettled(..) => "not settled",
        RestartError::ShutDown => "shut down",
        RestartError::ParentDone(_) => "parent done",
        RestartError::Gone(_) => "gone",
        RestartError::Cycle(_) => "cycle",
        _ => "other",
    }
}

fn reap_error(error: ReapError) -> &'static str {
    match error {
        ReapError::Unknown(unknown) => scripted::unknown(unknown),
        ReapError::NotSettled(..) => "not settled",
        ReapError::Child(_) => "child",
        ReapError::Dependents(..) => "dependents",
        _ => "other",
    }
}
