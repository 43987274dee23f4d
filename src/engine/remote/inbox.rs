//! The inbox: messages from other threads. They carry wakes, cancels, and keys of closures.
//!
//! It is a list under a lock, and a flag that says whether the list has messages. The sender that finds the list empty
//! calls the host's notifier, so the host is told only when the inbox stops being empty. The receiver swaps the whole
//! list for an empty one, so a round ends however fast other threads send. The lock is held for one push or one swap.
//! A channel of std would do the same without a lock, with 27 KB more of program.
//!
//! A wake is a message without a reference to its waker, since counting references would cost as much as the rest.

use crate::engine::JobId;
use crate::engine::id::AttemptId;
use crate::engine::panics::{Contained, Guard};
use crate::engine::remote::sync::{AtomicBool, AtomicU32, Mutex, MutexGuard, RwLock};
use crate::work::{CancelledBy, WorkId};
use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};

/// Tells a parked host that the inbox is no longer empty. The scheduler calls it from any thread that sends a
/// message.
pub type Notifier = Arc<dyn Fn() + Send + Sync>;

/// A message to the scheduler. It names an attempt or a work, so that a late one finds nothing.
pub(crate) enum Message {
    /// A remote waker of this attempt was used.
    Wake(AttemptId),
    /// The last clone of a remote waker is gone.
    WakerDropped(AttemptId),
    /// This work is to be cancelled.
    Cancel(WorkId, CancelledBy, Handle),
    /// All works are to be cancelled.
    CancelAll(CancelledBy, Handle),
    /// A job has run or been dropped, and its ticket knows.
    JobEnded(AttemptId, JobId),
    /// A [`TimePin`](super::TimePin) is gone. All messages that its thread sent before are in front of this one.
    Unpinned,
    /// A closure waits under this key: see `posts`.
    Post(u32, Handle),
}

/// The number of the [`Remote`](crate::Remote) value that sent a message; `TOKEN` for a cancel token.
pub(crate) type Handle = u32;

/// Stands for all cancel tokens.
pub(crate) const TOKEN: Handle = 0;

/// What a message came from. Messages of one sender never overtake each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    Handle(Handle),
    Waker(AttemptId),
    Offload,
    /// A pin's end comes after all that its thread sent, whoever else sent something.
    Everybody,
}

impl Message {
    /// Returns what the message came from.
    pub fn sender(&self) -> Sender {
        match self {
            Message::Wake(attempt_id) | Message::WakerDropped(attempt_id) => {
                Sender::Waker(*attempt_id)
            }
            Message::Cancel(_, _, handle)
            | Message::CancelAll(_, handle)
            | Message::Post(_, handle) => Sender::Handle(*handle),
            Message::JobEnded(..) => Sender::Offload,
            Message::Unpinned => Sender::Everybody,
        }
    }
}

/// The senders' side of the inbox.
pub(crate) struct InboxSender {
    /// The messages that the next round takes; `None` once the scheduler is gone.
    messages: Mutex<Option<VecDeque<Message>>>,
    /// Whether there are messages. It changes under the lock, and can be read without it.
    full: AtomicBool,
    /// How many handles there have been: each has a number of its own.
    handles: AtomicU32,
    /// The host's notifier, if it has set one.
    notifier: RwLock<Option<Contained<Notifier>>>,
    /// Calls the program's code that belongs to no work, and counts its panics.
    pub(crate) guard: Guard,
}

impl InboxSender {
    fn new() -> Self {
        InboxSender {
            messages: Mutex::new(Some(VecDeque::new())),
            full: AtomicBool::new(false),
            handles: AtomicU32::new(0),
            notifier: RwLock::new(None),
            guard: Guard::default(),
        }
    }

    /// Sends a message, and calls the notifier if the inbox was empty. Returns the message if the scheduler is gone.
    pub(crate) fn send(&self, message: Message) -> Result<(), Message> {
        let was_full = {
            let mut messages = self.messages();
            let Some(messages) = &mut *messages else {
                return Err(message);
            };
            messages.push_back(message);
            self.full.swap(true, Ordering::AcqRel)
        };
        if !was_full {
            // Cloned, so that the notifier runs without the lock and may set another one.
            let notifier = self.notifier.read();
            let notifier = notifier.unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(notify) = notifier {
                self.guard.call("a notifier", &**notify);
            }
        }
        Ok(())
    }

    /// Returns the number of a new handle, from 1.
    pub(crate) fn new_handle(&self) -> Handle {
        self.handles.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    /// Returns the messages under their lock. Nothing that can panic runs under it.
    fn messages(&self) -> MutexGuard<'_, Option<VecDeque<Message>>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The scheduler's side of the inbox.
pub(crate) struct Inbox {
    /// The senders' side.
    pub sender: Arc<InboxSender>,
    /// Whether anybody else has had it, or there has been a notifier.
    is_used: Cell<bool>,
}

impl Drop for Inbox {
    /// Closes the inbox: a sender may live longer than the scheduler.
    fn drop(&mut self) {
        *self.sender.messages() = None;
    }
}

impl Inbox {
    /// Returns an empty inbox without a notifier.
    pub fn new() -> Self {
        Inbox {
            sender: Arc::new(InboxSender::new()),
            is_used: Cell::new(false),
        }
    }

    /// Returns the senders' side for a waker, token, job, pin or remote.
    pub fn share(&self) -> Arc<InboxSender> {
        self.is_used.set(true);
        self.sender.clone()
    }

    /// Puts an empty inbox without a notifier in the place of this one, which closes. It has the memory of this one
    /// unless somebody can still send.
    #[inline]
    pub fn renew(&mut self) {
        // Asking the counter of owners costs an atomic operation.
        if !self.is_used.get() && self.sender.guard.panics() == 0 {
            return;
        }
        match Arc::get_mut(&mut self.sender) {
            Some(sender) => {
                *sender = InboxSender::new();
                self.is_used.set(false);
            }
            None => *self = Inbox::new(),
        }
    }

    /// Sets the notifier, and returns the one before.
    pub fn set_notifier(
        &mut self,
        notifier: Option<Contained<Notifier>>,
    ) -> Option<Contained<Notifier>> {
        self.is_used.set(true);
        let place = self.sender.notifier.write();
        let mut place = place.unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *place, notifier)
    }

    /// Returns whether a message has come since the last [`Inbox::take`].
    #[inline]
    pub fn has_messages(&self) -> bool {
        self.sender.full.load(Ordering::Acquire)
    }

    /// Moves the messages that are there now to the end of `taken`. If that is empty, as it is at the beginning of most
    /// rounds, the two lists change places, so neither allocates again.
    pub fn take(&mut self, taken: &mut VecDeque<Message>) {
        let mut messages = self.sender.messages();
        match &mut *messages {
            Some(messages) if taken.is_empty() => std::mem::swap(messages, taken),
            Some(messages) => taken.append(messages),
            None => {}
        }
        self.sender.full.store(false, Ordering::Release);
    }
}

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
