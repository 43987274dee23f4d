//! Operations, and the scripts of the works that they add.
//!
//! A work is picked by how long ago it was added. So an operation names one work to the engine and to the model, and
//! still names one after others have been removed from the list.

use std::fmt;

/// Names a work by how many works ago it was added, modulo a small number.
pub type Pick = u8;

/// Nanoseconds.
pub type Nanos = u64;

/// The set-up of a scheduler.
#[derive(Clone, Debug)]
pub struct Setup {
    /// `max_concurrency`.
    pub permits: u32,
    /// Capacities of the two named pools.
    pub pools: [u32; 2],
    /// 0: `Retain::All`, 1: `Failures`, 2: `Nothing`.
    pub retain: u8,
    /// A decider gives the turns of a round last come, first served.
    pub reversed: bool,
    /// A decider that wants to be asked everything answers as production does.
    pub asked: bool,
    /// The scheduler has run other works before, and was reset.
    pub reset: bool,
    /// No sink hears of changes of state, so the engine may leave steps out.
    pub unheard: bool,
    /// All works need a permit, and none has a priority.
    pub alike: bool,
}

/// One call of the host.
#[derive(Clone, Debug)]
pub enum Op {
    /// `crank_work`; `None` is an unlimited budget.
    Crank(Option<u64>),
    /// Moves the clock.
    Clock(Step),
    /// `add`.
    Add(Box<Terms>),
    /// `add_graph`: the works, and edges between them; see [`edges`].
    AddGraph(Vec<Terms>, Vec<(u8, u8)>),
    /// `add_dependency(before, after)`.
    AddDependency(Pick, Pick),
    /// `wake`.
    Wake(Pick),
    /// `cancel`.
    Cancel(Pick),
    /// `cancel_all`.
    CancelAll,
    /// `restart`.
    Restart(Pick),
    /// `reap`.
    Reap(Pick),
    /// `set_pool_capacity`: pool 0 is the general one.
    Capacity(u8, u32),
    /// `shutdown`.
    Shutdown,
}

/// A step of the clock.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// So far.
    By(Nanos),
    /// To the next deadline, if there is one.
    ToNext,
}

/// The terms on which a work is added.
#[derive(Clone, Default)]
pub struct Terms {
    /// The parent; `spawn` ignores it.
    pub parent: Option<Pick>,
    /// Dependencies; `true` is `after_settled`.
    pub after: Vec<(Pick, bool)>,
    /// Its priority.
    pub priority: i8,
    /// `RetryPosition::Head`.
    pub head: bool,
    /// `retry_fatal_children`.
    pub retry_fatal: bool,
    /// The number of retries.
    pub retries: u32,
    /// Its fixed back-off.
    pub backoff: Nanos,
    /// Weights of the two named pools; 0 is not asked for.
    pub pools: [u32; 2],
    /// Needs no general permit.
    pub no_permit: bool,
    /// Its attempt timeout.
    pub attempt_timeout: Option<Nanos>,
    /// Its deadline, from when it is added.
    pub deadline: Option<Nanos>,
    /// Its abort grace; `None` is the scheduler's.
    pub grace: Option<Nanos>,
    /// `OnChildFailure::Collect`.
    pub collect: bool,
    /// Whether it has an `on_settled` callback.
    pub callback: bool,
    /// Its behaviour.
    pub script: Script,
}

impl Op {
    /// See [`Setup::alike`].
    pub fn make_alike(&mut self) {
        match self {
            Op::Add(terms) => terms.make_alike(),
            Op::AddGraph(works, _) => works.iter_mut().for_each(Terms::make_alike),
            _ => {}
        }
    }
}

impl Terms {
    fn make_alike(&mut self) {
        (self.priority, self.no_permit, self.head) = (0, false, false);
        let turns = self.script.turns.iter_mut();
        for action in turns.flat_map(|turn| &mut turn.actions) {
            if let Action::Spawn(terms) = action {
                terms.make_alike();
            }
        }
    }
}

/// Prints only what differs from the default.
impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Terms");
        macro_rules! fields {
            ($($name:ident)+) => {$(
                if self.$name != Terms::default().$name {
                    out.field(stringify!($name), &self.$name);
                }
            )+};
        }
        fields!(parent after priority head retry_fatal retries backoff pools no_permit);
        fields!(attempt_timeout deadline grace collect callback);
        out.field("script", &self.script).finish()
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} -> {:?}", self.actions, self.end)
    }
}

/// A whole input, printed one operation a line.
#[derive(Clone)]
pub struct Input {
    /// The set-up of the scheduler.
    pub setup: Setup,
    /// The operations on it, in order.
    pub ops: Vec<Op>,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.setup)?;
        self.ops.iter().try_for_each(|op| write!(f, "\n    {op:?}"))
    }
}

/// The behaviour of a work.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Its turns; after the last it succeeds.
    pub turns: Vec<Turn>,
    /// Whether `on_reset` goes back to the first turn.
    pub rewind: bool,
    /// The behaviour of `on_abort`.
    pub abort: Abort,
    /// The hook that panics.
    pub panics_in: Option<Hook>,
}

/// One turn: what it does, and how it ends.
#[derive(Clone, Default)]
pub struct Turn {
    /// In this order.
    pub actions: Vec<Action>,
    /// The result of `poll`.
    pub end: End,
}

/// One action of a work during a turn.
#[derive(Clone, Debug)]
pub enum Action {
    /// `wake_at` so long after now.
    WakeAfter(Nanos),
    /// `sleep`.
    Sleep(Nanos),
    /// `wake_at` so long before now.
    WakeInThePast(Nanos),
    /// `expect_wake`.
    ExpectWake,
    /// `watch`.
    Watch(Pick),
    /// `spawn`.
    Spawn(Box<Terms>),
    /// `add_dependency(before, after)`.
    AddDependency(Pick, Pick),
    /// `wake` of another.
    Wake(Pick),
    /// `wake` of itself.
    WakeSelf,
    /// `cancel` of another.
    Cancel(Pick),
    /// `cancel` of itself.
    CancelSelf,
    /// `cancel_children`.
    CancelChildren,
    /// `release_permit`.
    ReleasePermit,
}

/// The result of a turn.
#[derive(Clone, Copy, Debug, Default)]
pub enum End {
    /// `Ok`.
    #[default]
    Succeed,
    /// `yield_now`.
    Yield,
    /// `Pending`: a lost wake, unless the turn has asked for something.
    Pending,
    /// `Failure::msg`.
    Fail,
    /// `Failure::fatal`.
    Fatal,
    /// `Failure::retry_after`.
    RetryAfter(Nanos),
    /// `Failure::cancelled`.
    Cancelled,
    /// A panic.
    Panic,
}

/// The behaviour of `on_abort`.
#[derive(Clone, Copy, Debug, Default)]
pub enum Abort {
    /// Ready at once.
    #[default]
    Ready,
    /// Yields this many times first.
    Yield(u32),
    /// Sleeps this many times first.
    Sleep(u32, Nanos),
    /// Waits for a wake until its grace is over.
    Hang,
    /// Pending, and nothing can wake it.
    Bare,
    /// Panics.
    Panic,
}

/// The calls of a work that are not turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hook {
    /// `on_reset`.
    Reset,
    /// `on_success`.
    Success,
    /// `on_failure_retry`.
    Retry,
    /// `on_failure_raise`.
    Raise,
}

/// The edges of a graph by position: picked modulo the number of its works.
pub fn edges(works: usize, picks: &[(u8, u8)]) -> Vec<(usize, usize)> {
    let work = |pick: u8| usize::from(pick).checked_rem(works);
    let edge = |&(before, after): &(u8, u8)| Some((work(before)?, work(after)?));
    picks.iter().filter_map(edge).collect()
}

/// The number of the latest works that can be picked.
const PICKED_FROM: usize = 12;

/// Returns the work that `pick` names: the number of works that were added before it.
pub fn picked(pick: Pick, added: usize) -> Option<usize> {
    let back = usize::from(pick).checked_rem(added.min(PICKED_FROM))?;
    Some(added - 1 - back)
}
