//! Why each item is there: what happens without it, and the two turns whose swap makes the run pass.

use super::lab::Lab;
use super::minimal::without;
use super::retarget::{ends, with_end};
use crate::explore::item::{Item, Until};
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

/// Two turns of a run, each by work and turn, in their order in the failing run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Swap {
    pub first: (String, Until),
    pub second: (String, u32),
}

/// Returns two turns that pass if they are swapped: a held one, and the one that it waits for. The last hold for which a
/// run shows that is taken.
pub(super) fn swap(lab: &mut Lab<'_>, items: &[Item]) -> Option<Swap> {
    for place in (0..items.len()).rev() {
        let Item::Hold { at, other, until } = &items[place] else {
            continue;
        };
        let ends = ends(lab.trace(items)?, &items[place]);
        if ends.is_empty() {
            continue;
        }
        // The held turn comes one event earlier, so in front of the one that it waited for.
        let earlier = match ends.len() {
            1 => without(items, place),
            len => with_end(items, place, &ends[len - 2]),
        };
        if lab.passes(&earlier) {
            return Some(Swap {
                first: (other.clone(), until.clone()),
                second: (at.work.clone(), at.turn),
            });
        }
    }
    None
}
