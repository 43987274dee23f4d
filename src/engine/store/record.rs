//! What is known of a work: a hot record of one cache line, which a turn touches, and beside it what a turn does not.
//! What only few works need (join, abort, limits, output, watches) is in a box, [`Extension`].

use crate::engine::Retain;
use crate::engine::id::AttemptId;
use crate::engine::io::SourceList;
use crate::engine::panics::Contained;
use crate::engine::remote::inbox::{CancelToken, WakerCell};
use crate::engine::remote::offload::PendingJobs;
use crate::engine::rng::Stream;
use crate::engine::store::limits::LimitKeys;
use crate::time::{Time, TimerKey};
use crate::work::{CancelledBy, Extras, Failure, OnChildFailure, WorkId, WorkState};
use smallvec::SmallVec;
use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Weak;

/// No slot, no edge: the end of a list.
pub(crate) const NONE: u32 = u32::MAX;

/// A slot must leave a bit of a timer's owner free: see `lifecycle/timers.rs`.
pub(crate) const MAX_WORKS: usize = 1 << 30;

/// A work's neighbours in the list it is in.
#[derive(Clone, Copy)]
pub(crate) struct Links {
    pub prev: u32,
    pub next: u32,
}

impl Links {
    pub const NONE: Links = Links {
        prev: NONE,
        next: NONE,
    };
}

/// Index of a pool.
pub(crate) type Pool = u32;

/// How much of which pools an attempt needs besides the general permit, by pool.
pub(crate) type Needs = SmallVec<[(Pool, u32); 2]>;

/// What a turn touches.
pub(crate) struct Record {
    pub serial: u64,
    /// When the present attempt began, or how long the last one took.
    pub span: u64,
    /// Neighbours in a lane of the permit queue, or (`prev`) the place among those that have a turn coming; a work is in one
    /// of them at most.
    pub links: Links,
    /// Turns since `add` or `restart`.
    pub turns: u32,
    /// Where the list of its edges to dependents is.
    pub outs: u32,
    /// The wake-up of a sleeper, or the end of a back-off.
    pub alarm: Option<TimerKey>,
    pub flags: Flags,
    pub marks: u8,
    pub state: WorkState,
}

impl Record {
    /// A record that is to be filled.
    pub const BLANK: Self = Record {
        serial: 0,
        span: 0,
        links: Links::NONE,
        turns: 0,
        outs: NONE,
        alarm: None,
        flags: Flags::new(0),
        marks: 0,
        state: WorkState::Pending,
    };
}

impl Record {
    /// Whether it is in an attempt, and its flags are such.
    #[inline(always)]
    pub fn is_called(&self, are_such: fn(Flags) -> bool) -> bool {
        self.state == WorkState::Running && are_such(self.flags)
    }

    /// Such a turn begins.
    #[inline]
    pub fn begin_fast_turn(&mut self) {
        self.count_turn();
        self.flags.begin_fast_turn();
    }

    #[inline]
    pub fn count_turn(&mut self) {
        self.turns = self.turns.saturating_add(1);
    }

    /// Whether its next attempt is the first, with no pool, no child and no extension about it.
    #[inline]
    pub fn is_plain_start(&self) -> bool {
        self.marks & !mark::CHILD == 0 && !self.flags.has(flag::TRIED | flag::CHILDREN)
    }

    /// Such an attempt begins.
    #[inline]
    pub fn begin_plain_attempt(&mut self, now: Time) {
        self.flags.begin_plain_attempt();
        self.marks |= mark::ATTEMPT;
        self.span = now.as_nanos();
    }

    /// Such a success: the permit goes back, and the time is noted.
    #[inline]
    pub fn end_plain_success(&mut self, now: Time) {
        self.flags.clear(flag::PERMIT);
        self.marks = 0;
        self.span = now.as_nanos().saturating_sub(self.span);
    }

    /// Whether the success of the present attempt has nothing to undo but its permit: no child, parent, timer, wake,
    /// cancel or extension. The body must be there.
    #[inline]
    pub fn is_plain_success(&self) -> bool {
        let among = !flag::LOST_DEPENDENCY;
        self.marks == mark::ATTEMPT
            && self
                .flags
                .has_just(flag::TRIED | flag::RESET | flag::PERMIT, among)
            && self.alarm.is_none()
    }
}

/// The flags of a work, in two bytes: those that a turn looks at, and the rest.
///
/// They are not one number of 16 bits, because compilers set a single bit by writing its byte, and a processor that is
/// then asked for both bytes waits until the write has reached its cache: half the time of a turn.
#[derive(Clone, Copy)]
pub(crate) struct Flags {
    turn: u8,
    rest: u8,
}

const FIRST: u8 = (flag::TRIED | flag::PERMIT) as u8;
const USUAL: u8 = (flag::TRIED | flag::RESET | flag::PERMIT) as u8;
const READY: u8 = flag::READY as u8;
const IN_TURN: u8 = flag::IN_TURN as u8;

impl Flags {
    #[inline]
    pub const fn new(flags: u16) -> Self {
        Flags {
            turn: flags as u8,
            rest: (flags >> 8) as u8,
        }
    }

    /// Whether any of these is set.
    #[inline]
    pub fn has(self, flags: u16) -> bool {
        let flags = Flags::new(flags);
        self.turn & flags.turn != 0 || self.rest & flags.rest != 0
    }

    /// Whether, of the flags `among`, exactly `flags` are set.
    #[inline]
    pub fn has_just(self, flags: u16, among: u16) -> bool {
        let (flags, among) = (Flags::new(flags), Flags::new(among));
        self.turn & among.turn == flags.turn && self.rest & among.rest == flags.rest
    }

    /// Of a work that has none of them: its first attempt begins, with a permit if it needs one, and its turn comes.
    #[inline]
    pub fn begin_plain_attempt(&mut self) {
        debug_assert!(self.turn & (FIRST | READY) == 0);
        self.turn |= FIRST | READY;
    }

    /// Of a work in the middle of an attempt whose turn comes and with whom nothing else is going on.
    #[inline]
    pub fn are_before_fast_turn(self) -> bool {
        self.turn == USUAL | READY
    }

    /// The same before the first turn of all.
    #[inline]
    pub fn are_before_first_turn(self) -> bool {
        self.turn == FIRST | READY
    }

    /// From [`Flags::are_before_fast_turn`], or from those before the first turn, to [`Flags::are_of_fast_turn`].
    #[inline]
    pub fn begin_fast_turn(&mut self) {
        self.turn = USUAL | IN_TURN;
    }

    /// In such a turn, if nothing else has happened in it.
    #[inline]
    pub fn are_of_fast_turn(self) -> bool {
        self.turn == USUAL | IN_TURN
    }

    /// From [`Flags::are_of_fast_turn`] to [`Flags::are_before_fast_turn`].
    #[inline]
    pub fn end_fast_turn(&mut self) {
        self.turn = USUAL | READY;
    }

    #[inline]
    pub fn set(&mut self, flags: u16) {
        let flags = Flags::new(flags);
        self.turn |= flags.turn;
        self.rest |= flags.rest;
    }

    #[inline]
    pub fn clear(&mut self, flags: u16) {
        let flags = Flags::new(flags);
        self.turn &= !flags.turn;
        self.rest &= !flags.rest;
    }
}

/// The bits of [`Record::flags`]. Those that every turn looks at are in the lower byte.
pub(crate) mod flag {
    /// `on_reset` has run since `add` or `restart`.
    pub const RESET: u16 = 1 << 0;
    /// Holds all permits it needs.
    pub const PERMIT: u16 = 1 << 1;
    /// A wake came during its turn.
    pub const WOKEN: u16 = 1 << 2;
    /// Its turn, or one of its hooks, is running.
    pub const IN_TURN: u16 = 1 << 3;
    /// A cancel came during its turn.
    pub const CANCEL: u16 = 1 << 4;
    /// Called `release_permit` in its present turn.
    pub const RELEASE: u16 = 1 << 5;
    /// Has a turn coming.
    pub const READY: u16 = 1 << 6;
    /// Has had a permit for an attempt since `add` or `restart`.
    pub const TRIED: u16 = 1 << 7;

    /// Its own parent cancelled it: it does not count as a failed child.
    pub const BY_PARENT: u16 = 1 << 8;
    /// Asleep, and something outside the engine may wake it.
    pub const EXTERNAL: u16 = 1 << 9;
    /// Waits for its permit in the middle of an attempt.
    pub const RETURNER: u16 = 1 << 10;
    /// Needs no general permit.
    pub const NO_PERMIT: u16 = 1 << 11;
    /// Has, or had in this attempt, children.
    pub const CHILDREN: u16 = 1 << 12;
    /// Waits for its parent's attempt; counted in `open`.
    pub const AWAITS_PARENT: u16 = 1 << 13;
    /// A child whose parent's attempt has ended: reclaimed as soon as no dependent is unsettled.
    pub const ORPHAN: u16 = 1 << 14;
    /// A dependency that did not succeed has been reclaimed.
    pub const LOST_DEPENDENCY: u16 = 1 << 15;
}

/// The bits of [`Record::marks`].
pub(crate) mod mark {
    /// Asleep, and it said `expect_wake`.
    pub const EXPECTS_WAKE: u8 = 1 << 0;
    /// In the middle of a `sleep`.
    pub const SLEEPS: u8 = 1 << 1;
    /// An attempt is under way.
    pub const ATTEMPT: u8 = 1 << 2;
    /// Its last turn ended with a remote waker that was dead already; that is borne once until it sleeps.
    pub const DEAD_WAKER: u8 = 1 << 6;
    /// Has a parent.
    pub const CHILD: u8 = 1 << 3;
    /// Needs permits of named pools, or several general ones.
    pub const POOLS: u8 = 1 << 4;
    /// Has a extension: who has none is not asked for it, which spares a look at the cold.
    pub const EXTENDED: u8 = 1 << 5;
    /// Settled, and reclaimed as soon as its last dependent has settled: they are counted.
    pub const LINGERS: u8 = 1 << 7;
    /// What stays when an attempt ends.
    pub const LASTING: u8 = CHILD | POOLS | EXTENDED;
}

/// What few works need.
pub(crate) struct Extension {
    pub extras: Extras,
    pub needs: Needs,
    pub join: Join,
    pub abort: Option<Abort>,
    /// The work's body is gone: it panicked, or was dropped by a forced abort.
    pub gone: bool,
    /// The one on whose behalf the flag `CANCEL` is set.
    pub cancelled_by: Option<CancelledBy>,
    pub limits: LimitKeys,
    pub output: Option<Contained<Box<dyn Any>>>,
    /// Works that this one watches in its present attempt.
    pub watching: BTreeSet<WorkId>,
    /// Works that watch this one, in the order in which they began.
    pub watchers: Vec<AttemptId>,
    /// The remote waker of this attempt; dead once all its clones are gone.
    pub remote: Option<Weak<WakerCell>>,
    pub token: Option<CancelToken>,
    pub pending_jobs: PendingJobs,
    pub sources: SourceList,
    pub stream: Option<Stream>,
    pub tracing: Option<tracing::Span>,
    /// How long all attempts took that have ended.
    pub total: u64,
    /// How long the attempt before the present one took.
    pub last: u64,
    /// Attempts made before the last restart: tells the wakers of old attempts from new ones.
    pub attempts_before: u32,
}

/// The children of an attempt.
#[derive(Default)]
pub(crate) struct Join {
    /// First and last child; meaningless while `count` is 0.
    pub first: u32,
    pub last: u32,
    pub count: u32,
    pub live: u32,
    pub succeeded: u32,
    /// Failed and Blocked ones, and Cancelled ones that the parent did not cancel.
    pub failed: u32,
    /// The first failed child of a FailFast parent, to be dealt with at the end of the round.
    pub first_failure: Option<Failure>,
    /// What the work itself has said about this attempt's children: what a failed one means, which settled ones stay.
    pub rule: Option<OnChildFailure>,
    pub retain: Retain,
}

/// Why an attempt is being aborted, and how it ends.
pub(crate) struct Abort {
    pub cause: AbortCause,
    /// Whether `on_abort` is to be called once the children are done, until it is ready: not if the attempt ended by
    /// itself.
    pub polite: bool,
    /// The grace is over, and jobs were all that was left: they are abandoned, and nothing may wait any more.
    pub late: bool,
}

#[derive(Clone)]
pub(crate) enum AbortCause {
    Cancel(CancelledBy),
    Fail(Failure),
}

impl Extension {
    /// Whether another thread may still wake this attempt.
    pub fn has_remote(&self) -> bool {
        self.remote
            .as_ref()
            .is_some_and(|remote| remote.strong_count() > 0)
    }

    /// Whether another work's end, a child's, or a job's will wake this attempt.
    pub fn has_inner_source(&self) -> bool {
        self.join.live > 0 || !self.watching.is_empty() || !self.pending_jobs.outstanding.is_empty()
    }

    /// Whether another thread or a source of readiness may wake this attempt.
    pub fn has_outer_source(&self) -> bool {
        self.has_remote() || self.sources.any_live()
    }

    pub fn new(extras: Extras, needs: Needs) -> Self {
        Extension {
            extras,
            needs,
            join: Join::default(),
            abort: None,
            cancelled_by: None,
            gone: false,
            limits: LimitKeys::default(),
            output: None,
            watching: BTreeSet::new(),
            watchers: Vec::new(),
            remote: None,
            token: None,
            pending_jobs: PendingJobs::default(),
            sources: SourceList::default(),
            stream: None,
            tracing: None,
            total: 0,
            last: 0,
            attempts_before: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_one_cache_line() {
        assert!(size_of::<Record>() <= 40, "{}", size_of::<Record>());
        assert!(
            size_of::<Option<Record>>() <= 40,
            "the slab's entry has no room for a tag"
        );
    }
}
