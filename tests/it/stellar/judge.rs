//! Compares the end of a scenario with what it must have come to.

use super::play::Play;
use super::script::{Bounds, Hook, MustMatch};
use super::stage::Stage;
use std::collections::BTreeSet;
use std::fmt::Debug;

/// # Errors
/// The first difference.
pub fn judge(play: &Play, must: &MustMatch) -> Result<(), String> {
    let stage = &play.stage;
    states(stage, must)?;
    counts(stage, must)?;
    backoffs(stage, must)?;
    orders(stage, must)?;
    for (batch, most) in &must.max_in_flight {
        let seen = stage.most_in_flight.get(batch).copied().unwrap_or(0);
        same(format!("most in flight of `{batch}`"), &seen, most)?;
    }
    if let Some(bounds) = must.virtual_ms {
        within("virtual ms", stage.clock_ms, bounds)?;
    }
    if let Some(most) = must.total_turns_max {
        within("turns", play.scheduler.metrics().turns, Bounds(0, most))?;
    }
    Ok(())
}

fn same<T: PartialEq + Debug>(what: String, is: &T, should: &T) -> Result<(), String> {
    match is == should {
        true => Ok(()),
        false => Err(format!("{what}: {is:?}, not {should:?}")),
    }
}

fn within(what: &str, is: u64, Bounds(least, most): Bounds) -> Result<(), String> {
    match (least..=most).contains(&is) {
        true => Ok(()),
        false if least == most => Err(format!("{what}: {is}, not {least}")),
        false => Err(format!("{what}: {is}, not {least} to {most}")),
    }
}

fn states(stage: &Stage, must: &MustMatch) -> Result<(), String> {
    for (work, states) in &must.states {
        if !stage.is_in(work, states) {
            let is = stage.state(work);
            return Err(format!("`{work}` is {is:?}, not {:?}", states.0));
        }
    }
    Ok(())
}

fn counts(stage: &Stage, must: &MustMatch) -> Result<(), String> {
    for (work, hooks) in &must.counts {
        for (&hook, &bounds) in hooks {
            within(
                &format!("{hook:?} of `{work}`"),
                stage.counted(work, hook),
                bounds,
            )?;
        }
    }
    Ok(())
}

fn backoffs(stage: &Stage, must: &MustMatch) -> Result<(), String> {
    for (work, bounds) in &must.backoffs {
        let seen = stage.backoffs.get(work).map_or(&[][..], Vec::as_slice);
        same(
            format!("number of back-offs of `{work}`"),
            &seen.len(),
            &bounds.len(),
        )?;
        for (i, (&delay, &bounds)) in seen.iter().zip(bounds).enumerate() {
            within(&format!("back-off {i} of `{work}`"), delay, bounds)?;
        }
    }
    Ok(())
}

fn orders(stage: &Stage, must: &MustMatch) -> Result<(), String> {
    for order in &must.order {
        let among: BTreeSet<&String> = order.among.iter().collect();
        let seen = stage.runs.iter().filter(|&run| among.contains(run));
        let seen: Vec<&String> = seen.collect();
        let should: Vec<&String> = order.runs.iter().collect();
        if let Some(i) = (0..seen.len().max(should.len())).find(|&i| seen.get(i) != should.get(i)) {
            let (is, should) = (seen.get(i), should.get(i));
            return Err(format!("turn {i} among {among:?}: {is:?}, not {should:?}"));
        }
    }
    for (batch, should) in &must.start_order {
        let mut seen = BTreeSet::new();
        let is_first = |run: &&String| should.contains(run) && seen.insert((*run).clone());
        let first: Vec<String> = stage.runs.iter().filter(is_first).cloned().collect();
        let should = should
            .iter()
            .filter(|work| stage.counted(work, Hook::Run) > 0);
        let should: Vec<String> = should.cloned().collect();
        same(format!("order of starts in `{batch}`"), &first, &should)?;
    }
    for (a, b) in &must.before {
        let last = stage.runs.iter().rposition(|run| run == a);
        let first = stage.runs.iter().position(|run| run == b);
        if let (Some(last), Some(first)) = (last, first)
            && last > first
        {
            return Err(format!("`{b}` had a turn before the last one of `{a}`"));
        }
    }
    Ok(())
}
