//! The items of a recorded run: with all of them, the run is the recorded one.

use crate::explore::item::{Item, Step, Until};
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
pub(super) fn of_pending(trace: &Trace) -> Vec<Item> {
    let Some(last) = trace.events.last() else {
        return Vec::new();
    };
    let begun: BTreeSet<(usize, u32)> = trace.events.iter().map(|it| (it.work, it.turn)).collect();
    let mut pending: BTreeSet<(usize, u32)> = trace.ready.keys().copied().collect();
    // A node that was not picked was not asked which of its works are ready.
    let lives = |it: &&Event| it.state.is_some_and(|state| !state.is_settled());
    let living = trace.events.iter().filter(lives);
    pending.extend(living.map(|it| (it.work, it.turn.saturating_add(1))));
    let pending = pending.into_iter();
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

/// Returns holds for turns that another run has had and the recorded one has not: they wait for its last event, too.
/// `items` are those of that run.
pub(super) fn of_unknown(record: &Trace, other: &Trace, items: &[Item]) -> Vec<Item> {
    let Some(last) = record.events.last() else {
        return Vec::new();
    };
    let known: BTreeSet<(&str, u32)> = record
        .events
        .iter()
        .map(|it| (record.name(it.work), it.turn))
        .collect();
    let held: BTreeSet<&Step> = items.iter().filter_map(Item::held).collect();
    let mut works = BTreeSet::new();
    let mut holds = Vec::new();
    for event in &other.events {
        let at = other.step(event.work, event.turn);
        let is_new = !known.contains(&(&*at.work, at.turn)) && at.work != record.name(last.work);
        // The first of its turns holds back the others.
        if is_new && !held.contains(&at) && works.insert(event.work) {
            holds.push(Item::Hold {
                at,
                other: record.name(last.work).to_owned(),
                until: last.until().unwrap_or(Until::Turn(last.turn)),
            });
        }
    }
    holds
}
