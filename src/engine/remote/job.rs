//! One closure on its way to another thread and its result on the way back.
//!
//! A [`Job`] is what an [`Offload`](crate::Offload) gets, a [`Ticket`] what the work keeps; between them is one cell
//! with the result. However a job ends (it ran, panicked, or was dropped), its cell is filled first and the scheduler is
//! told after that, once: so who is woken by the message finds the result.

use crate::engine::id::AttemptId;
use crate::engine::panics::{self, dispose};
use crate::engine::remote::inbox::{CancelToken, InboxSender, Message};
use crate::engine::rng::Stream;
use crate::work::{Failure, Name, WorkId};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use thiserror::Error;

/// Why a ticket has no result. It comes as the [`Failure`] of [`Ticket::poll`], and is found there with
/// [`Failure::downcast_ref`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OffloadError {
    /// The scheduler has no offload. For good.
    #[error(
        "no offload is set: call `WorkScheduler::set_offload` with a `ThreadOffload`, or in a simulation with an `InlineOffload`"
    )]
    NotSet,
    /// It was asked for in a hook. For good.
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
    /// [`WorkScheduler::shutdown_offload`](crate::WorkScheduler::shutdown_offload) has been called. For good.
    #[error(
        "the offload has been shut down: call `WorkScheduler::set_offload` before works offload again"
    )]
    ShutDown,
    /// An attempt asked a ticket that is not its own. For good.
    #[error(
        "the ticket belongs to another attempt or another work, which alone its job wakes: drop tickets in `on_reset`, and offload anew in each attempt"
    )]
    Stale,
    /// The result has been taken. For good.
    #[error("the ticket has given its result: drop it when it is ready")]
    Taken,
}

impl OffloadError {
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
    pub(crate) number: u64,
    /// Whether it was given to a simulated offload.
    pub(crate) simulated: bool,
}

// ---- the cell between them ----

enum Content<R> {
    Open,
    Ready(Result<R, Failure>),
    Taken,
    /// The ticket is gone: nobody wants the result.
    Unwanted,
}

struct Cell<R>(Mutex<Content<R>>);

impl<R> Cell<R> {
    fn lock(&self) -> MutexGuard<'_, Content<R>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_wanted(&self) -> bool {
        !matches!(*self.lock(), Content::Unwanted)
    }

    fn fill(&self, result: Result<R, Failure>) {
        let mut content = self.lock();
        if let Content::Open = *content {
            *content = Content::Ready(result);
        } else {
            // What is dropped may do as it likes: not under the lock.
            drop(content);
            drop(result);
        }
    }
}

/// A closure and the cell for its result, without their types.
trait Task: Send {
    fn run(self: Box<Self>, cancel: &CancelToken);
    fn refuse(self: Box<Self>, error: OffloadError);
}

struct Typed<F, R> {
    closure: F,
    cell: Arc<Cell<R>>,
}

impl<F, R> Task for Typed<F, R>
where
    F: FnOnce(&CancelToken) -> R + Send,
    R: Send,
{
    fn run(self: Box<Self>, cancel: &CancelToken) {
        let Typed { closure, cell } = *self;
        if !cell.is_wanted() {
            return drop(closure);
        }
        // Whatever the panic carries, the cell is filled: the work would wait for ever.
        cell.fill(panics::call(|| closure(cancel)).map_err(Failure::panicked));
    }

    fn refuse(self: Box<Self>, error: OffloadError) {
        self.cell.fill(Err(error.failure()));
    }
}

// ---- the offload's side ----

/// A closure that an [`Offload`](crate::Offload) is to run. One that is dropped fails its ticket
/// ([`OffloadError::Dropped`]); either way the work is woken.
pub struct Job {
    id: JobId,
    attempt_id: AttemptId,
    work: WorkId,
    name: Name,
    stream: Option<Stream>,
    cancel: CancelToken,
    task: Option<Box<dyn Task>>,
    /// Who is told of its end.
    sender: Option<Arc<InboxSender>>,
}

impl Job {
    /// Its id.
    pub fn id(&self) -> JobId {
        self.id
    }

    /// The work whose job it is.
    pub fn work(&self) -> WorkId {
        self.work
    }

    /// That work's name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The attempt's token, which the closure of [`WorkContext::offload_with`](crate::WorkContext::offload_with) gets, too: it is cancelled as soon as the
    /// attempt is being aborted.
    pub fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }

    /// Random numbers for a simulated latency: of this job of this work, whatever other works do. For a simulated
    /// offload only; the same numbers for every job otherwise.
    pub fn stream(&mut self) -> &mut Stream {
        self.stream.get_or_insert_with(|| Stream::new(0))
    }

    /// Runs it, on whatever thread: a panic becomes the ticket's failure. Does nothing if the ticket has been dropped.
    pub fn run(mut self) {
        if let Some(task) = self.task.take() {
            self.contain(|| task.run(&self.cancel));
        }
    }

    /// Drops it, with that failure; nobody is told.
    pub(crate) fn cancel(mut self) {
        self.refuse(OffloadError::Cancelled);
        self.sender = None;
    }

    fn refuse(&mut self, error: OffloadError) {
        if let Some(task) = self.task.take() {
            self.contain(|| task.refuse(error));
        }
    }

    /// A panic in the drop of a closure or of a result that nobody wants is nobody's: it must not end a thread of a pool.
    fn contain(&self, call: impl FnOnce()) {
        if let Some(sender) = &self.sender {
            sender.guard.call("dropping a job", call);
        }
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.refuse(OffloadError::Dropped);
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

/// What an offload leaves when it is shut down: [`shutdown_offload`](crate::WorkScheduler::shutdown_offload).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leftover {
    /// Jobs that had not begun. They never will: their tickets say [`OffloadError::Dropped`].
    pub dropped: u64,
    /// Jobs that still run. Nothing interrupts them but the end of the process.
    pub running: u64,
}

impl Leftover {
    /// Returns what an [`Offload`](crate::Offload) of one's own reports.
    pub fn new(dropped: u64, running: u64) -> Self {
        Leftover { dropped, running }
    }

    /// Whether no job was dropped and none runs.
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
    cell: Arc<Cell<R>>,
    attempt_id: AttemptId,
}

impl<R> Ticket<R> {
    /// The result, once, for the attempt that asks.
    pub(crate) fn poll_for(&mut self, asks: AttemptId) -> Poll<Result<R, Failure>> {
        let mut content = self.cell.lock();
        match &*content {
            Content::Ready(Err(_)) => {}
            // Whether an older attempt's job was done by now must not decide how this one goes on.
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

    /// Whether `poll` would give the result (or an error that took its place). O(1).
    pub fn is_ready(&self) -> bool {
        matches!(*self.cell.lock(), Content::Ready(_))
    }

    /// A ticket without a job.
    pub(crate) fn refused(attempt_id: AttemptId, error: OffloadError) -> Self {
        let cell = Arc::new(Cell(Mutex::new(Content::Ready(Err(error.failure())))));
        Ticket { cell, attempt_id }
    }
}

impl<R> Drop for Ticket<R> {
    fn drop(&mut self) {
        let content = std::mem::replace(&mut *self.cell.lock(), Content::Unwanted);
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

/// What a job is besides its closure.
pub(crate) struct Label {
    pub id: JobId,
    pub attempt_id: AttemptId,
    pub work: WorkId,
    pub name: Name,
    pub stream: Option<Stream>,
    pub cancel: CancelToken,
}

/// The two ends of a new job.
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
