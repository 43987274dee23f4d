//! Panics in a run: caught, with their place, and without the usual text on the standard error.

use super::verdict::{Stop, Verdict};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether this thread is in a run of a search.
    static SILENT: Cell<bool> = const { Cell::new(false) };
    /// The place of the last panic of this thread.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

static HOOK: Once = Once::new();

/// Puts a hook in front of the present one, once. It only looks at threads that are in a run.
fn install() {
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !SILENT.get() {
                return before(info);
            }
            let place = info.location().map(ToString::to_string);
            PLACE.with_borrow_mut(|last| *last = place);
        }));
    });
}

/// Runs `run`, and returns how it failed: boxed, since few runs do.
#[inline]
pub(super) fn caught(run: impl FnOnce()) -> Option<Box<Verdict>> {
    install();
    let outside = SILENT.replace(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    SILENT.set(outside);
    result.err().and_then(verdict).map(Box::new)
}

/// Returns what a panic says of its run; nothing if the run only ends with it.
#[cold]
fn verdict(payload: Box<dyn Any + Send>) -> Option<Verdict> {
    match payload.downcast::<Stop>() {
        Ok(stop) => match *stop {
            Stop::Failed(verdict) => Some(verdict),
            Stop::End => None,
        },
        Err(payload) => {
            let place = PLACE.take().unwrap_or_else(|| String::from("(unknown)"));
            Some(Verdict::Panic(message(payload), place))
        }
    }
}

/// Returns the message of a panic.
fn message(payload: Box<dyn Any + Send>) -> String {
    let text = payload.downcast_ref::<String>().cloned();
    let text = text.or_else(|| {
        payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
    });
    // The drop of a payload may panic in turn.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(payload)));
    text.unwrap_or_else(|| String::from("(no message)"))
}
