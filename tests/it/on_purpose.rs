//! Panics on purpose, and a watch for all others.
//!
//! The scheduler catches what its works throw, failed assertions included. So a test whose assertion fails in a turn,
//! in a hook or in a callback would pass, unless it looked at that work's outcome. The benches therefore hold a
//! [`Watch`].

use std::cell::{Cell, RefCell};
use std::panic::{PanicHookInfo, panic_any, set_hook, take_hook};
use std::sync::Once;
use std::thread::panicking;

/// The first words of a panic on purpose. Panics on purpose print nothing.
pub const ON_PURPOSE: &str = "on purpose";

/// Panics when it is dropped. The payload of that panic is a bomb again, as often as the number says.
pub struct Bomb(pub u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        match self.0.checked_sub(1) {
            Some(left) => panic_any(Bomb(left)),
            None => panic!("{ON_PURPOSE}, in drop"),
        }
    }
}

thread_local! {
    /// The last panic of this thread that was not on purpose.
    static NOTED: RefCell<Option<String>> = const { RefCell::new(None) };
    /// How many watches there are in this thread.
    static WATCHES: Cell<usize> = const { Cell::new(0) };
}

/// From now on panics on purpose print nothing, and all others are noted.
pub fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let loud = take_hook();
        set_hook(Box::new(move |info| {
            if !is_on_purpose(info) {
                NOTED.set(Some(info.to_string()));
                loud(info);
            }
        }));
    });
}

fn is_on_purpose(info: &PanicHookInfo<'_>) -> bool {
    let payload = info.payload();
    let fixed = payload.downcast_ref::<&str>().copied();
    let text = fixed.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.is_some_and(|text| text.starts_with(ON_PURPOSE))
        || payload.is::<u32>()
        || payload.is::<Bomb>()
}

/// Returns the last panic of this thread that was not on purpose, and forgets it.
pub fn noted() -> Option<String> {
    NOTED.take()
}

/// Fails the test when it is dropped, if something has panicked in this thread that was not to panic.
pub struct Watch(());

impl Watch {
    pub fn new() -> Watch {
        quiet_panics();
        let watches = WATCHES.get();
        if watches == 0 {
            // A note of an earlier test that had this thread.
            noted();
        }
        WATCHES.set(watches + 1);
        Watch(())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        WATCHES.set(WATCHES.get() - 1);
        if panicking() {
            return;
        }
        if let Some(text) = noted() {
            panic!("the scheduler has caught this: {text}");
        }
    }
}

#[test]
fn a_failed_assertion_in_a_turn_fails_the_test() {
    let test = || {
        let mut b = crate::workbench::Bench::with_permits(1);
        b.add("a", crate::workbench::Probe::new(|_| panic!("on{}", "e")));
        b.run();
    };
    let failed = std::panic::catch_unwind(test).unwrap_err();
    let text = failed.downcast_ref::<String>().unwrap();
    assert!(text.ends_with("one"), "{text}");
}
