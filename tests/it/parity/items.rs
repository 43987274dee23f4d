//! The reader of sources is itself read: what it finds in text that looks like a file of the crate.

use super::public_items::{items, items_in};

const SOURCE: &str = "
pub struct Config<C> {
    /// How many.
    pub max: usize,
    hidden: C,
}
impl<C: Fn() -> Vec<u8>, const N: usize> Config<C> {
    pub const MOST: usize = 9;

    pub fn max(mut self, max: usize) -> Self {
        pub fn inner() {}
    }

    fn private(&self) {}
}
impl<C> From<Other<C>> for Config<C> {
    fn from(other: Other<C>) -> Self {
    }
}
pub enum Outcome {
    Success,
    Failed(Failure),
    Blocked {
        root: Id,
    },
}
pub trait Source {
    type Item;

    fn next(&mut self) -> Self::Item;
}
pub const fn free() {}
pub(crate) fn inside() {}
pub static TABLE: &[u8] = &[
    1,
];
";

#[test]
fn public_items_are_found_and_others_are_not() {
    let expected = [
        "Config",
        "Config::max",
        "Config::MOST",
        "Config::max",
        "Outcome",
        "Outcome::Success",
        "Outcome::Failed",
        "Outcome::Blocked",
        "Source",
        "Source::Item",
        "Source::next",
        "free",
        "TABLE",
    ];
    assert_eq!(items_in(SOURCE), expected);
}

#[test]
fn items_of_the_crate_are_found_and_others_are_not() {
    let items = items();
    for item in [
        "Work::poll",
        "WorkScheduler::crank_work",
        "WorkContext::app",
        "WorkContext::spawn",
        "Spec::after",
        "WorkState::Aborting",
        "Failure::msg",
        "Retry::A_LOT",
        "compose",
        "TRANSITIONS",
    ] {
        assert!(items.contains(item), "{item}");
    }
    for item in ["Work::run", "WorkScheduler::permits", "NoSuchThing"] {
        assert!(!items.contains(item), "{item}");
    }
}
