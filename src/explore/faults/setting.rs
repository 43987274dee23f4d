//! Which faults a test allows, and on what.

use crate::explore::item::Family;
use std::collections::BTreeMap;

/// The faults that a search may use: none, unless a test says otherwise.
///
/// A program is only expected to survive what its author allows. So a test names families, and may restrict each to
/// some works, and to a number of faults for each work.
///
/// ```
/// use crankwork::explore::{Family, Faults};
/// // Jobs must survive one failed attempt, and everything all delays.
/// let faults = Faults::timing()
///     .with(Family::Fail)
///     .only(Family::Fail, "job*")
///     .at_most(Family::Fail, 1);
/// # let _ = faults;
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    allowed: BTreeMap<Family, Limits>,
}

/// What restricts one family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Limits {
    /// Patterns of names; none means all.
    only: Vec<String>,
    /// The most faults for each name in a run.
    at_most: Option<u32>,
}

impl Faults {
    /// Allows no fault.
    pub fn none() -> Faults {
        Faults::default()
    }

    /// Allows all families.
    pub fn all() -> Faults {
        Family::ALL.into_iter().fold(Faults::none(), Faults::with)
    }

    /// Allows the families that change when something happens, but not whether it does: late turns, spurious and late
    /// wakes, slow jobs, slow processes and slow messages.
    pub fn timing() -> Faults {
        let families = [
            Family::Late,
            Family::Wake,
            Family::Oversleep,
            Family::Job,
            Family::Process,
            Family::Delay,
        ];
        families.into_iter().fold(Faults::none(), Faults::with)
    }

    /// Allows a family, too.
    pub fn with(mut self, family: Family) -> Faults {
        self.allowed.entry(family).or_default();
        self
    }

    /// Forbids a family.
    pub fn without(mut self, family: Family) -> Faults {
        self.allowed.remove(&family);
        self
    }

    /// Allows a family, but only on works with such a name path, where `*` stands for any text. Further calls add
    /// patterns. The pattern is compared with the path, and with the path behind its node's name. The names of links
    /// count for messages, and those of programs for processes.
    pub fn only(mut self, family: Family, pattern: impl Into<String>) -> Faults {
        let limits = self.allowed.entry(family).or_default();
        limits.only.push(pattern.into());
        self
    }

    /// Allows a family. In each run, a work, link or program has at most `faults` of its faults.
    pub fn at_most(mut self, family: Family, faults: u32) -> Faults {
        self.allowed.entry(family).or_default().at_most = Some(faults);
        self
    }

    /// Returns whether no family is allowed.
    pub fn is_none(&self) -> bool {
        self.allowed.is_empty()
    }

    /// Returns whether a family is allowed.
    pub fn has(&self, family: Family) -> bool {
        self.allowed.contains_key(&family)
    }

    /// Returns the faults of that text, as `CRANK_FAULTS` has it: `off`, `all`, `timing`, or names of families with
    /// commas between them.
    pub fn from_text(text: &str) -> Option<Faults> {
        let mut faults = Faults::none();
        for word in text.split(',') {
            faults = match word {
                "off" => Faults::none(),
                "all" => Faults::all(),
                "timing" => {
                    let mut timing = Faults::timing();
                    timing.allowed.extend(faults.allowed);
                    timing
                }
                family => faults.with(Family::from_name(family)?),
            };
        }
        Some(faults)
    }

    /// Returns whether a fault of the family may happen to the work with this name, which has had `so_far` of them.
    pub(in crate::explore) fn allows(&self, family: Family, name: &str, so_far: u32) -> bool {
        let Some(limits) = self.allowed.get(&family) else {
            return false;
        };
        let path = name.split_once(':').map_or(name, |(_, path)| path);
        let mut only = limits.only.iter();
        let is_named =
            limits.only.is_empty() || only.any(|it| matches(it, name) || matches(it, path));
        is_named && limits.at_most.is_none_or(|most| so_far < most)
    }
}

/// Returns whether a text fits a pattern, in which `*` stands for any text. O(pattern times text).
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        // The first place is as good as any other, since the next star takes what is between.
        match rest.find(part) {
            Some(place) => rest = &rest[place + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        let fits = [
            ("job", "job"),
            ("job*", "job[3]"),
            ("*", ""),
            ("*/b", "a/b"),
            ("a*c*e", "abcde"),
            ("a*a", "aa"),
        ];
        for (pattern, text) in fits {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        let others = [
            ("job", "job2"),
            ("a*a", "a"),
            ("*/b", "b"),
            ("a*c*e", "ace2"),
        ];
        for (pattern, text) in others {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_restriction_is_by_name_and_number() {
        let faults = Faults::none()
            .only(Family::Fail, "job*")
            .at_most(Family::Fail, 2);
        assert!(faults.allows(Family::Fail, "server:job[1]", 1));
        assert!(!faults.allows(Family::Fail, "server:job[1]", 2));
        assert!(!faults.allows(Family::Fail, "server:other", 0));
        assert!(!faults.allows(Family::Late, "server:job[1]", 0));
    }

    #[test]
    fn the_text_of_the_environment_is_read() {
        assert_eq!(Faults::from_text("all"), Some(Faults::all()));
        assert_eq!(Faults::from_text("off"), Some(Faults::none()));
        let some = Faults::from_text("fail,timing").unwrap();
        assert_eq!(some, Faults::timing().with(Family::Fail));
        assert_eq!(Faults::from_text("fail,none"), None);
    }
}
