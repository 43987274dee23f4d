//! Fewer and weaker items: one hold for two, holds that begin later, shorter faults, earlier attempts, and the first
//! answer besides that of production.

use super::lab::Lab;
use super::minimal::without;
use super::retarget::{End, with_end};
use crate::explore::item::{Amount, Fault, Item, Step, Until};
use crate::explore::trace::Trace;
use std::time::Duration;

/// A hold begins later by at most so many turns of its work.
const LATER: u32 = 4;

/// A hold that begins later may end with so many more turns of the other work.
const NEXT: usize = 2;

/// So many earlier attempts are tried.
const EARLIER: u32 = 3;

/// The times that a fault may last instead, in milliseconds: round ones are read at a glance.
const ROUND: [u64; 6] = [1, 10, 100, 1_000, 10_000, 100_000];

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

/// Lets each hold begin as late as it can. What a work does in the turn between may be what the hold was about, and so
/// the hold may have to end later, too: with one of the next turns of the other work.
pub(super) fn weaken(lab: &mut Lab<'_>, items: &mut Vec<Item>) {
    for place in 0..items.len() {
        for _ in 0..LATER {
            let Some(later) = later(lab, items, place) else {
                break;
            };
            *items = later;
        }
    }
}

fn later(lab: &mut Lab<'_>, items: &[Item], place: usize) -> Option<Vec<Item>> {
    let mut later = items.to_vec();
    let Item::Hold { at, other, until } = &mut later[place] else {
        return None;
    };
    at.turn = at.turn.saturating_add(1);
    let trace = lab.trace(items)?;
    let end = trace.find_end(other, until)?;
    let next = (end + 1..trace.events.len()).filter_map(|event| {
        let until = trace.events[event].until()?;
        let other = trace.name(trace.events[event].work).to_owned();
        Some(End {
            other,
            until,
            event,
        })
    });
    let ends: Vec<End> = next.filter(|end| end.other == *other).take(NEXT).collect();
    if lab.fails(&later) {
        return Some(later);
    }
    let mut ends = ends.iter().map(|end| with_end(&later, place, end));
    ends.find(|items| lab.fails(items))
}

/// Lets faults last for the shortest round time, and choices have the first answer that is not production's.
pub(super) fn shorten(lab: &mut Lab<'_>, items: &mut Vec<Item>) {
    for place in 0..items.len() {
        let shorter = shorter(&items[place]).into_iter().map(|item| {
            let mut others = items.clone();
            others[place] = item;
            others
        });
        if let Some(others) = { shorter }.find(|others| lab.fails(others)) {
            *items = others;
        }
    }
}

/// Returns what may stand for an item, the shortest first.
fn shorter(item: &Item) -> Vec<Item> {
    match item {
        Item::Fault(fault) => {
            let round = ROUND.into_iter().map(Duration::from_millis);
            let round = round.take_while(|&time| fault.time().is_some_and(|most| time < most));
            round
                .map(|time| Item::Fault(lasting(fault, time)))
                .collect()
        }
        Item::Choice(site, answer) if *answer > 1 => vec![Item::Choice(site.clone(), 1)],
        _ => Vec::new(),
    }
}

/// Returns a fault that has a time with another one.
fn lasting(fault: &Fault, time: Duration) -> Fault {
    let amount = Amount {
        time,
        ..Amount::default()
    };
    Fault::of(fault.family(), fault.at().clone(), amount)
}

/// Lets what goes wrong in an attempt go wrong in an earlier one, and what waits for the failure of an attempt wait for
/// an earlier failure.
pub(super) fn advance(lab: &mut Lab<'_>, items: &mut Vec<Item>) {
    for place in 0..items.len() {
        let Some(trace) = lab.trace(items) else {
            return;
        };
        let earlier = earlier(trace, items, place);
        if let Some(others) = { earlier }.into_iter().find(|others| lab.fails(others)) {
            *items = others;
        }
    }
}

/// Returns lists in which the item at this place comes with an earlier attempt, the earliest first.
fn earlier(trace: &Trace, items: &[Item], place: usize) -> Vec<Vec<Item>> {
    match &items[place] {
        Item::Hold {
            until: Until::Failed(attempt),
            ..
        } => {
            let earlier = 1..(*attempt).min(1 + EARLIER);
            let with = |attempt| {
                let mut others = items.to_vec();
                if let Item::Hold { until, .. } = &mut others[place] {
                    *until = Until::Failed(attempt);
                }
                others
            };
            earlier.map(with).collect()
        }
        Item::Fault(fault) => earlier_faults(trace, items, place, fault),
        _ => Vec::new(),
    }
}

/// Returns lists in which a fault has an earlier attempt, after as many turns as in its own. Holds that wait for the
/// failure go with it.
fn earlier_faults(trace: &Trace, items: &[Item], place: usize, fault: &Fault) -> Vec<Vec<Item>> {
    let at = fault.at();
    let is_of_turn = matches!(fault, Fault::Fail(_) | Fault::Cancel(_) | Fault::Late(_));
    let event = trace.find(&at.work, at.turn).filter(|_| is_of_turn);
    let Some(event) = event.map(|number| &trace.events[number]) else {
        return Vec::new();
    };
    let of_work = || trace.events.iter().filter(|it| it.work == event.work);
    let first = |attempt| of_work().find(|it| it.attempt == attempt).map(|it| it.turn);
    let Some(own) = first(event.attempt) else {
        return Vec::new();
    };
    let with = |attempt| {
        let turn = first(attempt)? + (at.turn - own);
        of_work().find(|it| (it.attempt, it.turn) == (attempt, turn))?;
        let step = Step::new(at.work.clone(), turn);
        let mut others = items.to_vec();
        others[place] = Item::Fault(Fault::of(fault.family(), step, Amount::default()));
        for item in &mut others {
            if let Item::Hold { other, until, .. } = item
                && *other == at.work
                && *until == Until::Failed(event.attempt)
            {
                *until = Until::Failed(attempt);
            }
        }
        Some(others)
    };
    let attempts = 1..event.attempt.min(1 + EARLIER);
    attempts.filter_map(with).collect()
}
