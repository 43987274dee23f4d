//! The works of a scenario.

use super::script::{
    AddedBy, Body, Call, Fails, Gate, Hook, Kind, Returns, Script, Spawn, Then, TurnDef, Wait,
    WorkDef,
};
use super::stage::Stage;
use crate::units::{at_ms, ms};
use crate::workbench::ON_PURPOSE;
use crankwork::compose::{BatchSource, BatchWork, ConditionalWork, WorkSequence, WorkWithCallback};
use crankwork::{Failure, Progress, Retry, Spec, StatusContext, Work, WorkContext, WorkState};
use std::fmt;
use std::rc::Rc;
use std::task::Poll;

pub type Cx<'a> = WorkContext<'a, Stage>;
pub type Any = Box<dyn Work<Stage>>;
type Turn = Poll<Result<(), Failure>>;

/// The work as it is to be added. Its children are made from the same script, when their time comes.
pub fn spec(script: &Rc<Script>, def: &WorkDef) -> Spec<Stage, Any> {
    let work: Any = match def.kind {
        Kind::Leaf => Box::new(Leaf::new(script, def)),
        Kind::Parent => counted(def, Parent::new(script, def)),
        Kind::Sequence => counted(def, sequence(script, def)),
        Kind::Batch => counted(def, batch(script, def)),
        Kind::Conditional => counted(def, conditional(script, def)),
        Kind::Callback => counted(def, callback(def)),
    };
    Spec::new(def.name.clone(), work).retry(Retry::times(def.max_retries))
}

fn child_maker(script: &Rc<Script>, child: &WorkDef) -> impl FnMut() -> Spec<Stage, Any> + use<> {
    let (script, child) = (script.clone(), child.name.clone());
    move || spec(&script, &script.works[&child])
}

fn sequence(script: &Rc<Script>, def: &WorkDef) -> WorkSequence<Stage> {
    let mut all = WorkSequence::new();
    for member in script.children(&def.name) {
        all.push(child_maker(script, member));
    }
    all.stop_at_first_failure(def.stop_at_first_failure != Some(false))
}

fn batch(script: &Rc<Script>, def: &WorkDef) -> BatchWork<Children> {
    let source = Children {
        script: script.clone(),
        batch: def.name.clone(),
        yielded: 0,
    };
    BatchWork::new(def.width.unwrap_or(1), source)
}

/// The children of a batch, in order; each attempt has its own.
struct Children {
    script: Rc<Script>,
    batch: String,
    yielded: usize,
}

impl Children {
    fn peek(&self, attempt: u32) -> Option<&WorkDef> {
        let count = self.script.works[&self.batch].count;
        let own = |child: &&WorkDef| child.attempt.is_none_or(|of| of == attempt);
        let mut children = self.script.children(&self.batch).into_iter().filter(own);
        children
            .nth(self.yielded)
            .filter(|_| count.is_none_or(|count| self.yielded < count))
    }
}

impl BatchSource<Stage> for Children {
    type Output = ();
    type Work = Any;

    fn has_next(&mut self, cx: &mut Cx<'_>) -> bool {
        self.peek(cx.attempt()).is_some()
    }

    fn next(&mut self, cx: &mut Cx<'_>) -> Spec<Stage, Any> {
        let next = self.peek(cx.attempt()).expect("asked before");
        let next = spec(&self.script, next);
        self.yielded += 1;
        next
    }

    fn reset(&mut self) {
        self.yielded = 0;
    }
}

fn conditional(script: &Rc<Script>, def: &WorkDef) -> ConditionalWork<Stage> {
    let gate = def.gate.clone().unwrap_or(Gate::Never);
    let holds = move |cx: &mut Cx<'_>| match &gate {
        Gate::Always => true,
        Gate::Never => false,
        Gate::VirtualMsAtLeast(ms) => cx.app.clock_ms >= *ms,
        Gate::Succeeded(work) => cx.app.state(work) == Some(WorkState::Success),
    };
    let children = script.children(&def.name);
    let [gated] = children[..] else {
        panic!(
            "the conditional `{}` has {} children",
            def.name,
            children.len()
        );
    };
    let work = ConditionalWork::with_context(holds, child_maker(script, gated));
    match def.poll_ms {
        Some(millis) => work.poll_every(ms(millis)),
        None => work,
    }
}

fn callback(def: &WorkDef) -> impl Work<Stage> + use<> {
    let returns = def.returns;
    WorkWithCallback::new(move |_: &mut Cx<'_>| match returns {
        Some(Returns::True) => true,
        Some(Returns::False) | None => false,
        Some(Returns::Error) => panic!("{ON_PURPOSE}"),
    })
}

/// A work whose calls are counted.
struct Counted<W> {
    name: String,
    work: W,
}

fn counted<W: Work<Stage> + 'static>(def: &WorkDef, work: W) -> Any {
    let name = def.name.clone();
    Box::new(Counted { name, work })
}

impl<W: Work<Stage>> Work<Stage> for Counted<W> {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Turn {
        cx.app.count(&self.name, Hook::Run);
        self.work.poll(cx)
    }

    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        cx.app.count(&self.name, Hook::Abort);
        self.work.on_abort(cx)
    }

    fn on_reset(&mut self, cx: &mut Cx<'_>) {
        cx.app.count(&self.name, Hook::Reset);
        self.work.on_reset(cx);
    }

    fn on_success(&mut self, cx: &mut Cx<'_>) {
        cx.app.count(&self.name, Hook::Success);
        self.work.on_success(cx);
    }

    fn on_failure_retry(&mut self, cx: &mut Cx<'_>) {
        cx.app.count(&self.name, Hook::FailureRetry);
        self.work.on_failure_retry(cx);
    }

    fn on_failure_raise(&mut self, cx: &mut Cx<'_>) {
        cx.app.count(&self.name, Hook::FailureRaise);
        self.work.on_failure_raise(cx);
    }

    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.work.status(cx, f)
    }

    fn progress(&self) -> Option<Progress> {
        self.work.progress()
    }
}

/// Adds works in a turn: as children of the work whose turn it is, or as what the script says.
fn add(cx: &mut Cx<'_>, script: &Rc<Script>, def: &WorkDef) -> Result<(), Failure> {
    let spec = spec(script, def);
    match &def.parent {
        None => cx.spawn_root(spec)?,
        Some(parent) if *cx.name() == **parent => cx.spawn(spec)?,
        Some(parent) => {
            let id = cx.app.id(parent);
            let id = id.ok_or_else(|| Failure::fatal(format!("`{parent}` is not there")))?;
            cx.spawn_root(spec.parent(id))?
        }
    };
    Ok(())
}

/// Takes steps, or does what is listed for its turns.
struct Leaf {
    script: Rc<Script>,
    name: String,
    turns: Vec<TurnDef>,
    /// The number of its turns in this attempt.
    turn: usize,
    /// The earliest wake-up that has been set and not been slept for.
    armed: Option<u64>,
    slept: bool,
    aborts: u32,
}

impl Leaf {
    fn new(script: &Rc<Script>, def: &WorkDef) -> Counted<Leaf> {
        Counted {
            name: def.name.clone(),
            work: Leaf {
                script: script.clone(),
                name: def.name.clone(),
                turns: def.turns.clone().unwrap_or_else(|| steps(def)),
                turn: 0,
                armed: None,
                slept: false,
                aborts: 0,
            },
        }
    }

    fn def(&self) -> &WorkDef {
        &self.script.works[&self.name]
    }

    /// Adds the works that this turn adds before its step.
    fn add_works(&self, cx: &mut Cx<'_>) -> Result<(), Failure> {
        let run = cx.app.counted(&self.name, Hook::Run);
        let listed = self.def().spawns.iter().filter(|spawn| spawn.at_run == run);
        let mut names: Vec<&String> = listed.flat_map(|Spawn { works, .. }| works).collect();
        let me = AddedBy::Run {
            work: self.name.clone(),
            at_run: run,
        };
        let said = self.script.works.values().filter(|def| def.added_by == me);
        for def in said {
            if !names.contains(&&def.name) {
                names.push(&def.name);
            }
        }
        for name in names {
            add(cx, &self.script, &self.script.works[name])?;
        }
        Ok(())
    }

    /// Arms what the turn sets. A sleep ends with the first wake, and the wake-ups set before it are gone with it; one
    /// that was set before another turn still counts.
    fn arm(&mut self, cx: &Cx<'_>, turn: &TurnDef) {
        if std::mem::take(&mut self.slept) {
            self.armed = None;
        }
        let set = turn.arm_ms.iter().map(|ms| cx.app.clock_ms + ms);
        self.armed = set.chain(self.armed).min();
    }

    fn sleep(&mut self, cx: &mut Cx<'_>) -> Turn {
        self.slept = true;
        match self.armed {
            Some(ms) => cx.wake_at(at_ms(ms)),
            None => cx.expect_wake(),
        }
        Poll::Pending
    }
}

/// Steps as turns: all but the last go on, and the last ends the attempt.
fn steps(def: &WorkDef) -> Vec<TurnDef> {
    let (arm_ms, then) = match def.wait {
        None => (vec![], Then::Again),
        Some(Wait::External) => (vec![], Then::Wait),
        Some(Wait::TimerMs(ms)) => (vec![ms], Then::Wait),
    };
    let ms = def.step_ms;
    let mut turns = vec![TurnDef { ms, arm_ms, then }; def.steps.unwrap_or(1).max(1) as usize];
    if let Some(last) = turns.last_mut() {
        (last.arm_ms, last.then) = (vec![], Then::Success);
    }
    turns
}

impl Work<Stage> for Leaf {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Turn {
        self.add_works(cx)?;
        if self.turn == 0 {
            *cx.app.attempts.entry(self.name.clone()).or_default() += 1;
        }
        let Some(turn) = self.turns.get(self.turn).cloned() else {
            return Poll::Ready(Err(Failure::fatal("no more turns are listed")));
        };
        self.turn += 1;
        cx.app.clock_ms += turn.ms;
        self.arm(cx, &turn);
        match turn.then {
            Then::Again => cx.yield_now(),
            Then::Wait => self.sleep(cx),
            Then::Panic => panic!("{ON_PURPOSE}"),
            Then::Fail => Poll::Ready(Err(Failure::msg("it is to fail"))),
            Then::Success => {
                let attempt = cx.app.attempts[&self.name];
                let fails = match self.def().fails {
                    Fails::Never => false,
                    Fails::Always => true,
                    Fails::FirstAttempts(n) => attempt <= n,
                };
                match fails {
                    true => Poll::Ready(Err(Failure::msg("it is to fail"))),
                    false => Poll::Ready(Ok(())),
                }
            }
        }
    }

    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        self.aborts += 1;
        match self.aborts > self.def().abort_false_times {
            true => Poll::Ready(()),
            false => cx.yield_now(),
        }
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        (self.turn, self.armed, self.slept, self.aborts) = (0, None, false, 0);
    }
}

/// Owns children, and does what its body says.
struct Parent {
    script: Rc<Script>,
    name: String,
    call: u32,
}

impl Parent {
    fn new(script: &Rc<Script>, def: &WorkDef) -> Parent {
        Parent {
            script: script.clone(),
            name: def.name.clone(),
            call: 0,
        }
    }

    /// The calls that are listed for this attempt, from this one on.
    fn listed(&self, attempt: u32) -> impl Iterator<Item = &Call> {
        let body = self.script.works[&self.name].body.iter();
        let calls = body.flat_map(|Body(calls)| calls);
        calls.filter(move |call| call.attempt == attempt && call.call >= self.call)
    }
}

impl Work<Stage> for Parent {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Turn {
        self.call += 1;
        if self.call == 1 {
            for child in self.script.children(&self.name) {
                if child.added_by == AddedBy::Parent {
                    add(cx, &self.script, child)?;
                }
            }
        }
        let mut listed = self.listed(cx.attempt());
        let this = listed.find(|call| call.call == self.call).cloned();
        let is_last = self.listed(cx.attempt()).all(|call| call.call == self.call);
        for name in this.iter().flat_map(|call| &call.add) {
            add(cx, &self.script, &self.script.works[name])?;
        }
        match this.map(|call| call.then) {
            Some(Then::Again) => cx.yield_now(),
            Some(Then::Fail) => Poll::Ready(Err(Failure::msg("it is to fail"))),
            Some(Then::Panic) => panic!("{ON_PURPOSE}"),
            Some(Then::Success) => Poll::Ready(Ok(())),
            Some(Then::Wait) => {
                cx.expect_wake();
                Poll::Pending
            }
            // It settles when its children have; a failed one ends the attempt.
            None if is_last || cx.children().all_successful() => Poll::Ready(Ok(())),
            None => Poll::Pending,
        }
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        self.call = 0;
    }
}
