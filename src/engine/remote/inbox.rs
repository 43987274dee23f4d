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
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

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
