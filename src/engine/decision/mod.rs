//! Decisions: the points where more than one order (or a fault) is possible.
//!
//! Without a [`Decider`] the engine takes the first candidate everywhere: production order. A decider sees every
//! point with two or more answers, in production order, so answer 0 is the answer of production.
//!
//! Candidates carry keys that are stable from run to run and from program to program. A key is a hash of the name
//! path from the root, with ordinals. Slots never enter a key.

mod draws;
mod orders;
mod state;

pub use draws::Draws;
pub use orders::{Fifo, Lifo, RandomOrder};
pub(crate) use state::{Asked, Deciding, Last};

use crate::time::Time;
use crate::work::{WorkId, WorkState};
use std::fmt;
use std::rc::Rc;

/// What is being decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DecisionKind {
    /// Which ready work has its turn.
    Turn,
    /// Which of the works first in line gets its permits.
    Permit,
    /// Which of several timers of one instant fires first.
    TimerTie,
    /// Which sender's first message is taken next. What one sender sent keeps its order, as in any channel.
    Inbox,
    /// Whether a fault site fires: 0 no, 1 yes.
    Fault,
    /// An answer for a work's own `choose`.
    Choose,
}

/// The kinds of a work's timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum TimerKind {
    /// The alarm of a sleeping work.
    Alarm,
    /// The end of a back-off.
    Backoff,
    /// The deadline of the work.
    Deadline,
    /// The timeout of the attempt.
    AttemptTimeout,
    /// The end of an abort's grace.
    Grace,
}

/// One possible answer of a decision about works, or the work that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// The work; `None` for an inbox entry that concerns no work.
    pub id: Option<WorkId>,
    /// A hash of the work's name path, with ordinals, ancestors' attempts and the incarnation of a name that has come
    /// back. Equal in every run; 0 without a work.
    pub key: u64,
    /// The number of the work's present turn, or else of its next one. Turns count from 1 since the work was added or
    /// restarted, whatever is being decided.
    pub turn: u32,
    /// The work's attempt, from 1; 0 before the first.
    pub attempt: u32,
    /// The kind of the timer, if timers are candidates.
    pub timer: Option<TimerKind>,
    /// How often the work has asked at this site in its present turn, from 1; 0 where no work asks.
    pub visit: u32,
}

impl Candidate {
    /// What stands for an inbox entry without a work.
    pub(crate) const NOBODY: Candidate = Candidate {
        id: None,
        key: 0,
        turn: 0,
        attempt: 0,
        timer: None,
        visit: 0,
    };
}

/// The engine as a decision sees it: it makes candidates and paths on demand. A decision must not name the engine's
/// type.
pub(crate) trait Lookup {
    /// Returns the candidate with this index.
    fn candidate(&self, index: usize) -> Candidate;
    /// Returns the name path of a work.
    fn path(&self, id: WorkId) -> String;
    /// Returns the state of a work; `None` if it is gone.
    fn state(&self, id: WorkId) -> Option<WorkState>;
}

/// A point with two or more possible answers.
pub struct Decision<'a> {
    /// What is being decided.
    pub(crate) kind: DecisionKind,
    /// The name of the fault site or of the choice.
    pub(crate) site: &'a str,
    /// The number of possible answers.
    pub(crate) arity: usize,
    /// The number of candidates.
    pub(crate) candidates: usize,
    /// How many of them are of the present round.
    pub(crate) in_round: usize,
    /// Makes candidates and paths.
    pub(crate) lookup: &'a dyn Lookup,
}

impl Decision<'_> {
    /// Returns what is being decided.
    pub fn kind(&self) -> DecisionKind {
        self.kind
    }

    /// Returns the name of the fault site or of the work's choice; empty for the other kinds.
    pub fn site(&self) -> &str {
        self.site
    }

    /// Returns the number of possible answers: 2 or more.
    pub fn arity(&self) -> usize {
        self.arity
    }

    /// Returns how many of the candidates for a turn belong to the present round. They come first. With
    /// [`Wants::free_rounds`] there may be others behind them: an answer among those ends the round, and holds back
    /// so many works by one round. Equals the number of candidates for the other kinds.
    pub fn in_round(&self) -> usize {
        self.in_round
    }

    /// Returns one candidate, in production order. For `Fault` and `Choose` the only one is the work that asks.
    /// O(1); an index that is too large gives the last.
    pub fn candidate(&self, index: usize) -> Candidate {
        self.lookup.candidate(index.min(self.candidates - 1))
    }

    /// Returns the candidates in production order. Each is made when it is asked for.
    pub fn candidates(&self) -> impl ExactSizeIterator<Item = Candidate> + '_ {
        (0..self.candidates).map(|index| self.lookup.candidate(index))
    }

    /// Returns the name path of `candidate` as text, as in `sync/fetch[3]`. O(depth), allocates.
    pub fn path(&self, candidate: &Candidate) -> String {
        path(self.lookup, candidate)
    }
}

/// Prints the question and its size, and no candidate, since a decider makes those on demand.
impl fmt::Debug for Decision<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decision")
            .field("kind", &self.kind)
            .field("site", &self.site)
            .field("arity", &self.arity)
            .field("in_round", &self.in_round)
            .finish_non_exhaustive()
    }
}

fn path(lookup: &dyn Lookup, candidate: &Candidate) -> String {
    candidate
        .id
        .map_or_else(|| String::from("(inbox)"), |id| lookup.path(id))
}

/// A work that a decider is asked or told about.
pub struct Subject<'a> {
    /// The work, with the number of the turn that it has next, has, or has just had.
    pub(crate) candidate: Candidate,
    /// Makes paths.
    pub(crate) lookup: &'a dyn Lookup,
}

impl Subject<'_> {
    /// Returns the work, and the number of the turn that is meant.
    pub fn candidate(&self) -> Candidate {
        self.candidate
    }

    /// Returns the name path of the work as text; its id if the work is gone. O(depth), allocates.
    pub fn path(&self) -> String {
        path(self.lookup, &self.candidate)
    }

    /// Returns the state of the work as it is now; `None` if the work is gone. O(1).
    pub fn state(&self) -> Option<WorkState> {
        self.candidate.id.and_then(|id| self.lookup.state(id))
    }
}

/// Prints the candidate.
impl fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subject").field(&self.candidate).finish()
    }
}

/// What a turn has led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Turned {
    /// The state of the work after its turn, its hooks and callbacks; `None` if the work is gone.
    pub state: Option<WorkState>,
    /// The time of the turn.
    pub now: Time,
    /// The last label that the work gave to [`WorkContext::step`](crate::WorkContext::step) in the turn.
    pub step: Option<&'static str>,
}

/// What happens to a work instead of the turn that it was to have. It costs a turn of the crank's budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Interference {
    /// Its attempt fails, and may be retried. A work that is aborting has its turn.
    Fail,
    /// The work is cancelled, as by the host.
    Cancel,
    /// The work has its turn in the next round.
    Late,
}

/// What a decider wants to be asked and told besides decisions. What it does not want costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Wants {
    /// Candidates for a turn include the works that are ready for the next round. Law L1 holds only in the order of
    /// production then, and every order of turns can be reached.
    pub free_rounds: bool,
    /// [`Decider::is_enabled`].
    pub guards: bool,
    /// [`Decider::is_held`] and [`Decider::waived`].
    pub holds: bool,
    /// [`Decider::interfere`].
    pub interference: bool,
    /// [`Decider::turned`].
    pub turns: bool,
}

impl Wants {
    /// Wants nothing but decisions.
    pub const NOTHING: Wants = Wants {
        free_rounds: false,
        guards: false,
        holds: false,
        interference: false,
        turns: false,
    };

    /// Also wants candidates beyond the present round.
    pub const fn free_rounds(mut self) -> Self {
        self.free_rounds = true;
        self
    }

    /// Also wants to say which works are enabled.
    pub const fn guards(mut self) -> Self {
        self.guards = true;
        self
    }

    /// Also wants to hold works.
    pub const fn holds(mut self) -> Self {
        self.holds = true;
        self
    }

    /// Also wants to interfere before turns.
    pub const fn interference(mut self) -> Self {
        self.interference = true;
        self
    }

    /// Also wants to hear of each turn.
    pub const fn turns(mut self) -> Self {
        self.turns = true;
        self
    }
}

/// Answers decisions. Every closure of the right signature is a decider that wants nothing else.
///
/// After a panic of a decider the engine goes on as in production. I/O readiness, the order of callbacks and that of
/// `cancel_all` are no decisions: their orders are fixed.
pub trait Decider {
    /// Returns the index of the answer, below [`Decision::arity`]. A larger index counts as the last answer.
    fn decide(&mut self, decision: &Decision<'_>) -> usize;

    /// Returns what else the decider wants. The engine asks once, when the decider is set.
    fn wants(&self) -> Wants {
        Wants::NOTHING
    }

    /// Returns what the engine draws orders from, if [`Decider::decide`] would only call [`Draws::draw`] on it. The
    /// engine then makes no call, which spares most of the time of a decision. It still asks about faults and about a
    /// work's own choices. The engine asks once, when the decider is set.
    fn draws(&self) -> Option<Rc<Draws>> {
        None
    }

    /// Returns whether a ready work may have its next turn, asked before each turn of any work. A disabled work waits.
    /// If only disabled works are left, [`Next::Stalled`](crate::Next::Stalled) says so: a deadlock.
    fn is_enabled(&mut self, work: &Subject<'_>) -> bool {
        let _ = work;
        true
    }

    /// Returns whether a ready work is held back, asked before each turn of any work. While all ready works are held,
    /// time goes on. If neither message nor timer is left, the first held work has its turn nevertheless.
    fn is_held(&mut self, work: &Subject<'_>) -> bool {
        let _ = work;
        false
    }

    /// Hears that a held work has its turn because nothing else could go on.
    fn waived(&mut self, work: &Subject<'_>) {
        let _ = work;
    }

    /// Returns what happens to a work instead of its next turn, asked before each turn.
    fn interfere(&mut self, work: &Subject<'_>) -> Option<Interference> {
        let _ = work;
        None
    }

    /// Hears of each turn, a turn without a choice included, after the hooks and callbacks that it led to.
    fn turned(&mut self, work: &Subject<'_>, turn: Turned) {
        let _ = (work, turn);
    }
}

impl<F: FnMut(&Decision<'_>) -> usize> Decider for F {
    fn decide(&mut self, decision: &Decision<'_>) -> usize {
        self(decision)
    }
}
