//! Why each item is there: what happens without it, and the two turns whose swap makes the run pass.

use super::lab::Lab;
use super::minimal::without;
use super::retarget::{ends, with_end};
use crate::explore::item::{Item, Step, Until};
use crate::explore::trace::Trace;
use crate::explore::verdict::Verdict;
use std::fmt;

/// What happens without an item.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Without {
    /// The run passes.
    Passes,
    /// The run fails nevertheless, in this way.
    Fails(Verdict),
    /// That was not tried: the budget of re-runs was used up.
    Unknown,
}

impl fmt::Display for Without {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Without::Passes => f.write_str("passes"),
            Without::Fails(verdict) => f.write_str(&verdict.in_short()),
            Without::Unknown => f.write_str("not tried"),
        }
    }
}

/// Returns what happens without each item.
pub(super) fn explain(lab: &mut Lab<'_>, items: &[Item]) -> Vec<Without> {
    let places = 0..items.len();
    places
        .map(|place| match lab.ending(&without(items, place)) {
            Some(None) => Without::Passes,
            Some(Some(verdict)) => Without::Fails(verdict.clone()),
            None => Without::Unknown,
        })
        .collect()
}

/// Two turns, in their order in the failing run. It may never come to the second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Swap {
    other: String,
    until: Until,
    pub second: Step,
}

impl Swap {
    /// Returns the number of the event that the second turn waits for. A turn that panics never comes to its end, and
    /// so a hold may wait for it in vain.
    pub fn first(&self, trace: &Trace) -> Option<usize> {
        let end = trace.find_end(&self.other, &self.until);
        end.or_else(|| match self.until {
            Until::Turn(turn) => trace.find(&self.other, turn),
            _ => None,
        })
    }

    /// Returns whether the turns come in the other order.
    fn is_reversed(&self, trace: &Trace) -> bool {
        let second = trace.find(&self.second.work, self.second.turn);
        second.is_some_and(|second| self.first(trace).is_none_or(|first| second < first))
    }
}

/// Returns two turns that pass if they are swapped: a held one, and the one that it waits for. The last hold for which
/// a run shows that is taken.
pub(super) fn swap(lab: &mut Lab<'_>, items: &[Item]) -> Option<Swap> {
    for place in (0..items.len()).rev() {
        let Item::Hold { at, other, until } = &items[place] else {
            continue;
        };
        let swap = Swap {
            other: other.clone(),
            until: until.clone(),
            second: at.clone(),
        };
        let trace = lab.trace(items)?;
        let ends = ends(trace, &items[place]);
        let is_whole = trace.find(&at.work, at.turn).is_some();
        if swap.first(trace).is_none() || is_whole && ends.is_empty() {
            continue;
        }
        // The held turn comes one event earlier, so in front of the one that it waited for.
        let earlier = match ends.len() {
            0 | 1 => without(items, place),
            len => with_end(items, place, &ends[len - 2]),
        };
        // Where the failing run has both turns, they are next to each other or the hold would end earlier.
        if lab.passes(&earlier) && (is_whole || lab.is_so(&earlier, |it| swap.is_reversed(it))) {
            return Some(swap);
        }
    }
    None
}
