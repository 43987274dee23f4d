//! The reader of sources is itself read: what it finds in text that looks like a file of the crate.

use super::sources::{has_test, items, items_in, tests_in};

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

#[test]
fn tests_are_found_and_other_functions_are_not() {
    let text = "#[test]\n#[cfg(x)]\n// why\nfn a() {\n}\nfn b() {\n  #[test]\n  fn c(x in any) {\n";
    assert_eq!(tests_in(text).collect::<Vec<_>>(), ["a", "c"]);
    assert!(has_test(
        "parity::items::tests_are_found_and_other_functions_are_not"
    ));
    assert!(has_test("compose::batch::an_empty_one_and_a_width_of_zero"));
    assert!(!has_test("parity::items::no_such_test"));
    assert!(!has_test("parity::no_such_file::tests_are_found"));
    assert!(!has_test("workbench::quiet_panics"), "no test");
}
