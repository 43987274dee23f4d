//! Runs many interdependent jobs from one synchronous main loop. A test can repeat every order in which they can run.
//!
//! > **The contract.** Call [`crank_work`](WorkScheduler::crank_work) once per turn of your loop with the time, `&mut`
//! > your state and a budget. It gives turns to works that are ready, never blocks, and returns [`Next`]: when it wants
//! > to be called again.
//!
//! A *work* is a poll-style state machine ([`Work`], or a closure) with a name. Works depend on each other (a DAG) and
//! own each other (a tree). They fail, back off and retry, and can be cancelled. They wait for timers, other works,
//! sockets and other threads. There is no async runtime and no thread behind them: one scheduler, one thread, one call.
//!
//! # Three loops
//!
#![doc = include_str!("loops.md")]
//!
//! # Where to find what
//!
//! | to | see |
//! | --- | --- |
//! | write a work | [`Work`], [`WorkContext`]: what it may do in a turn |
//! | add one, or many | [`WorkScheduler::add`], [`add_fn`](WorkScheduler::add_fn), [`add_work`](WorkScheduler::add_work), [`Spec`]; a whole graph at once: [`add_graph`](WorkScheduler::add_graph), which gives [`Handles`] |
//! | order works | [`Spec::after`], [`Spec::after_settled`], [`WorkScheduler::add_dependency`] |
//! | make one work own others | [`WorkContext::spawn`], [`Spec::parent`], [`Children`], [`OnChildFailure`], [`WorkContext::retain_children`] |
//! | run members in sequence, in batches, on a condition, again and again; host a future | [`compose`] |
//! | add a whole graph by name | [`compose::Graph`], [`compose::Chain`] |
//! | pass results on | [`Handle`], [`WorkScheduler::take`], [`WorkContext::output`]; between members: `then_with`, `collect`, `for_each`, `repeat_with` in [`compose`] |
//! | fail and try again | [`Failure`], [`Retry`], [`Backoff`], [`WorkScheduler::retry_eta`] |
//! | limit how many run at once | [`WorkSchedulerConfig::max_concurrency`], [`Spec::pool`], [`Spec::priority`], [`WorkContext::release_permit`] |
//! | limit how long they run | [`Spec::attempt_timeout`], [`Spec::deadline`], [`Spec::abort_grace`] |
//! | cancel | [`WorkScheduler::cancel`], [`cancel_all`](WorkScheduler::cancel_all), [`shutdown`](WorkScheduler::shutdown), [`CancelToken`], [`Work::on_abort`] |
//! | wait | [`WorkContext::sleep`], [`wake_at`](WorkContext::wake_at), [`watch`](WorkContext::watch), [`remote_waker`](WorkContext::remote_waker), [`expect_wake`](WorkContext::expect_wake) |
//! | reach it from other threads | [`RemoteWaker`], [`Remote::post`], [`WorkScheduler::set_notifier`] |
//! | use sockets and pipes | [`WorkContext::io`], [`Io`], [`WorkScheduler::attach`], [`WorkScheduler::handle_event`] |
//! | run commands | the module `process`, with the feature of that name |
//! | run closures that block or compute for long | [`WorkContext::offload`], [`Ticket`], [`ThreadOffload`], [`InlineOffload`]; on threads of your own: [`TimePin`] |
//! | exit in time | [`WorkScheduler::shutdown`], [`shutdown_offload`](WorkScheduler::shutdown_offload) |
//! | crank to the end | [`WorkScheduler::run_until_done`], [`VirtualDriver`], [`ParkDriver`], [`MioDriver`], [`Driver`] |
//! | watch a run | [`WorkScheduler::status`], [`status_of`](WorkScheduler::status_of), [`progress_of`](WorkScheduler::progress_of), [`snapshot`](WorkScheduler::snapshot), [`metrics`](WorkScheduler::metrics), [`measured`](WorkScheduler::measured), [`poll_event`](WorkScheduler::poll_event), [`stall_report`](WorkScheduler::stall_report) |
//! | measure turns in wall time, hear of slow ones | [`WorkScheduler::set_clock`], [`wall_time`](WorkScheduler::wall_time), [`WorkSchedulerConfig::slow_turn`] |
//! | measure works by pool and by name: queue age, permit wait, turns | [`WorkSchedulerConfig::measure`], [`Measure`], [`WorkScheduler::measured`], [`Histogram`] |
//! | draw a run | [`Timeline`] (Perfetto, HTML), [`WorkScheduler::dot`] |
//! | know the states | [`WorkState`], with the transition table |
//! | search the orders in a test | the modules `explore` and `ten_minutes`, with the feature `explore` |
//! | decide the order yourself | [`Decider`], [`Decision`], [`Wants`], [`RandomOrder`], [`Draws`], [`WorkContext::choose`], [`WorkContext::fault`], [`WorkScheduler::reset`] |
//! | keep memory flat | [`Retain`], [`WorkScheduler::reap`], [`Limits`] |
//! | look up a rule | [`laws`] |
//! | come from stellar-core or henyey-work | [`parity`]: a row for each of their names, and guides |
//!
//! # What you can rely on
//!
//! The rules are numbered [`laws`], and each names its tests. In short:
//!
//! * *Order.* Works that are ready have their turns first come, first served, one each per round. Permits go by
//!   priority, then to attempts that come back for theirs, then by arrival (L1, L2).
//! * *Nothing is lost.* A wake before a turn or during it is not forgotten. A work that returns `Pending` although
//!   nothing can ever wake it fails at once, by name. A scheduler that can go no further returns [`Next::Stalled`], and
//!   a report lists what each work waits for (L7 to L9).
//! * *Time is the host's.* It stands still between cranks. So a host that has waited cranks once before it adds,
//!   cancels or shuts down ([`crank_work`](WorkScheduler::crank_work), L6).
//! * *Ends are ordered.* A parent settles after all its children. A work that can never run because of a failure
//!   settles as Blocked, with the root cause (L11, L12).
//! * *Panics stay where they are.* A panic in a turn or hook fails that work, and the scheduler goes on. A panic in
//!   other code of the program (callbacks, deciders, notifiers), or in the drop of its values (works, outputs, errors,
//!   panic payloads), is counted and goes no further (L24).
//! * *Determinism.* The same works, seed, inputs and decider give the same event log, byte for byte (L27).
//!
//! # What `tracing` sees
//!
//! Spans and changes of state have the target `crankwork`, and all other events the path of a module below it. So one
//! filter for `crankwork` covers all of them. The engine makes spans and changes of state only for a subscriber that
//! wants DEBUG.
//!
//! | what | level | fields |
//! | --- | --- | --- |
//! | span `attempt`: open during an attempt, entered in its turns | DEBUG | `work` (name), `attempt` (from 1) |
//! | event: a work has changed its state | DEBUG | `id` (serial number), `name`, `state`, `attempt`, `at` (the scheduler's nanoseconds), `cause` (text, where there is one) |
//! | event `slow turn`: only with [`WorkScheduler::set_clock`] | WARN | `id`, `name`, `took` (of the clock, with its unit) |
//! | event `abort ended by force` | WARN | `id`, `name` |
//! | event `jobs that still run are abandoned` | WARN | `id`, `name`, `jobs` |
//! | event: a turn or hook has panicked | ERROR | `id`, `name`, `failure` |
//! | events `... panicked`: a callback, a drop or other code of the program | ERROR | `message` |
//!
//! A span costs time: while a subscriber wants DEBUG, each turn takes the longer path.
//!

//! # Serde
//!
//! With the feature `serde`, what a program reads of a run can be written, and some of it read back. The format is part
//! of the public contract: a change of it is a breaking change, but for new fields and variants.
//!
//! | type | is written as | can be read back |
//! | --- | --- | --- |
//! | [`Time`], durations | whole nanoseconds, at most 2^64 - 1 | yes |
//! | [`Name`] | its text | yes |
//! | [`WorkState`], [`Phase`] | the name of the variant | yes |
//! | [`WorkId`] | its serial number | no: it names a work of this process |
//! | [`Failure`] | `{"kind": .., "text": .., "is_final": ..}`; the text has the causes | no: its error is a value |
//! | [`FailureKind`], [`CancelledBy`], [`EventCause`], [`WorkOutcome`] | `"Fatal"`, or `{"RetryAfter": 5000000000}` where the variant has more | no |
//! | [`WorkEvent`], [`WorkSnapshot`], [`RootCause`] | their fields by name | no |
//! | [`Metrics`] and its parts, [`WorkSchedulerMetrics`], [`WallTime`], [`RootTime`] | their fields by name | yes; a missing field is 0 or empty |
//! | [`Histogram`] | `{"buckets": [31 counts], "sum": .., "max": ..}` | yes |
//! | [`Progress`] | its fields by name | yes |
//!
//! # Limits
//!
//! The engine does not interrupt a turn: a work that computes for a second holds up everything else for a second. One
//! scheduler uses one thread. Time ends 584 years after the scheduler's epoch. A scheduler holds at most 2^30 works and
//! 2^28 edges at a time.

#![forbid(unsafe_code)]
// On docs.rs each item names the feature that it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod compose;
mod drive;
mod engine;
#[cfg(feature = "explore")]
pub mod explore;
pub mod laws;
mod observe;
mod offload;
pub mod parity;
#[cfg(feature = "process")]
pub mod process;
mod scheduler;
#[cfg(feature = "explore")]
pub mod ten_minutes;
pub mod time;
mod work;

#[cfg(feature = "mio")]
pub use drive::MioDriver;
pub use drive::{Driver, MonotonicClock, ParkDriver, RunUntilError, Stall, Summary, VirtualDriver};
#[cfg(feature = "mio")]
pub use engine::Io;
#[cfg(fuzzing)]
#[doc(hidden)]
pub use engine::alone::play as play_engine_alone;
pub use engine::{
    AddError, AddGraphError, CancelToken, Candidate, Crank, CyclePath, Decider, Decision,
    DecisionKind, DependencyError, Draws, EventCause, EventOverflow, EventSink, Fifo, GroupMetrics,
    Histogram, Interference, Job, JobId, Leftover, Lifo, Limits, Measure, Metrics, NameMetrics,
    Next, Notifier, Offload, OffloadError, PermitHolder, PoolMetrics, RandomOrder, ReapError,
    Refused, RemoteWaker, RestartError, Retain, RootTime, StallReport, Stalled, StatusContext,
    Stream, Subject, Ticket, TimePin, TimerKind, Turned, UnknownWork, WaitsFor, WallTime, Wants,
    WorkEvent, WorkSchedulerConfig, WorkSchedulerMetrics, WorkSnapshot,
};
pub use observe::Timeline;
pub use offload::{InlineOffload, ThreadOffload};
#[cfg(feature = "mio")]
pub use scheduler::Sources;
pub use scheduler::{Budget, Children, PostError, Remote, WorkContext, WorkScheduler};
pub use time::Time;
pub use work::{
    Backoff, BoxError, CancelledBy, Failure, FailureKind, Growing, Handle, Handles, HandlesIter,
    Jitter, Name, OnChildFailure, Phase, Progress, Retry, RetryPosition, RootCause, Spec,
    TRANSITIONS, Transition, Work, WorkId, WorkOutcome, WorkState, diagram,
};
