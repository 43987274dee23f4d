//! What only few works need, in a box: limits, output, children, watches, jobs, sources, the abort under way.

use super::limits::LimitKeys;
use super::record::Needs;
use crate::engine::Retain;
use crate::engine::id::AttemptId;
use crate::engine::io::SourceList;
use crate::engine::panics::Contained;
use crate::engine::remote::inbox::{CancelToken, WakerCell};
use crate::engine::remote::offload::PendingJobs;
use crate::engine::rng::Stream;
use crate::work::{CancelledBy, Extras, Failure, OnChildFailure, WorkId};
use std::any::Any;
use std::collections::BTreeSet;
use std::sync::Weak;

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
