//! What a program sends through: wakers of attempts, and tokens that cancel. Each has the senders' side of an inbox.

use super::inbox::{Inbox, InboxSender, Message, TOKEN};
use crate::engine::id::AttemptId;
use crate::engine::remote::sync::{AtomicBool, Mutex, MutexGuard};
use crate::work::{CancelledBy, WorkId};
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};

/// The waker of one attempt. At most one message of it is under way at a time.
pub(crate) struct WakerCell {
    /// The attempt that it wakes.
    pub attempt_id: AttemptId,
    /// Whether a message of this waker is in the inbox.
    under_way: AtomicBool,
    /// The inbox to be told.
    sender: Arc<InboxSender>,
}

impl WakerCell {
    /// Sends a wake, unless one is under way.
    fn wake_up(&self) {
        if !self.under_way.swap(true, Ordering::AcqRel) {
            let _ = self.sender.send(Message::Wake(self.attempt_id));
        }
    }

    /// Notes that the message has arrived; the next wake sends another. The engine does not call it after the
    /// attempt's end, and then no more wakes are sent.
    pub fn arrived(&self) {
        self.under_way.swap(false, Ordering::AcqRel);
    }
}

impl Wake for WakerCell {
    fn wake(self: Arc<Self>) {
        self.wake_up();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_up();
    }
}

impl Drop for WakerCell {
    fn drop(&mut self) {
        let _ = self.sender.send(Message::WakerDropped(self.attempt_id));
    }
}

/// Wakes one attempt of a work from any thread. It does nothing once that attempt has ended.
///
/// As long as a clone of it exists, the work may sleep. Wakes that come before the work's next turn merge with it.
#[derive(Clone)]
pub struct RemoteWaker {
    /// What all clones of the waker share; its drop tells the scheduler.
    pub(crate) cell: Arc<WakerCell>,
}

impl RemoteWaker {
    /// Returns a waker of this attempt.
    pub(crate) fn new(inbox: &Inbox, attempt_id: AttemptId) -> Self {
        let cell = WakerCell {
            attempt_id,
            under_way: AtomicBool::new(false),
            sender: inbox.share(),
        };
        RemoteWaker {
            cell: Arc::new(cell),
        }
    }

    /// Asks for a turn. The call waits at most for a short lock; while a wake is under way, it is one atomic operation.
    pub fn wake(&self) {
        self.cell.wake_up();
    }
}

impl Wake for RemoteWaker {
    fn wake(self: Arc<Self>) {
        self.cell.wake_up();
    }
}

impl From<RemoteWaker> for Waker {
    fn from(waker: RemoteWaker) -> Waker {
        Waker::from(waker.cell)
    }
}

impl fmt::Debug for RemoteWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteWaker(#{})", self.cell.attempt_id.serial)
    }
}

/// Cancels works from any thread, and tells any thread whether they have been cancelled.
///
/// A token from `WorkScheduler::cancel_token` cancels everything in that scheduler. A token from
/// `WorkContext::cancel_token` cancels that work. A token from [`CancelToken::new`] cancels everything in the
/// schedulers that are run with it.
#[derive(Clone, Default)]
pub struct CancelToken {
    /// What all clones of the token share.
    shared: Arc<TokenState>,
}

/// The state that all clones of a token share.
#[derive(Default)]
struct TokenState {
    /// Whether the token has been cancelled.
    cancelled: AtomicBool,
    /// The inboxes to be told, each once per [`CancelToken::listen`].
    listeners: Mutex<Vec<Listener>>,
}

/// An inbox that a token tells, and for which work.
#[derive(Clone)]
struct Listener {
    /// The inbox to be told.
    sender: Arc<InboxSender>,
    /// The work to be cancelled; `None` for all works.
    work: Option<WorkId>,
}

impl Listener {
    /// Sends the cancel.
    fn tell(&self) {
        let by = CancelledBy::Token;
        let _ = self.sender.send(match self.work {
            Some(work) => Message::Cancel(work, by, TOKEN),
            None => Message::CancelAll(by, TOKEN),
        });
    }
}

impl CancelToken {
    /// Returns a token without listeners.
    pub fn new() -> Self {
        CancelToken::default()
    }

    /// Cancels, and tells all listeners. Waits at most for another thread that uses the token's list of listeners.
    pub fn cancel(&self) {
        let listeners = {
            let listeners = self.listeners();
            let before = self.shared.cancelled.swap(true, Ordering::AcqRel);
            if before {
                Vec::new()
            } else {
                listeners.clone()
            }
        };
        // Outside of the lock, because a notifier may use the token.
        listeners.iter().for_each(Listener::tell);
    }

    /// Returns whether the token has been cancelled. O(1), no lock.
    pub fn is_cancelled(&self) -> bool {
        self.shared.cancelled.load(Ordering::Acquire)
    }

    /// Returns the listeners under their lock. A panic elsewhere leaves the list whole.
    fn listeners(&self) -> MutexGuard<'_, Vec<Listener>> {
        self.shared
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the inbox a cancel when the token is cancelled, or at once if it has been.
    pub(crate) fn listen(&self, inbox: &Inbox, work: Option<WorkId>) {
        let listener = Listener {
            sender: inbox.share(),
            work,
        };
        let cancelled = {
            let mut listeners = self.listeners();
            listeners.push(listener.clone());
            // Under the lock: a later cancel finds the listener, and only one of the two tells it.
            self.is_cancelled()
        };
        // Outside of the lock, because a notifier may use the token.
        if cancelled {
            listener.tell();
        }
    }

    /// Takes back the last `listen` for all works of this inbox.
    pub(crate) fn ignore(&self, inbox: &Inbox) {
        let mut listeners = self.listeners();
        let ours = |listener: &Listener| {
            listener.work.is_none() && Arc::ptr_eq(&listener.sender, &inbox.sender)
        };
        if let Some(last) = listeners.iter().rposition(ours) {
            listeners.remove(last);
        }
    }

    /// Marks the token after the engine itself has cancelled. No listener is told, since the engine knows.
    pub(crate) fn mark(&self) {
        self.shared.cancelled.store(true, Ordering::Release);
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "CancelToken({})",
            if self.is_cancelled() {
                "cancelled"
            } else {
                "live"
            }
        )
    }
}
