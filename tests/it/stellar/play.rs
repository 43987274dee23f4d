//! Drives a scenario by its ops.

use super::cast;
use super::script::{Cond, Hook, Op, Refused, Script};
use super::stage::Stage;
use crankwork::{
    AddError, Budget, Next, Spec, Time, WorkScheduler, WorkSchedulerConfig, WorkState,
};
use std::rc::Rc;

/// So many turns in one `run_until` mean that it will not end.
const TOO_MANY_TURNS: u64 = 1_000_000;

pub struct Play {
    pub stage: Stage,
    pub scheduler: WorkScheduler<Stage>,
    script: Rc<Script>,
}

impl Play {
    pub fn new(script: Rc<Script>) -> Play {
        let config = WorkSchedulerConfig::default();
        let config = config.max_concurrency(usize::MAX).events(1 << 20);
        Play {
            stage: Stage::default(),
            scheduler: WorkScheduler::new(config),
            script,
        }
    }

    /// # Errors
    /// The first difference: an op that could not be done, or an expectation that was not met.
    pub fn run(&mut self) -> Result<(), String> {
        let script = self.script.clone();
        for (i, op) in script.ops.iter().enumerate() {
            let place = |error: String| format!("op {}: {error}", i + 1);
            self.op(op).map_err(place)?;
        }
        Ok(())
    }

    fn op(&mut self, op: &Op) -> Result<(), String> {
        match op {
            Op::Add { work, expect } => self.add(work, None, *expect)?,
            Op::AddChild {
                parent,
                work,
                expect,
            } => self.add(work, Some(parent), *expect)?,
            Op::RunUntil { cond } => self.run_until(cond)?,
            Op::Shutdown {} => self.scheduler.shutdown(),
            Op::Cancel { work } => self.on(work, |scheduler, id| scheduler.cancel(id).is_ok())?,
            Op::Wake { work } => {
                self.script.work(work)?;
                if let Some(id) = self.stage.id(work) {
                    // No effect if it is gone.
                    let _ = self.scheduler.wake(id);
                }
            }
            Op::Restart { work } => {
                let id = self.id(work)?;
                let restarted = self.scheduler.restart(id);
                restarted.map_err(|error| format!("restart of `{work}`: {error}"))?;
            }
            Op::AdvanceMs { ms } => self.stage.clock_ms += ms,
            Op::Expect { work, state, live } => self.expect(work, state, live)?,
        }
        self.take_notes();
        Ok(())
    }

    fn id(&self, work: &str) -> Result<crankwork::WorkId, String> {
        self.script.work(work)?;
        let id = self.stage.id(work);
        id.ok_or_else(|| format!("`{work}` has not been added yet"))
    }

    /// A call that has no effect on a work that is gone.
    fn on(
        &mut self,
        work: &str,
        call: impl FnOnce(&mut WorkScheduler<Stage>, crankwork::WorkId) -> bool,
    ) -> Result<(), String> {
        let id = self.id(work)?;
        match call(&mut self.scheduler, id) || self.stage.is_settled(work) {
            true => Ok(()),
            false => Err(format!("`{work}` is gone and had not settled")),
        }
    }

    fn add(
        &mut self,
        work: &str,
        parent: Option<&str>,
        expect: Option<Refused>,
    ) -> Result<(), String> {
        let spec: Spec<Stage, cast::Any> = cast::spec(&self.script, self.script.work(work)?);
        let spec = match parent {
            Some(parent) => spec.parent(self.id(parent)?),
            None => spec,
        };
        let added: Result<_, AddError> = self.scheduler.add::<_, ()>(spec);
        match (added, expect) {
            (Ok(_), None) | (Err(_), Some(Refused::Refused)) => Ok(()),
            (Ok(_), Some(_)) => Err(format!("`{work}` was not refused")),
            (Err(error), None) => Err(format!("`{work}` was refused: {error}")),
        }
    }

    fn expect(
        &mut self,
        work: &Option<String>,
        state: &Option<super::script::States>,
        live: &Option<u64>,
    ) -> Result<(), String> {
        if let (Some(work), Some(states)) = (work, state) {
            self.script.work(work)?;
            if !self.stage.is_in(work, states) {
                let is = self.stage.state(work);
                return Err(format!("`{work}` is {is:?}, not {:?}", states.0));
            }
        }
        let unsettled = self.scheduler.metrics().unsettled();
        match live {
            Some(live) if *live != unsettled => Err(format!("{unsettled} are live, not {live}")),
            _ => Ok(()),
        }
    }

    /// Reads the events since the last call.
    fn take_notes(&mut self) {
        while let Some(event) = self.scheduler.poll_event() {
            let def = self.script.works.get(&*event.name);
            let parent = def.and_then(|def| def.parent.as_deref());
            self.stage.saw(&event, parent);
            if event.state == WorkState::Retrying
                && let Some(eta) = self.scheduler.retry_eta(event.id)
            {
                let delay = eta.saturating_since(event.time);
                let all = self.stage.backoffs.entry(event.name.to_string());
                all.or_default().push(delay.as_secs());
            }
        }
    }

    fn run_until(&mut self, cond: &Cond) -> Result<(), String> {
        self.take_notes();
        for _ in 0..TOO_MANY_TURNS {
            if self.holds(cond)? {
                return Ok(());
            }
            self.step(cond)?;
        }
        Err(format!(
            "{TOO_MANY_TURNS} turns, and {cond:?} does not hold"
        ))
    }

    /// One turn, or the way to the next timer.
    fn step(&mut self, cond: &Cond) -> Result<(), String> {
        let now = self.stage.clock_ms;
        let timer = match self.scheduler.next() {
            Next::Now => return self.turn(),
            Next::At(at) if at <= self.stage.now() => return self.turn(),
            Next::At(at) => Some(millis_up(at)),
            Next::External | Next::Stalled | Next::Idle => None,
        };
        let awaited = awaited_time(cond).filter(|&ms| ms > now);
        match timer.into_iter().chain(awaited).min() {
            Some(ms) => self.stage.clock_ms = ms,
            None => {
                let report = self.scheduler.stall_report();
                return Err(format!("{cond:?} can never hold: {report}"));
            }
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<(), String> {
        let now = self.stage.now();
        let budget = Budget::turns(1);
        let _ = self.scheduler.crank_work(now, &mut self.stage, budget);
        self.take_notes();
        Ok(())
    }

    fn holds(&self, cond: &Cond) -> Result<bool, String> {
        let mut holds = true;
        for work in &cond.all_settled {
            self.script.work(work)?;
            holds &= self.stage.is_settled(work);
        }
        if let Some(work) = &cond.work {
            self.script.work(work)?;
            let least =
                |hook, n: Option<u64>| n.is_none_or(|n| self.stage.counted(work, hook) >= n);
            holds &= least(Hook::Run, cond.on_run) && least(Hook::Abort, cond.on_abort);
            let states = cond.state.as_ref();
            holds &= states.is_none_or(|states| self.stage.is_in(work, states));
        }
        holds &= cond.virtual_ms.is_none_or(|ms| self.stage.clock_ms >= ms);
        if let Some(idle) = cond.idle {
            let has_turn = match self.scheduler.next() {
                Next::Now => true,
                Next::At(at) => at <= self.stage.now(),
                _ => false,
            };
            holds &= idle != has_turn;
        }
        for part in &cond.all {
            holds &= self.holds(part)?;
        }
        Ok(holds)
    }
}

/// The latest time that a condition speaks of is reached by way of the earlier ones.
fn awaited_time(cond: &Cond) -> Option<u64> {
    let parts = cond.all.iter().filter_map(awaited_time);
    parts.chain(cond.virtual_ms).max()
}

/// Timers that engine works set are whole milliseconds; what is not is rounded up, so that it has come then.
fn millis_up(at: Time) -> u64 {
    at.as_nanos().div_ceil(1_000_000)
}
