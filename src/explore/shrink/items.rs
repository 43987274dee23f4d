//! The items of a recorded run: with all of them, the run is the recorded one.

use crate::explore::item::{Item, Until};
use crate::explore::trace::{Event, Trace};
use std::collections::BTreeSet;

/// Returns the items for the turns that production would have put earlier: each waits for the turn before it. Faults,
/// ties and choices are items of their own. The list is chronological.
pub(super) fn of_passed(trace: &Trace) -> Vec<Item> {
    of(trace, |event| {
        trace.passed.contains(&(event.work, event.turn))
    })
}

/// Returns the items for every turn that follows one of another work, whatever production would have done.
pub(super) fn of_all(trace: &Trace) -> Vec<Item> {
    of(trace, |_| true)
}

fn of(trace: &Trace, waits: impl Fn(&Event) -> bool) -> Vec<Item> {
    let mut items = Vec::new();
    let mut answers = trace.answers.iter().peekable();
    for (number, event) in trace.events.iter().enumerate() {
        while let Some((_, item)) = answers.next_if(|(at, _)| *at <= number) {
            items.push(item.clone());
        }
        if waits(event) {
            items.extend(hold_behind(trace, event, number));
        }
    }
    items.extend(answers.map(|(_, item)| item.clone()));
    items.extend(of_pending(trace));
    items
}

/// Returns the hold by which a turn waits for the one before it.
fn hold_behind(trace: &Trace, event: &Event, number: usize) -> Option<Item> {
    let before = &trace.events[..number];
    let other = before
        .iter()
        .rev()
        .find(|it| it.work != event.work && it.until().is_some())?;
    hold(trace, (event.work, event.turn), other)
}

/// Returns the hold of a work before one of its turns until that event.
pub(super) fn hold(trace: &Trace, at: (usize, u32), other: &Event) -> Option<Item> {
    Some(Item::Hold {
        at: trace.step(at.0, at.1),
        other: trace.name(other.work).to_owned(),
        until: other.until()?,
    })
}

/// Works that had a turn coming when the run failed wait for its last event. Without that, production order would give
/// them these turns in front of it.
fn of_pending(trace: &Trace) -> Vec<Item> {
    let Some(last) = trace.events.last() else {
        return Vec::new();
    };
    let begun: BTreeSet<(usize, u32)> = trace.events.iter().map(|it| (it.work, it.turn)).collect();
    let pending = trace.ready.keys().copied();
    let pending = pending.filter(|at| at.0 != last.work && !begun.contains(at));
    // A turn that panics never comes to its end, and so these wait for ever.
    let until = last.until().unwrap_or(Until::Turn(last.turn));
    pending
        .map(|(work, turn)| Item::Hold {
            at: trace.step(work, turn),
            other: trace.name(last.work).to_owned(),
            until: until.clone(),
        })
        .collect()
}
