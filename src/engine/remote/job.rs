//! Jobs: one closure on its way to another thread, and its result on the way back.
//!
//! An [`Offload`](crate::Offload) gets a [`Job`], and the work keeps a [`Ticket`]. Between them is one cell with the
//! result. However a job ends (it ran, panicked, or was dropped), it fills its cell first and then tells the
//! scheduler, once. So a work that the message wakes finds the result.
//!
//! Invariant: a cell is filled at most once, and the message of a job's end is sent at most once, after it.
//!
//! Trap: nothing of the program's runs under the lock of a cell. Results and closures are dropped outside of it, since
//! their drop may panic or use the ticket.
//!
//! | event | the cell | message |
//! | --- | --- | --- |
//! | the job ran or panicked | result or failure | yes |
//! | the offload dropped it | [`OffloadError::Dropped`] | yes |
//! | the engine cancelled it | [`OffloadError::Cancelled`] | no, since the engine knows |
//! | the ticket is gone before | nothing: the result is dropped | as above |

use crate::engine::id::AttemptId;
use crate::engine::panics::{self, dispose};
use crate::engine::remote::inbox::{InboxSender, Message};
use crate::engine::remote::senders::CancelToken;
use crate::engine::rng::Stream;
use crate::work::{Failure, Name, WorkId};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use thiserror::Error;

/// The reason why a ticket has no result. [`Ticket::poll`] returns it as a [`Failure`]; [`Failure::downcast_ref`]
/// finds it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OffloadError {
    /// The scheduler has no offload. Fatal ([`Failure::fatal`]), as are all but [`OffloadError::Dropped`].
    #[error(
        "no offload is set: call `WorkScheduler::set_offload` with a `ThreadOffload`, or in a simulation with an `InlineOffload`"
    )]
    NotSet,
    /// The work offloaded in a hook.
    #[error(
        "offload in a hook: the attempt is over or has not begun; offload in `poll` or `on_abort`"
    )]
    InHook,
    /// The attempt was aborted or ended before the job began.
    #[error("the job was dropped before it began, because its attempt is being aborted or is over")]
    Cancelled,
    /// The offload was replaced or dropped before the job began. The work may try again.
    #[error(
        "the offload dropped the job before it began: it was replaced or is shutting down; offload the job again"
    )]
    Dropped,
    /// [`WorkScheduler::shutdown_offload`](crate::WorkScheduler::shutdown_offload) has been called.
    #[error(
        "the offload has been shut down: call `WorkScheduler::set_offload` before works offload again"
    )]
    ShutDown,
    /// An attempt polled a ticket that belongs to another attempt.
    #[error(
        "the ticket belongs to another attempt or another work, which alone its job wakes: drop tickets in `on_reset`, and offload anew in each attempt"
    )]
    Stale,
    /// The ticket has already given its result.
    #[error("the ticket has given its result: drop it when it is ready")]
    Taken,
}

impl OffloadError {
    /// Returns the failure of the ticket. Only a dropped job is worth another attempt.
    fn failure(self) -> Failure {
        match self {
            OffloadError::Dropped => Failure::new(self),
            _ => Failure::fatal(self),
        }
    }
}

/// Names one job of one scheduler; later jobs are greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct JobId {
    /// The number of jobs that the scheduler had made before.
    pub(crate) number: u64,
    /// Whether a simulated offload got the job.
    pub(crate) simulated: bool,
}

// ---- the cell between them ----

/// The content of a cell.
enum Content<R> {
    /// The job has not ended.
    Open,
    /// The job has ended with this result, which the work has not taken.
    Ready(Result<R, Failure>),
    /// The work has taken the result.
    Taken,
    /// The ticket is gone, so the result is dropped. A job that has not begun need not run.
    Unwanted,
}

/// The place between a job and its ticket.
struct Cell<R>(Mutex<Content<R>>);

impl<R> Cell<R> {
    /// Returns the content under its lock. No change under the lock is left half done, so poison is ignored.
    fn lock(&self) -> MutexGuard<'_, Content<R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether the ticket is still there.
    fn is_wanted(&self) -> bool {
        !matches!(*self.lock(), Content::Unwanted)
    }

    /// Puts the result in, or drops it if the ticket is gone.
    fn fill(&self, result: Result<R, Failure>) {
        let mut content = self.lock();
        if let Content::Open = *content {
            *content = Content::Ready(result);
        } else {
            // The drop of a result is the program's code, so it happens outside of the lock.
            drop(content);
            drop(result);
        }
    }
}

/// A closure and the cell for its result, without their types.
trait Task: Send {
    /// Runs the closure and fills the cell.
    fn run(self: Box<Self>, cancel: &CancelToken);
    /// Drops the closure and fills the cell with the error.
    fn refuse(self: Box<Self>, error: OffloadError);
}

/// A closure and the cell for its result, with their types.
struct Typed<F, R> {
    /// What the job runs.
    closure: F,
    /// Where its result goes.
    cell: Arc<Cell<R>>,
}

impl<F, R> Task for Typed<F, R>
where
    F: FnOnce(&CancelToken) -> R + Send,
    R: Send,
{
    fn run(self: Box<Self>, cancel: &CancelToken) {
        let Typed { closure, cell } = *self;
        // Without a ticket no work sees the result, so the job need not run.
        if !cell.is_wanted() {
            return drop(closure);
        }
        // A panic fills the cell, too, or the work would wait for ever.
        cell.fill(panics::call(|| closure(cancel)).map_err(Failure::panicked));
    }

    fn refuse(self: Box<Self>, error: OffloadError) {
        self.cell.fill(Err(error.failure()));
    }
}

// ---- the offload's side ----

/// A closure that an [`Offload`](crate::Offload) is to run. Dropping a job instead fails its ticket
/// ([`OffloadError::Dropped`]). Either way the scheduler wakes the work.
pub struct Job {
    /// The id of the job.
    id: JobId,
    /// The attempt that its end wakes.
    attempt_id: AttemptId,
    /// The work that offloaded it.
    work: WorkId,
    /// The name of that work.
    name: Name,
    /// The random stream; simulated jobs only.
    stream: Option<Stream>,
    /// The token of the attempt.
    cancel: CancelToken,
    /// The closure; `None` once it has run or been refused. It is boxed, so that all jobs have one type.
    task: Option<Box<dyn Task>>,
    /// The inbox that is told of the job's end, unless the engine itself has cancelled the job.
    sender: Option<Arc<InboxSender>>,
}

impl Job {
    /// Returns the job's id.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Returns the work that offloaded the job.
    pub fn work(&self) -> WorkId {
        self.work
    }

    /// Returns the name of that work.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// Returns the attempt's token. It is cancelled as soon as the attempt is being aborted. The closure of
    /// [`WorkContext::offload_with`](crate::WorkContext::offload_with) gets the token, too.
    pub fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }

    /// Returns random numbers for a simulated latency. They depend on this job of this work, and on no other work.
    /// Without a simulated offload, every job has equal numbers.
    pub fn stream(&mut self) -> &mut Stream {
        self.stream.get_or_insert_with(|| Stream::new(0))
    }

    /// Runs the job on the calling thread. A panic becomes the ticket's failure. Does nothing if the ticket has been
    /// dropped.
    pub fn run(mut self) {
        if let Some(task) = self.task.take() {
            self.contain(|| task.run(&self.cancel));
        }
    }

    /// Drops the job with [`OffloadError::Cancelled`], and sends no message.
    pub(crate) fn cancel(mut self) {
        self.refuse(OffloadError::Cancelled);
        // This comes after `refuse`, which still needs the sender's guard.
        self.sender = None;
    }

    /// Fails the ticket, unless the job has run.
    fn refuse(&mut self, error: OffloadError) {
        if let Some(task) = self.task.take() {
            self.contain(|| task.refuse(error));
        }
    }

    /// Calls `call`, and counts its panic. A panic in the drop of a closure or of an unwanted result belongs to no
    /// work. It must not end a thread of a pool.
    fn contain(&self, call: impl FnOnce()) {
        if let Some(sender) = &self.sender {
            sender.guard.call("dropping a job", call);
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.refuse(OffloadError::Dropped);
        // Sent after the cell is filled, so that the work which it wakes finds the result.
        if let Some(sender) = self.sender.take() {
            let _ = sender.send(Message::JobEnded(self.attempt_id, self.id));
        }
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Job({} of `{}` {})",
            self.id.number, self.name, self.work
        )
    }
}

/// The jobs that an offload leaves when it is shut down: see
/// [`shutdown_offload`](crate::WorkScheduler::shutdown_offload).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leftover {
    /// Jobs that had not begun. They never will: their tickets fail with [`OffloadError::Dropped`].
    pub dropped: u64,
    /// Jobs that still run. Only the end of the process interrupts them.
    pub running: u64,
}

impl Leftover {
    /// Returns a report for an [`Offload`](crate::Offload) of one's own.
    pub fn new(dropped: u64, running: u64) -> Self {
        Leftover { dropped, running }
    }

    /// Returns whether no job was dropped and none runs.
    pub fn is_empty(&self) -> bool {
        *self == Leftover::default()
    }
}

// ---- the work's side ----

/// The result of an offloaded closure, once it is there.
///
/// A ticket belongs to the attempt that made it. Dropping it before the job has begun spares the job.
#[must_use = "the job is dropped with its ticket"]
pub struct Ticket<R> {
    /// Where the job puts its result.
    cell: Arc<Cell<R>>,
    /// The attempt that may poll the ticket.
    attempt_id: AttemptId,
}

impl<R> Ticket<R> {
    /// Returns the result, once, to the attempt `asks`.
    pub(crate) fn poll_for(&mut self, asks: AttemptId) -> Poll<Result<R, Failure>> {
        let mut content = self.cell.lock();
        match &*content {
            Content::Ready(Err(_)) => {}
            // The result of an older attempt must not count: whether it is there by now depends on another thread.
            Content::Ready(Ok(_)) if self.attempt_id == asks => {}
            Content::Open if self.attempt_id == asks => return Poll::Pending,
            Content::Open | Content::Ready(Ok(_)) => {
                return Poll::Ready(Err(OffloadError::Stale.failure()));
            }
            _ => return Poll::Ready(Err(OffloadError::Taken.failure())),
        }
        match std::mem::replace(&mut *content, Content::Taken) {
            Content::Ready(result) => Poll::Ready(result),
            _ => Poll::Pending,
        }
    }

    /// Returns whether `poll` would return the result, or an error in its place. O(1).
    pub fn is_ready(&self) -> bool {
        matches!(*self.cell.lock(), Content::Ready(_))
    }

    /// Returns a ticket without a job. The first poll returns the error, in any attempt.
    pub(crate) fn refused(attempt_id: AttemptId, error: OffloadError) -> Self {
        let cell = Arc::new(Cell(Mutex::new(Content::Ready(Err(error.failure())))));
        Ticket { cell, attempt_id }
    }
}

impl<R> Drop for Ticket<R> {
    fn drop(&mut self) {
        let content = std::mem::replace(&mut *self.cell.lock(), Content::Unwanted);
        // The lock is open again here, and the drop of the result may panic.
        if let Content::Ready(result) = content {
            dispose(result);
        }
    }
}

impl<R> fmt::Debug for Ticket<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self.cell.lock() {
            Content::Open => "Ticket(open)",
            Content::Ready(_) => "Ticket(ready)",
            _ => "Ticket(taken)",
        })
    }
}

/// All that a job has besides its closure. [`Job`] explains the fields.
pub(crate) struct Label {
    pub id: JobId,
    pub attempt_id: AttemptId,
    pub work: WorkId,
    pub name: Name,
    pub stream: Option<Stream>,
    pub cancel: CancelToken,
}

/// Returns the two ends of a new job. The caller submits the job.
pub(crate) fn job<F, R>(label: Label, sender: Arc<InboxSender>, closure: F) -> (Job, Ticket<R>)
where
    F: FnOnce(&CancelToken) -> R + Send + 'static,
    R: Send + 'static,
{
    let cell = Arc::new(Cell(Mutex::new(Content::Open)));
    let task = Typed {
        closure,
        cell: cell.clone(),
    };
    let job = Job {
        id: label.id,
        attempt_id: label.attempt_id,
        work: label.work,
        name: label.name,
        stream: label.stream,
        cancel: label.cancel,
        task: Some(Box::new(task)),
        sender: Some(sender),
    };
    let attempt_id = label.attempt_id;
    (job, Ticket { cell, attempt_id })
}
