//! Calls and drops of code and values that belong to the program. A panic in them stays there (L24).
//!
//! Invariant: nothing here panics. The payload of a panic belongs to the program, too, and its drop may panic again.
//! So every payload ends in [`message`] or in [`discard`], or goes on with `resume_unwind`.
//!
//! The engine keeps the program's values as [`Contained`], and drops the bodies of works one by one. A second panic
//! during the unwinding of the first would end the process.
//!
//! The shell calls turns and hooks in `scheduler/turn.rs`: the fast turn has one `catch_unwind`, and must not pay for
//! another.
//!
//! Trap: a value of the program's that is dropped by `drop`, by an assignment or at the end of a scope is not
//! contained. The engine keeps each in a [`Contained`], or drops it through a function of this file.

use std::any::Any;
use std::cell::Cell;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};

/// The value that a panic carries.
pub(crate) type Payload = Box<dyn Any + Send>;

/// The drop of a payload may panic with another payload. After this many in a row the engine leaks the next one.
const PAYLOADS: usize = 8;

thread_local! {
    /// Drops that have panicked on this thread and that no scheduler has counted yet. A failure may be dropped
    /// anywhere, and knows no scheduler.
    static DROPS: Cell<u64> = const { Cell::new(0) };
}

// ---- calls ----

/// Calls `call`. The error is the payload of its panic: the caller must [`discard`] it or let it through.
#[inline(always)]
pub(crate) fn contain<R>(call: impl FnOnce() -> R) -> Result<R, Payload> {
    // The assertion holds: a panic can leave only values of the program half changed, and no field of the engine.
    catch_unwind(AssertUnwindSafe(call))
}

/// Calls `call`. The error is the text of its panic. Its payload has been dropped.
pub(crate) fn call<R>(call: impl FnOnce() -> R) -> Result<R, String> {
    contain(call).map_err(message)
}

/// Returns the text of a panic. It does not drop the payload, which the caller still has to end.
pub(crate) fn text_of(payload: &(dyn Any + Send)) -> &str {
    // `panic!` carries a `&str` or a `String`. Any other payload has no text.
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}

/// Returns the text of a panic, and drops its payload.
pub(crate) fn message(payload: Payload) -> String {
    let text = text_of(&*payload).to_owned();
    discard(payload);
    text
}

/// Drops a payload, and the payloads of the panics in its drop: at most [`PAYLOADS`] of them.
pub(crate) fn discard(mut payload: Payload) {
    for _ in 0..PAYLOADS {
        match contain(|| drop(payload)) {
            Ok(()) => return,
            Err(next) => payload = next,
        }
        count_drop();
    }
    // A payload whose drop panics with another one without end would keep the thread for ever.
    std::mem::forget(payload);
}

/// Calls code that belongs to no work, from any thread, and counts its panics. Senders on other threads share it with
/// the scheduler.
#[derive(Default)]
pub(crate) struct Guard(AtomicU64);

impl Guard {
    /// Calls `call`, and returns `None` if it panicked. `what` names the code in the log.
    pub fn call<R>(&self, what: &str, call: impl FnOnce() -> R) -> Option<R> {
        // On another thread no scheduler would count the drops within the call.
        let before = DROPS.take();
        let result = self::call(call);
        // The drops before the call are not the guard's, so they are put back.
        let drops = DROPS.replace(before);
        let panics = drops + result.is_err() as u64;
        if panics > 0 {
            self.0.fetch_add(panics, Ordering::Relaxed);
        }
        result
            .inspect_err(|message| tracing::error!(message, "{what} panicked"))
            .ok()
    }

    /// Returns how many panics the guard has caught. The metrics show it among `callback_panics`.
    pub fn panics(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

// ---- drops ----

/// Drops `value`. A panic in its drop is counted, and goes no further.
#[cold]
#[inline(never)]
pub(crate) fn dispose<T>(value: T) {
    dispose_by(|| drop(value));
}

/// Calls `call`, which ends a value. A panic in the call counts as one of the value's drop.
pub(crate) fn dispose_by(call: impl FnOnce()) {
    if let Err(payload) = contain(call) {
        drop_panicked(payload);
    }
}

/// Drops `values` one after the other. A panic in one drop does not keep the others from being dropped.
pub(crate) fn dispose_each<T>(values: impl IntoIterator<Item = T>) {
    let mut values = values.into_iter();
    // All drops share one `catch_unwind`, as long as none panics.
    let mut drop_all = || {
        for value in values.by_ref() {
            drop(value);
        }
    };
    while let Err(payload) = contain(&mut drop_all) {
        drop_panicked(payload);
    }
}

/// Counts the panic of a drop and logs its text.
#[cold]
fn drop_panicked(payload: Payload) {
    count_drop();
    // Taken outside the macro, because the macro evaluates nothing when no subscriber listens. The payload has to be
    // dropped.
    let message = message(payload);
    tracing::error!(message, "a drop panicked");
}

/// Counts one panic in a drop on this thread. The next [`Tally::count`] on this thread takes it over.
fn count_drop() {
    DROPS.set(DROPS.get() + 1);
}

/// A value of the program's. Its drop never panics, since the engine [disposes](dispose) of it. It is empty only within
/// its own end.
#[derive(Clone)]
pub(crate) struct Contained<T>(Option<T>);

impl<T> Contained<T> {
    /// Takes `value` into custody.
    pub fn new(value: T) -> Self {
        Contained(Some(value))
    }

    /// Returns the value. From now on its drop may panic. The caller drops it through [`contain`], or hands it on.
    pub fn into_inner(mut self) -> T {
        self.0.take().expect(THERE)
    }
}

/// Why [`Contained`] is never empty.
const THERE: &str = "only `into_inner` and `drop` take the value, and both end the container";

impl<T> Deref for Contained<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect(THERE)
    }
}

impl<T> DerefMut for Contained<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect(THERE)
    }
}

impl<T> Drop for Contained<T> {
    fn drop(&mut self) {
        if let Some(value) = self.0.take() {
            dispose(value);
        }
    }
}

/// The number of drops that one scheduler has counted as its own. Several schedulers may take turns on one thread, and
/// each counts what it finds.
#[derive(Default)]
pub(crate) struct Tally(Cell<u64>);

impl Tally {
    /// Returns how many drops have panicked, and first adds those of this thread.
    #[inline]
    pub fn count(&self) -> u64 {
        // The shell asks after every crank, and most often there is nothing to add.
        if DROPS.get() > 0 {
            self.0.set(self.0.get() + DROPS.take());
        }
        self.0.get()
    }
}

impl Drop for Tally {
    /// Forgets the panics of the scheduler's own end: the next scheduler must not count them.
    fn drop(&mut self) {
        DROPS.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::panic_any;

    /// Panics when it is dropped; the payload is a bomb again, until the count is used up.
    struct Bomb(u32);

    impl Drop for Bomb {
        fn drop(&mut self) {
            match self.0.checked_sub(1) {
                Some(left) => panic_any(Bomb(left)),
                None => panic!("on purpose"),
            }
        }
    }

    #[test]
    fn l24_payloads_are_dropped_a_few_times_and_then_leaked() {
        for (bomb, counted) in [(0, 1), (3, 4), (u32::MAX, PAYLOADS as u64)] {
            let tally = Tally::default();
            discard(Box::new(Bomb(bomb)));
            assert_eq!(tally.count(), counted, "{bomb}");
        }
    }

    #[test]
    fn l24_values_are_dropped_one_by_one() {
        let tally = Tally::default();
        dispose_each([Bomb(0), Bomb(1), Bomb(0)]);
        drop([Contained::new(Bomb(0)), Contained::new(Bomb(0))]);
        assert_eq!(tally.count(), 6);
        std::mem::forget(Contained::new(Bomb(0)).into_inner());
        assert_eq!(tally.count(), 6);
    }

    #[test]
    fn a_guard_counts_panics_and_the_drops_within() {
        let (guard, tally) = (Guard::default(), Tally::default());
        assert_eq!(guard.call("it", || 7), Some(7));
        assert_eq!(guard.call("it", || panic_any(Bomb(0))), None::<u8>);
        assert_eq!((guard.panics(), tally.count()), (2, 0));
    }
}
