//! Closures from other threads. They wait in a slab that the scheduler shares with its [`Remote`]s, and a message in
//! the inbox carries the key of each.
//!
//! Invariant: a closure is in the slab before its message is in the inbox. So the message finds the closure, and the
//! inbox does not name the application's type.

use super::WorkScheduler;
use crate::engine::panics::{Contained, dispose};
use crate::engine::remote::inbox::{Handle, InboxSender, Message};
use crate::engine::remote::sync::{Mutex, MutexGuard};
use crate::work::{CancelledBy, WorkId};
use slab::Slab;
use std::cell::Cell;
use std::fmt;
use std::sync::{Arc, PoisonError};

/// A closure for [`Remote::post`], which runs on the scheduler's thread.
pub(crate) type Post<C> = Box<dyn FnOnce(&mut C, &mut WorkScheduler<C>) + Send>;

struct Waiting<C: ?Sized> {
    closures: Slab<Post<C>>,
    /// The scheduler has been dropped.
    closed: bool,
}

struct Shared<C: ?Sized> {
    waiting: Mutex<Waiting<C>>,
    /// How many closures may wait.
    limit: usize,
}

impl<C: ?Sized> Shared<C> {
    fn lock(&self) -> MutexGuard<'_, Waiting<C>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The scheduler's side.
pub(crate) struct Posts<C: ?Sized> {
    shared: Arc<Shared<C>>,
    /// Whether there has been a [`Remote`].
    is_used: Cell<bool>,
}

impl<C: ?Sized> Posts<C> {
    pub fn new(limit: usize) -> Self {
        let waiting = Waiting {
            closures: Slab::new(),
            closed: false,
        };
        let waiting = Mutex::new(waiting);
        Posts {
            shared: Arc::new(Shared { waiting, limit }),
            is_used: Cell::new(false),
        }
    }

    /// Puts an empty slab in the place of this one, which closes. It stays the one that it is if nobody could add a
    /// closure.
    pub fn renew(&mut self) {
        if self.is_used.get() {
            *self = Posts::new(self.shared.limit);
        }
    }

    /// Takes the closure that a message has announced.
    pub fn take(&self, key: u32) -> Option<Post<C>> {
        self.shared.lock().closures.try_remove(key as usize)
    }
}

impl<C: ?Sized> Drop for Posts<C> {
    /// Drops the waiting closures. A [`Remote`] may live longer than the scheduler, and nothing would call them.
    fn drop(&mut self) {
        let left = {
            let mut waiting = self.shared.lock();
            waiting.closed = true;
            std::mem::take(&mut waiting.closures)
        };
        // Each closure is contained, and drops outside of the lock, since its drop may post.
        drop(left);
    }
}

/// Reaches a scheduler from any thread. Clones reach the same scheduler.
///
/// What one value of this type sends keeps its order. What a clone sends may come before or after it, as a search over
/// orderings will show.
pub struct Remote<C: ?Sized> {
    sender: Arc<InboxSender>,
    posts: Arc<Shared<C>>,
    /// Tells this value from its clones.
    handle: Handle,
}

impl<C: ?Sized> Clone for Remote<C> {
    fn clone(&self) -> Self {
        Remote {
            sender: self.sender.clone(),
            posts: self.posts.clone(),
            handle: self.sender.new_handle(),
        }
    }
}

impl<C: ?Sized> fmt::Debug for Remote<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Remote")
    }
}

/// Why a closure was not posted. The error gives the closure back.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum PostError<F> {
    /// The inbox is full.
    #[error(
        "the scheduler's inbox is full: post again after its next crank, or raise `Limits::inbox`"
    )]
    Full(F),
    /// The scheduler has been dropped.
    #[error("the scheduler has been dropped: nothing will run this closure")]
    Closed(F),
}

impl<F> fmt::Debug for PostError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PostError::Full(_) => "Full",
            PostError::Closed(_) => "Closed",
        })
    }
}

impl<C: ?Sized> Remote<C> {
    pub(crate) fn new(sender: Arc<InboxSender>, posts: &Posts<C>) -> Self {
        posts.is_used.set(true);
        Remote {
            handle: sender.new_handle(),
            sender,
            posts: posts.shared.clone(),
        }
    }

    /// Runs the closure on the scheduler's thread, at the beginning of its next round, with the application and the
    /// scheduler. The call waits at most for a short lock, while another thread posts or the scheduler takes a closure.
    ///
    /// # Errors
    /// [`PostError`], with the closure, if the inbox is full or the scheduler has been dropped.
    pub fn post<F>(&self, closure: F) -> Result<(), PostError<F>>
    where
        F: FnOnce(&mut C, &mut WorkScheduler<C>) + Send + 'static,
    {
        let key = {
            let mut waiting = self.posts.lock();
            if waiting.closed {
                return Err(PostError::Closed(closure));
            }
            if waiting.closures.len() >= self.posts.limit {
                return Err(PostError::Full(closure));
            }
            // The closure is contained, since the scheduler may drop it uncalled.
            let closure = Contained::new(closure);
            let post: Post<C> =
                Box::new(move |app, scheduler| closure.into_inner()(app, scheduler));
            waiting.closures.insert(post) as u32
        };
        if self.sender.send(Message::Post(key, self.handle)).is_err() {
            // The scheduler has been dropped meanwhile, and has disposed of the closures that waited.
            dispose(self.posts.lock().closures.try_remove(key as usize));
        }
        Ok(())
    }

    /// Cancels a work. Waits at most for a short lock; nothing happens if the scheduler is gone.
    pub fn cancel(&self, id: impl Into<WorkId>) {
        let _ = self
            .sender
            .send(Message::Cancel(id.into(), CancelledBy::Host, self.handle));
    }

    /// Cancels all works. Waits at most for a short lock; nothing happens if the scheduler is gone.
    pub fn cancel_all(&self) {
        let _ = self
            .sender
            .send(Message::CancelAll(CancelledBy::Host, self.handle));
    }
}
