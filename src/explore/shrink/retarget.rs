//! Better ends for holds: the earliest event that is late enough, and an outcome instead of a number.
//!
//! A hold of the recorded order waits for whatever turn came before, most often that of a bystander. The earliest event
//! with which the run still fails is the one that matters: with the hold one event shorter, the run passes.

use super::lab::Lab;
use super::minimal::without;
use crate::explore::item::{Item, Step, Until};
use crate::explore::trace::{Event, Trace};

/// Another end of a hold.
#[derive(Clone)]
pub(super) struct End {
    pub other: String,
    pub until: Until,
    /// The number of the event in the record.
    pub event: usize,
}

/// Returns the items with the hold at this place ending otherwise.
pub(super) fn with_end(items: &[Item], place: usize, end: &End) -> Vec<Item> {
    let mut items = items.to_vec();
    if let Item::Hold { other, until, .. } = &mut items[place] {
        (*other, *until) = (end.other.clone(), end.until.clone());
    }
    items
}

/// Returns the ends that a hold could have instead of its own, earliest first and its own last: events of other works
/// since the held work was ready. There are none if the hold did not come to its end.
pub(super) fn ends(trace: &Trace, item: &Item) -> Vec<End> {
    let Item::Hold { at, other, until } = item else {
        return Vec::new();
    };
    let Some(end) = trace.find_end(other, until) else {
        return Vec::new();
    };
    let from = trace.ready_for(&at.work, at.turn).min(end);
    let events = (from..=end).map(|event| (event, &trace.events[event]));
    let events = events.filter(|(_, event)| trace.name(event.work) != at.work);
    events
        .filter_map(|(number, event)| {
            Some(End {
                other: trace.name(event.work).to_owned(),
                until: event.until()?,
                event: number,
            })
        })
        .collect()
}

/// Gives each hold the earliest end with which the run still fails.
pub(super) fn retarget(lab: &mut Lab<'_>, items: &mut Vec<Item>) {
    for place in 0..items.len() {
        let Some(trace) = lab.trace(items) else {
            return;
        };
        let ends = ends(trace, &items[place]);
        // Without the hold the run passes, and with its last end it fails.
        let (mut passing, mut failing) = (0, ends.len());
        while failing > passing + 1 {
            let middle = passing + (failing - passing) / 2;
            match lab.fails(&with_end(items, place, &ends[middle - 1])) {
                true => failing = middle,
                false => passing = middle,
            }
        }
        if failing > 0 && failing < ends.len() {
            *items = with_end(items, place, &ends[failing - 1]);
        }
    }
}

/// Lets holds wait for participants rather than for bystanders, where the next turn of a participant will do. Bystanders
/// are renamed and removed more often than the works that the failure is about.
pub(super) fn prefer_participants(lab: &mut Lab<'_>, items: &mut Vec<Item>) {
    for place in 0..items.len() {
        let Item::Hold { at, other, .. } = &items[place] else {
            continue;
        };
        let (at, other) = (at.clone(), other.clone());
        let Some(trace) = lab.trace(items) else {
            return;
        };
        let mut participants: Vec<&str> = without(items, place)
            .iter()
            .filter_map(|item| trace.any_name(&item.at().work))
            .collect();
        participants.extend(trace.events.last().map(|last| trace.name(last.work)));
        if participants.contains(&&*other) {
            continue;
        }
        let Some(end) = next_of(trace, &items[place], &at, &participants) else {
            continue;
        };
        let others = with_end(items, place, &end);
        if lab.fails(&others) {
            *items = others;
        }
    }
}

/// Returns the next event of a participant behind the end of a hold, up to the turn that it holds.
fn next_of(trace: &Trace, hold: &Item, at: &Step, participants: &[&str]) -> Option<End> {
    let from = ends(trace, hold).pop()?.event + 1;
    let held = trace.find(&at.work, at.turn).unwrap_or(trace.events.len());
    let is_one = |event: &Event| {
        let name = trace.name(event.work);
        participants.contains(&name) && name != at.work
    };
    let event = (from..held).find(|&event| is_one(&trace.events[event]))?;
    Some(End {
        other: trace.name(trace.events[event].work).to_owned(),
        until: trace.events[event].until()?,
        event,
    })
}

/// Lets holds wait for an outcome where it comes with the turn that they wait for: the end of a work, the failure of an
/// attempt, or a label. The run is the same then, and so needs no repeat.
pub(super) fn anchor(lab: &mut Lab<'_>, items: &mut Vec<Item>) {
    for place in 0..items.len() {
        let Some(trace) = lab.trace(items) else {
            return;
        };
        let Some(event) = anchored(trace, &items[place]) else {
            continue;
        };
        let others = with_end(items, place, &event);
        lab.are_alike(&others, items);
        *items = others;
    }
}

fn anchored(trace: &Trace, item: &Item) -> Option<End> {
    let Item::Hold {
        other,
        until: Until::Turn(turn),
        ..
    } = item
    else {
        return None;
    };
    let number = trace.find_end(other, &Until::Turn(*turn))?;
    let event = &trace.events[number];
    let outcomes = [
        Some(Until::End),
        Some(Until::Failed(event.attempt)),
        event.step.map(|label| Until::Step(label.to_owned())),
    ];
    let is_same = |until: &Until| trace.find_end(other, until) == Some(number);
    let until = outcomes.into_iter().flatten().find(is_same)?;
    Some(End {
        other: other.clone(),
        until,
        event: number,
    })
}
