//! The calls that the engine asks for between turns.

use super::{Cranking, WorkScheduler};
use crate::engine::calls::Call;
use crate::engine::panics::contain;

impl<C: ?Sized> WorkScheduler<C> {
    /// Makes the calls that the engine asks for, until it asks for none.
    #[inline(never)]
    pub(super) fn make_calls(&mut self, app: &mut C) {
        while let Some(call) = self.lent.engine.next_call() {
            match call {
                Call::Hook(slot, hook) => self.call_hook(slot, hook, app),
                Call::Force(slot) => {
                    let result = contain(|| self.bodies.discard(slot));
                    self.lent.engine.forced(slot, result);
                }
                Call::Settled(key, id, outcome) => {
                    let callback = self.lent.callbacks.remove(key as usize);
                    let call = contain(|| callback.into_inner()(app, id, &outcome));
                    self.lent.engine.note_callback(call);
                }
                Call::Post(key) => self.call_posted(key, app),
                Call::Incoming | Call::Drop(_) | Call::DropCallback(_) => self.dispose(call),
            }
        }
    }

    fn call_posted(&mut self, key: u32, app: &mut C) {
        let Some(post) = self.posts.take(key) else {
            return;
        };
        self.cranking = Cranking::Inside;
        let call = contain(|| post(app, self));
        self.cranking = Cranking::of(&self.lent.engine);
        self.lent.engine.note_callback(call);
    }

    /// Enters new bodies and drops what the engine has given up, after a call of the host.
    #[inline]
    pub(super) fn tidy(&mut self) {
        if !self.lent.engine.deferred.is_empty() {
            self.dispose_all();
        }
    }

    #[cold]
    fn dispose_all(&mut self) {
        while let Some(call) = self.lent.engine.deferred.next_disposal() {
            self.dispose(call);
        }
    }

    fn dispose(&mut self, call: Call) {
        match call {
            Call::Incoming => {
                // The order does not matter, since each body has a slot of its own.
                while let Some((slot, body)) = self.lent.incoming.pop() {
                    self.bodies.enter(slot, body);
                }
            }
            Call::Drop(slot) => {
                let result = contain(|| self.bodies.discard(slot));
                self.lent.engine.dropped(slot, result);
            }
            Call::DropCallback(key) => drop(self.lent.callbacks.try_remove(key as usize)),
            Call::Hook(..) | Call::Force(_) | Call::Settled(..) | Call::Post(_) => {
                debug_assert!(false, "that is no disposal");
            }
        }
    }
}
