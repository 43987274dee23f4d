//! Fewer and weaker holds: two that one can stand for, and those that can begin later.

use super::lab::Lab;
use super::minimal::without;
use crate::explore::item::Item;

/// A hold begins later by at most so many turns of its work.
const LATER: u32 = 4;

/// Replaces pairs of holds by one that waits with the work of one for the end of the other.
pub(super) fn merge(lab: &mut Lab<'_>, items: &mut Vec<Item>) {
    while let Some(fewer) = merged(lab, items) {
        *items = fewer;
    }
}

fn merged(lab: &mut Lab<'_>, items: &[Item]) -> Option<Vec<Item>> {
    for first in 0..items.len() {
        for second in 0..items.len() {
            let Some(one) = both(&items[first], &items[second]).filter(|_| first != second) else {
                continue;
            };
            let mut fewer = items.to_vec();
            fewer[first] = one;
            let fewer = without(&fewer, second);
            if lab.fails(&fewer) {
                return Some(fewer);
            }
        }
    }
    None
}

/// Returns the hold of the first one's work until the second one's end.
fn both(first: &Item, second: &Item) -> Option<Item> {
    match (first, second) {
        (Item::Hold { at, .. }, Item::Hold { other, until, .. }) if at.work != *other => {
            Some(Item::Hold {
                at: at.clone(),
                other: other.clone(),
                until: until.clone(),
            })
        }
        _ => None,
    }
}

/// Lets each hold begin as late as it can.
pub(super) fn weaken(lab: &mut Lab<'_>, items: &mut Vec<Item>) {
    for place in 0..items.len() {
        for _ in 0..LATER {
            let mut others = items.clone();
            let Item::Hold { at, .. } = &mut others[place] else {
                break;
            };
            at.turn = at.turn.saturating_add(1);
            if !lab.fails(&others) {
                break;
            }
            *items = others;
        }
    }
}
