//! Counts how often each operation, action and edge of the transition table occurred.

use std::collections::BTreeMap;
use std::fmt;

use super::super::ops::Terms;
use crankwork::{TRANSITIONS, WorkState};

/// From, to.
type EdgeKey = (Option<WorkState>, WorkState);

/// The names that are counted.
const NAMES: [(&str, &str); 7] = [
    (
        "op",
        "Crank Clock Add AddGraph AddDependency Wake Cancel CancelAll Restart Reap Capacity Shutdown",
    ),
    (
        "terms",
        "parent after after_settled priority retries pools no_permit attempt_timeout deadline grace collect callback",
    ),
    (
        "action",
        "WakeAfter Sleep WakeInThePast ExpectWake Watch Spawn AddDependency Wake WakeSelf Cancel CancelSelf \
         CancelChildren ReleasePermit",
    ),
    (
        "end",
        "Succeed Yield Pending LostWake Fail Fatal RetryAfter Cancelled Panic",
    ),
    ("abort", "Ready Yield Sleep Hang Bare Panic forced"),
    ("hook", "Reset Success Retry Raise"),
    ("graph", "added cycle shut_down waits runs queues doomed"),
];

/// The number of times that each thing has happened.
#[derive(Clone, Default)]
pub struct Counts {
    edges: BTreeMap<EdgeKey, u64>,
    named: BTreeMap<String, u64>,
}

impl Counts {
    /// Counts a change of state.
    ///
    /// # Panics
    /// If the table has no such row.
    pub fn edge(&mut self, from: Option<WorkState>, to: WorkState) {
        assert!(
            TRANSITIONS.iter().any(|t| t.from == from && t.to == to),
            "{from:?} -> {to:?} is not in the table"
        );
        *self.edges.entry((from, to)).or_default() += 1;
    }

    /// Counts the variant of `of`.
    pub fn named(&mut self, what: &str, of: &dyn fmt::Debug) {
        let debug = format!("{of:?}");
        let end = debug.find(|c: char| !c.is_alphanumeric());
        self.name(what, &debug[..end.unwrap_or(debug.len())]);
    }

    /// Counts one thing of this name.
    pub fn name(&mut self, what: &str, name: &str) {
        *self.named.entry(format!("{what} {name}")).or_default() += 1;
    }

    /// Counts on what terms a work is added.
    pub fn terms(&mut self, terms: &Terms) {
        let asked = [
            ("parent", terms.parent.is_some()),
            ("after", terms.after.iter().any(|(_, settled)| !settled)),
            (
                "after_settled",
                terms.after.iter().any(|(_, settled)| *settled),
            ),
            ("priority", terms.priority != 0),
            ("retries", terms.retries > 0),
            ("pools", terms.pools != [0, 0]),
            ("no_permit", terms.no_permit),
            ("attempt_timeout", terms.attempt_timeout.is_some()),
            ("deadline", terms.deadline.is_some()),
            ("grace", terms.grace.is_some()),
            ("collect", terms.collect),
            ("callback", terms.callback),
        ];
        for (name, _) in asked.into_iter().filter(|(_, asked)| *asked) {
            self.name("terms", name);
        }
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &Counts) {
        for (&edge, n) in &other.edges {
            *self.edges.entry(edge).or_default() += n;
        }
        for (name, n) in &other.named {
            *self.named.entry(name.clone()).or_default() += n;
        }
    }

    /// Returns the number of operations.
    pub fn ops(&self) -> u64 {
        let ops = self
            .named
            .iter()
            .filter(|(name, _)| name.starts_with("op "));
        ops.map(|(_, n)| n).sum()
    }

    /// Returns the names of all that never occurred.
    pub fn missing(&self) -> Vec<String> {
        let rows = TRANSITIONS
            .iter()
            .filter(|t| !self.edges.contains_key(&(t.from, t.to)))
            .map(|t| format!("{} -> {}", from_name(t.from), t.to));
        let names = NAMES.iter().flat_map(|(what, names)| {
            let name = move |name| format!("{what} {name}");
            names.split_whitespace().map(name)
        });
        let names = names.filter(|name| !self.named.contains_key(name));
        rows.chain(names).collect()
    }
}

fn from_name(from: Option<WorkState>) -> &'static str {
    from.map_or("(new)", WorkState::as_str)
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for t in TRANSITIONS {
            let n = self.edges.get(&(t.from, t.to)).unwrap_or(&0);
            writeln!(f, "{n:>9}  {} -> {}: {}", from_name(t.from), t.to, t.by)?;
        }
        for (name, n) in &self.named {
            writeln!(f, "{n:>9}  {name}")?;
        }
        Ok(())
    }
}
