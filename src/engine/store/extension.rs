//! The extension of a work: a box for what only few works need.
//!
//! It holds limits, output, children, watches, jobs, sources, and the abort under way. Most works never get one.
//!
//! Invariant: a work has the mark `EXTENDED` just if it has an extension, and keeps it until it is reclaimed. The end
//! of an attempt clears the fields that belong to the attempt. A restart also clears the output.

use super::limits::LimitKeys;
use super::record::Needs;
use crate::engine::Retain;
use crate::engine::id::AttemptId;
use crate::engine::io::SourceList;
use crate::engine::panics::Contained;
use crate::engine::remote::offload::PendingJobs;
use crate::engine::remote::senders::{CancelToken, WakerCell};
use crate::engine::rng::Stream;
use crate::work::{CancelledBy, Extras, Failure, OnChildFailure, WorkId};
use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Weak;

/// What only few works need.
pub(crate) struct Extension {
    /// Settings of the work's spec that few specs have. They are defaults if the work got its extension for another
    /// reason.
    pub extras: Extras,
    /// Permits of named pools that each attempt needs. They are empty unless the work has the mark `POOLS`.
    pub needs: Needs,
    /// The children of the present attempt. They mean nothing without the flag `CHILDREN`.
    pub join: Join,
    /// How many works below this one have settled in this attempt and left the tree. They count as done in a sum of
    /// progress.
    pub below: u64,
    /// The abort that is under way, if one is. It is taken when the abort is concluded, before the last hooks.
    pub abort: Option<Abort>,
    /// Whether the work's body is gone: it panicked, or was dropped by a forced abort. It stays true, since no body can
    /// be made again (L24).
    pub gone: bool,
    /// The party on whose behalf the flag `CANCEL` is set.
    pub cancelled_by: Option<CancelledBy>,
    /// The timers of the work's limits.
    pub limits: LimitKeys,
    /// The output of the work, until the program takes it. The container keeps a panic in its drop away from the engine
    /// (L24).
    pub output: Option<Contained<Box<dyn Any>>>,
    /// Works that this one watches in its present attempt. It is a set in order, because no order of hashes may reach a
    /// decision (L27).
    pub watching: BTreeSet<WorkId>,
    /// Works that watch this one, in the order in which they began. Attempts that have ended are dropped from the list
    /// when it would grow.
    pub watchers: Vec<AttemptId>,
    /// The remote waker of this attempt; dead once all its clones are gone. It is weak, so that the engine does not
    /// keep alive what it watches for.
    pub remote: Option<Weak<WakerCell>>,
    /// The cancel token of this attempt, once the work has asked for it.
    pub token: Option<CancelToken>,
    /// The jobs of this attempt that have not come back, and their results.
    pub pending_jobs: PendingJobs,
    /// The sources of readiness that the work has registered.
    pub sources: SourceList,
    /// The random stream of the work, once it has drawn. It goes on over retries and restarts: see `run/decide.rs`.
    pub stream: Option<Stream>,
    /// The span that a subscriber sees around the work's turns. It is opened only while a subscriber listens.
    pub tracing: Option<tracing::Span>,
    /// The duration of all ended attempts together, in nanoseconds. The attempt under way is not in it.
    pub total: u64,
    /// The duration of the attempt before the present one, in nanoseconds.
    pub last: u64,
    /// Attempts made before the last restart. With them, the wakers of old attempts differ from new ones.
    pub attempts_before: u32,
}

/// The children of an attempt.
#[derive(Default)]
pub(crate) struct Join {
    /// First and last child; meaningless while `count` is 0.
    pub first: u32,
    /// The last child, where new children are attached.
    pub last: u32,
    /// How many children are in the list.
    pub count: u32,
    /// How many children have not settled. While it is above 0, a sleeping parent holds no permit (L17).
    pub live: u32,
    /// How many children have succeeded.
    pub succeeded: u32,
    /// Failed and Blocked children, and Cancelled children that the parent did not cancel.
    pub failed: u32,
    /// The failure of the first failed child of a FailFast parent. The engine deals with it at the end of the round.
    pub first_failure: Option<Failure>,
    /// What the work itself has said that a failed child of this attempt means. It beats that of the spec, and ends
    /// with the attempt.
    pub rule: Option<OnChildFailure>,
    /// Which settled children of this attempt stay.
    pub retain: Retain,
}

/// The abort of an attempt: its reason, and how far it may go.
pub(crate) struct Abort {
    /// Why the attempt is being aborted.
    pub cause: AbortCause,
    /// Whether `on_abort` is called, until it is ready, once the children are done. False if the attempt ended by
    /// itself.
    pub polite: bool,
    /// Whether the grace is over with only jobs left: the jobs are abandoned, and the abort waits no more.
    pub late: bool,
}

/// The reason for an abort, which decides how the attempt ends.
#[derive(Clone)]
pub(crate) enum AbortCause {
    /// A cancel on behalf of this party: the work ends Cancelled, whatever its attempt did (L26).
    Cancel(CancelledBy),
    /// The attempt failed by itself, by a limit or by a child. A retry may follow (L21).
    Fail(Failure),
}

impl Extension {
    /// Returns whether another thread may still wake this attempt. O(1).
    pub fn has_remote(&self) -> bool {
        // A count that is read too early does no harm: the last clone sends `WakerDropped`, and the engine looks again.
        self.remote
            .as_ref()
            .is_some_and(|remote| remote.strong_count() > 0)
    }

    /// Returns whether the end of a child, of a watched work or of a job will wake this attempt. The engine itself sees
    /// each of these ends, so such a sleeper is no external one.
    pub fn has_inner_source(&self) -> bool {
        self.join.live > 0 || !self.watching.is_empty() || !self.pending_jobs.outstanding.is_empty()
    }

    /// Returns whether another thread or a source of readiness may wake this attempt. O(sources that are gone before
    /// the first live one).
    pub fn has_outer_source(&self) -> bool {
        self.has_remote() || self.sources.any_live()
    }

    /// Returns an extension with `extras` and `needs`, and nothing else.
    pub fn new(extras: Extras, needs: Needs) -> Self {
        Extension {
            extras,
            needs,
            join: Join::default(),
            below: 0,
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
