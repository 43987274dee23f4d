//! What other threads send: wakes, cancels, and word of closures.
//!
//! One std mpsc channel and one flag. A sender puts its message into the channel and then swaps the flag to true;
//! whoever finds it false calls the host's notifier, so the host is told only when the inbox goes from empty to not
//! empty. The receiver clears the flag, sends itself a mark, and takes what is before the mark: so a round ends however
//! fast others send. A message behind the mark was sent after the flag was cleared, and sets it again; one before it may
//! do so too, and a spurious notification is all that can follow.
//!
//! A wake is a message without a reference to its waker, since counting references would cost as much as the rest.

use crate::engine::JobId;
use crate::engine::id::AttemptId;
use crate::engine::panics::{Contained, Guard};
use crate::engine::remote::sync::mpsc::{self, Receiver, Sender};
use crate::engine::remote::sync::{AtomicBool, Mutex, MutexGuard, RwLock};
use crate::work::{CancelledBy, WorkId};
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SendError;
use std::sync::{Arc, PoisonError};
use std::task::{Wake, Waker};

/// Tells a parked host that the inbox is no longer empty; may be called from any thread.
pub type Notifier = Arc<dyn Fn() + Send + Sync>;

pub(crate) enum Message {
    Wake(AttemptId),
    /// The last clone of a remote waker is gone.
    WakerDropped(AttemptId),
    Cancel(WorkId, CancelledBy),
    CancelAll(CancelledBy),
    /// A job has run or been dropped, and its ticket knows.
    JobEnded(AttemptId, JobId),
    /// A [`TimePin`](super::TimePin) is gone, and what its thread sent before is in front of this.
    Unpinned,
    /// What comes after it waits for the next round.
    Mark,
    /// A closure waits under this key: see `posts`.
    Post(u32),
}

/// The senders' side.
pub(crate) struct InboxSender {
    channel: Sender<Message>,
    full: AtomicBool,
    notifier: RwLock<Option<Contained<Notifier>>>,
    /// Calls the program's code that belongs to no work.
    pub(crate) guard: Guard,
}

impl InboxSender {
    /// `Err` if the scheduler is gone.
    pub(crate) fn send(&self, message: Message) -> Result<(), Message> {
        self.channel
            .send(message)
            .map_err(|SendError(message)| message)?;
        if !self.full.swap(true, Ordering::AcqRel) {
            let notifier = self
                .notifier
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .clone();
            if let Some(notify) = notifier {
                self.guard.call("a notifier", &**notify);
            }
        }
        Ok(())
    }
}

/// The scheduler's side.
pub(crate) struct Inbox {
    pub sender: Arc<InboxSender>,
    receiver: Receiver<Message>,
}

impl Inbox {
    pub fn new() -> Self {
        let (sender, receiver) = mpsc::channel();
        let sender = InboxSender {
            channel: sender,
            full: AtomicBool::new(false),
            notifier: RwLock::new(None),
            guard: Guard::default(),
        };
        Inbox {
            sender: Arc::new(sender),
            receiver,
        }
    }

    /// The one before comes back.
    pub fn set_notifier(
        &mut self,
        notifier: Option<Contained<Notifier>>,
    ) -> Option<Contained<Notifier>> {
        let mut place = self
            .sender
            .notifier
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *place, notifier)
    }

    #[inline]
    pub fn has_messages(&self) -> bool {
        self.sender.full.load(Ordering::Acquire)
    }

    /// Takes what is there now; what comes meanwhile waits for the next round. O(messages).
    pub fn take(&mut self, into: &mut VecDeque<Message>) {
        self.sender.full.swap(false, Ordering::AcqRel);
        // It arrives: the receiver is here.
        let _ = self.sender.channel.send(Message::Mark);
        while let Ok(message) = self.receiver.try_recv() {
            match message {
                Message::Mark => return,
                message => into.push_back(message),
            }
        }
    }
}

/// One attempt's waker: at most one message of it is under way at a time.
pub(crate) struct WakerCell {
    pub attempt_id: AttemptId,
    under_way: AtomicBool,
    sender: Arc<InboxSender>,
}

impl WakerCell {
    fn wake_up(&self) {
        if !self.under_way.swap(true, Ordering::AcqRel) {
            let _ = self.sender.send(Message::Wake(self.attempt_id));
        }
    }

    /// The message has arrived; the next wake sends another. Not called once the attempt has ended: then none does.
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

/// Wakes one attempt of a work from any thread; does nothing once that attempt has ended.
///
/// As long as a clone of it exists, the work may sleep. Wakes that come before the work's next turn merge with it.
#[derive(Clone)]
pub struct RemoteWaker {
    pub(crate) cell: Arc<WakerCell>,
}

impl RemoteWaker {
    pub(crate) fn new(inbox: &Inbox, attempt_id: AttemptId) -> Self {
        let cell = WakerCell {
            attempt_id,
            under_way: AtomicBool::new(false),
            sender: inbox.sender.clone(),
        };
        RemoteWaker {
            cell: Arc::new(cell),
        }
    }

    /// Asks for a turn. Never blocks; a wake that is under way already costs one atomic operation.
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

/// Says from any thread that something is to be cancelled, and tells any thread whether it has been.
///
/// One from `WorkScheduler::cancel_token` cancels everything in that scheduler, one from `WorkContext::cancel_token`
/// that work. One from [`CancelToken::new`] does so for the schedulers that are run with it.
#[derive(Clone, Default)]
pub struct CancelToken {
    shared: Arc<TokenState>,
}

#[derive(Default)]
struct TokenState {
    cancelled: AtomicBool,
    listeners: Mutex<Vec<Listener>>,
}

#[derive(Clone)]
struct Listener {
    sender: Arc<InboxSender>,
    /// `None`: all works.
    work: Option<WorkId>,
}

impl Listener {
    fn tell(&self) {
        let by = CancelledBy::Token;
        let _ = self.sender.send(match self.work {
            Some(work) => Message::Cancel(work, by),
            None => Message::CancelAll(by),
        });
    }
}

impl CancelToken {
    /// A token that nothing listens to yet.
    pub fn new() -> Self {
        CancelToken::default()
    }

    /// Cancels, and tells whoever listens. Waits at most for another thread that does the same.
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
        // Without the lock: a notifier may do with the token what it likes.
        listeners.iter().for_each(Listener::tell);
    }

    /// Whether it has been cancelled. O(1), no lock.
    pub fn is_cancelled(&self) -> bool {
        self.shared.cancelled.load(Ordering::Acquire)
    }

    fn listeners(&self) -> MutexGuard<'_, Vec<Listener>> {
        self.shared
            .listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the inbox a cancel when the token is cancelled, or at once if it has been.
    pub(crate) fn listen(&self, inbox: &Inbox, work: Option<WorkId>) {
        let listener = Listener {
            sender: inbox.sender.clone(),
            work,
        };
        let cancelled = {
            let mut listeners = self.listeners();
            listeners.push(listener.clone());
            // Under the lock: whoever cancels later finds the listener, and only one of the two tells it.
            self.is_cancelled()
        };
        // Without the lock: a notifier may do with the token what it likes.
        if cancelled {
            listener.tell();
        }
    }

    /// Takes the last `listen` for all works of this inbox back.
    pub(crate) fn ignore(&self, inbox: &Inbox) {
        let mut listeners = self.listeners();
        let ours = |listener: &Listener| {
            listener.work.is_none() && Arc::ptr_eq(&listener.sender, &inbox.sender)
        };
        if let Some(last) = listeners.iter().rposition(ours) {
            listeners.remove(last);
        }
    }

    /// The engine itself has cancelled: only those who look are told.
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
