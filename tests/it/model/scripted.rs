//! The works that run scripts on the engine, and the log that they and the engine's events fill.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use crankwork::{
    AddError, Backoff, DependencyError, Failure, FailureKind, OnChildFailure, Retry, RetryPosition,
    Spec, Time, UnknownWork, Work, WorkContext, WorkId, WorkOutcome, WorkState,
};

use super::ops::{Abort, Action, End, Hook, Nanos, Pick, Script, Terms, picked};

/// One thing that happened: a turn, a hook, the answer to an action, a change of state, a callback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A turn, with the children that the work sees: (live, succeeded, failed).
    Poll(usize, u32, Nanos, (usize, usize, usize)),
    /// The end of a turn, and whether the work then sees that it is cancelled.
    Ends(usize, bool),
    /// A turn of its abort.
    Abort(usize, u32, Nanos),
    /// Another call.
    Hook(usize, Hook, u32, Nanos),
    /// The answer to an action of a work.
    Did(usize, Answer),
    /// A change of state, with the attempt.
    State(usize, WorkState, u32, Nanos),
    /// An `on_settled` callback.
    Settled(usize, WorkState),
}

impl Entry {
    /// The work that has settled with this.
    pub fn settled(&self) -> Option<usize> {
        match *self {
            Entry::State(work, state, ..) if state.is_settled() => Some(work),
            _ => None,
        }
    }
}

/// The answer to a call; an error by its kind.
pub type Answer = Result<bool, &'static str>;

/// A failure and its causes.
pub type Chain = Vec<Kind>;

/// A [`FailureKind`] with numbers for ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `Failure::msg`.
    Error,
    /// `Failure::fatal`.
    Fatal,
    /// `Failure::retry_after`.
    RetryAfter(Nanos),
    /// Cancelled: by itself, or as the cause of what another failed with.
    Cancelled,
    /// Nothing could wake it.
    LostWake,
    /// A turn or hook panicked.
    Panicked,
    /// The attempt took longer than this.
    AttemptTimeout(Nanos),
    /// Not settled by then.
    Deadline(Nanos),
    /// This child failed.
    Child(usize),
    /// This is the root cause.
    Blocked(usize),
}

/// The engine's failure as a chain.
pub fn chain(failure: &Failure) -> Chain {
    let mut out = Vec::new();
    let mut next = Some(failure);
    while let Some(failure) = next {
        out.push(kind(failure.kind()));
        next = failure.cause();
    }
    out
}

fn kind(kind: &FailureKind) -> Kind {
    match kind {
        FailureKind::Error => Kind::Error,
        FailureKind::Fatal => Kind::Fatal,
        FailureKind::RetryAfter(d) => Kind::RetryAfter(d.as_nanos() as Nanos),
        FailureKind::Cancelled => Kind::Cancelled,
        FailureKind::LostWake => Kind::LostWake,
        FailureKind::Panicked => Kind::Panicked,
        FailureKind::AttemptTimeout(d) => Kind::AttemptTimeout(d.as_nanos() as Nanos),
        FailureKind::Deadline(at) => Kind::Deadline(at.as_nanos()),
        FailureKind::Child { id, .. } => Kind::Child(id.serial() as usize),
        FailureKind::Blocked { root, .. } => Kind::Blocked(root.serial() as usize),
        other => panic!("unknown kind {other:?}"),
    }
}

/// The end of a work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It succeeded.
    Success,
    /// It failed for good.
    Failed(Chain),
    /// It was cancelled.
    Cancelled,
    /// It was never run. The root cause, and the root cause's failure unless that was cancelled.
    Blocked(usize, Option<Chain>),
}

/// The engine's outcome in the model's terms.
pub fn outcome(outcome: &WorkOutcome) -> Outcome {
    match outcome {
        WorkOutcome::Success => Outcome::Success,
        WorkOutcome::Failed(failure) => Outcome::Failed(chain(failure)),
        WorkOutcome::Cancelled => Outcome::Cancelled,
        WorkOutcome::Blocked(root) => {
            Outcome::Blocked(root.id.serial() as usize, root.failure.as_ref().map(chain))
        }
    }
}

/// The application that is lent to the works.
pub struct App {
    /// All that has happened since the last comparison.
    pub log: Rc<RefCell<Vec<Entry>>>,
    /// All works ever added.
    pub ids: Vec<WorkId>,
}

impl App {
    /// The work that is meant.
    pub fn picked(&self, pick: Pick) -> Option<WorkId> {
        picked(pick, self.ids.len()).map(|at| self.ids[at])
    }

    fn note(&self, entry: Entry) {
        self.log.borrow_mut().push(entry);
    }
}

/// Runs a script.
pub struct Scripted {
    script: Script,
    turn: usize,
    aborts: u32,
}

impl Scripted {
    fn new(script: Script) -> Self {
        Scripted {
            script,
            turn: 0,
            aborts: 0,
        }
    }

    fn hook(&mut self, hook: Hook, cx: &mut WorkContext<'_, App>) {
        let entry = Entry::Hook(me(cx), hook, cx.attempt(), cx.now().as_nanos());
        cx.app.note(entry);
        if self.script.panics_in == Some(hook) {
            scripted_panic();
        }
    }
}

fn me(cx: &WorkContext<'_, App>) -> usize {
    cx.id().serial() as usize
}

/// A panic that does not print itself.
fn scripted_panic() -> ! {
    std::panic::resume_unwind(Box::new("scripted"))
}

impl Work<App> for Scripted {
    fn poll(&mut self, cx: &mut WorkContext<'_, App>) -> Poll<Result<(), Failure>> {
        let family = cx.children();
        let family = (family.live(), family.succeeded(), family.failed());
        let entry = Entry::Poll(me(cx), cx.attempt(), cx.now().as_nanos(), family);
        cx.app.note(entry);
        let turn = self.script.turns.get(self.turn);
        self.turn += usize::from(turn.is_some());
        for action in turn.iter().flat_map(|turn| &turn.actions) {
            if let Some(answer) = act(action, cx) {
                let entry = Entry::Did(me(cx), answer);
                cx.app.note(entry);
            }
        }
        let entry = Entry::Ends(me(cx), cx.is_cancelled());
        cx.app.note(entry);
        match turn.map_or(End::Succeed, |turn| turn.end) {
            End::Succeed => Poll::Ready(Ok(())),
            End::Yield => cx.yield_now(),
            End::Pending => Poll::Pending,
            End::Fail => Poll::Ready(Err(Failure::msg("scripted"))),
            End::Fatal => Poll::Ready(Err(Failure::fatal("scripted"))),
            End::RetryAfter(delay) => Poll::Ready(Err(Failure::retry_after(
                "scripted",
                Duration::from_nanos(delay),
            ))),
            End::Cancelled => Poll::Ready(Err(Failure::cancelled())),
            End::Panic => scripted_panic(),
        }
    }

    fn on_abort(&mut self, cx: &mut WorkContext<'_, App>) -> Poll<()> {
        let entry = Entry::Abort(me(cx), cx.attempt(), cx.now().as_nanos());
        cx.app.note(entry);
        self.aborts += 1;
        match self.script.abort {
            Abort::Yield(n) if self.aborts <= n => cx.yield_now(),
            Abort::Sleep(n, delay) if self.aborts <= n => {
                cx.wake_after(Duration::from_nanos(delay));
                Poll::Pending
            }
            Abort::Hang => {
                cx.expect_wake();
                Poll::Pending
            }
            Abort::Bare => Poll::Pending,
            Abort::Panic => scripted_panic(),
            Abort::Ready | Abort::Yield(_) | Abort::Sleep(..) => Poll::Ready(()),
        }
    }

    fn on_reset(&mut self, cx: &mut WorkContext<'_, App>) {
        self.aborts = 0;
        if self.script.rewind {
            self.turn = 0;
        }
        self.hook(Hook::Reset, cx);
    }

    fn on_success(&mut self, cx: &mut WorkContext<'_, App>) {
        self.hook(Hook::Success, cx);
    }

    fn on_failure_retry(&mut self, cx: &mut WorkContext<'_, App>) {
        self.hook(Hook::Retry, cx);
    }

    fn on_failure_raise(&mut self, cx: &mut WorkContext<'_, App>) {
        self.hook(Hook::Raise, cx);
    }
}

fn act(action: &Action, cx: &mut WorkContext<'_, App>) -> Option<Answer> {
    let now = cx.now().as_nanos();
    match action {
        Action::WakeAfter(delay) => cx.wake_after(Duration::from_nanos(*delay)),
        Action::Sleep(delay) => {
            let slept = cx.sleep(Duration::from_nanos(*delay)).is_ready();
            return Some(Ok(slept));
        }
        Action::WakeInThePast(ago) => cx.wake_at(Time::from_nanos(now.saturating_sub(*ago))),
        Action::ExpectWake => cx.expect_wake(),
        Action::CancelChildren => cx.cancel_children(),
        Action::ReleasePermit => cx.release_permit(),
        Action::Watch(pick) => {
            let id = cx.app.picked(*pick)?;
            return Some(cx.watch(id).map_err(unknown));
        }
        Action::Spawn(terms) => {
            let spec = spec(terms, cx.now(), cx.app);
            return Some(match cx.spawn(spec) {
                Ok(handle) => {
                    cx.app.ids.push(handle.id());
                    Ok(true)
                }
                Err(error) => Err(add_error(&error)),
            });
        }
        Action::AddDependency(before, after) => {
            let (before, after) = (cx.app.picked(*before)?, cx.app.picked(*after)?);
            let result = cx.add_dependency(before, after);
            return Some(result.map(|()| true).map_err(|e| dependency_error(&e)));
        }
        Action::Wake(pick) => {
            let id = cx.app.picked(*pick)?;
            return Some(cx.wake(id).map_err(unknown));
        }
        Action::WakeSelf => return Some(cx.wake(cx.id()).map_err(unknown)),
        Action::Cancel(pick) => {
            let id = cx.app.picked(*pick)?;
            return Some(cx.cancel(id).map_err(unknown));
        }
        Action::CancelSelf => return Some(cx.cancel(cx.id()).map_err(unknown)),
    }
    None
}

/// The spec that the terms describe.
pub fn spec(terms: &Terms, now: Time, app: &App) -> Spec<App, Scripted> {
    let nanos = Duration::from_nanos;
    let mut spec = Spec::new("w", Scripted::new(terms.script.clone())).priority(terms.priority);
    if terms.retries > 0 {
        // Not without need: a back-off of its own makes a work less plain to the engine.
        let retry = Retry::times(terms.retries);
        spec = spec.retry(retry.with_backoff(Backoff::fixed(nanos(terms.backoff))));
    }
    if let Some(parent) = terms.parent.and_then(|pick| app.picked(pick)) {
        spec = spec.parent(parent);
    }
    for &(pick, settled) in &terms.after {
        spec = match app.picked(pick) {
            Some(id) if settled => spec.after_settled(id),
            Some(id) => spec.after(id),
            None => spec,
        };
    }
    for (name, weight) in ["a", "b"].into_iter().zip(terms.pools) {
        if weight > 0 {
            spec = spec.pool(name, weight);
        }
    }
    if terms.head {
        spec = spec.retry_position(RetryPosition::Head);
    }
    if terms.retry_fatal {
        spec = spec.retry_fatal_children();
    }
    if terms.no_permit {
        spec = spec.no_permit();
    }
    if terms.collect {
        spec = spec.on_child_failure(OnChildFailure::Collect);
    }
    if terms.callback {
        spec = spec.on_settled(|app: &mut App, id, outcome| {
            app.note(Entry::Settled(id.serial() as usize, outcome.state()));
        });
    }
    limited(spec, terms, now)
}

/// The spec with the limits in time that the terms have.
fn limited(mut spec: Spec<App, Scripted>, terms: &Terms, now: Time) -> Spec<App, Scripted> {
    let nanos = Duration::from_nanos;
    if let Some(limit) = terms.attempt_timeout {
        spec = spec.attempt_timeout(nanos(limit));
    }
    if let Some(delay) = terms.deadline {
        spec = spec.deadline(now + nanos(delay));
    }
    if let Some(grace) = terms.grace {
        spec = spec.abort_grace(nanos(grace));
    }
    spec
}

/// The kind of an error, as the model names it.
pub fn unknown(error: UnknownWork) -> &'static str {
    match error {
        UnknownWork::Reclaimed(_) => "reclaimed",
        UnknownWork::Foreign(_) => "foreign",
        _ => "other",
    }
}

/// The kind of an error, as the model names it.
pub fn add_error(error: &AddError) -> &'static str {
    match error {
        AddError::ShutDown => "shut down",
        AddError::Parent(_) => "unknown parent",
        AddError::Dependency(_) => "unknown dependency",
        AddError::ParentDone(..) => "parent done",
        AddError::NotInATurn => "not in a turn",
        AddError::Cycle(_) => "cycle",
        AddError::AboveCapacity { .. } => "above capacity",
        _ => "other",
    }
}

/// The kind of an error, as the model names it.
pub fn dependency_error(error: &DependencyError) -> &'static str {
    match error {
        DependencyError::Before(_) => "unknown before",
        DependencyError::After(_) => "unknown after",
        DependencyError::Started(..) => "started",
        DependencyError::Cycle(_) => "cycle",
        _ => "other",
    }
}
