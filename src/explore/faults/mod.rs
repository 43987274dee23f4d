//! Faults of a run: drawn by a swarm, or planned.
//!
//! Invariant: whether a fault happens at a place depends on the run's seed and the place alone, or on the plan alone;
//! recorded answers have no part in it. So a run with the plan of all faults that have happened in another is equal to
//! that run, if the answers are.
//!
//! A fault happens where the simulation or a decider asks: before a turn, after it, at a message, at the start of a job
//! or process. What the engine cannot do within a crank the simulation does after it: see [`Todo`].

mod cuts;
mod places;
mod plan;
mod setting;
mod swarm;
mod todo;

pub use setting::Faults;
pub(super) use todo::Todo;

use super::item::{Family, Fault, Item, Step};
use super::names::Name;
use super::seed::hash;
use crate::{Interference, Time, Wants, WorkId};
use cuts::Cuts;
use plan::Plan;
use std::collections::BTreeMap;
use std::time::Duration;
use swarm::Swarm;
use todo::Sleeper;

pub(super) use super::item::Amount;

/// The most faults of one run. A swarm that has fired so often is over.
const MOST: usize = 1_000;

/// Where a fault could happen.
pub(super) struct Place<'a> {
    /// Equal in every run.
    pub key: u64,
    /// The number of the turn, message, job or start.
    pub number: u32,
    /// The name of the site, and the visit; for named places.
    pub site: (&'a str, u32),
    /// Makes the name.
    pub name: &'a dyn Fn() -> Name,
}

impl<'a> Place<'a> {
    /// Returns a place that is on no node.
    pub fn alone(number: u32, name: &'a dyn Fn() -> Name, text: &str) -> Place<'a> {
        Place {
            key: hash(0, text.as_bytes()),
            number,
            site: ("", 0),
            name,
        }
    }
}

/// Where the faults of a run come from.
#[derive(Default)]
enum Source {
    /// Nowhere.
    #[default]
    Off,
    /// The run's seed.
    Swarm(Box<Swarm>),
    /// A list.
    Fixed(Plan),
}

/// The faults of the runs of one search.
#[derive(Default)]
pub(super) struct Injector {
    source: Source,
    /// A list that stands for all others.
    plan: Option<Plan>,
    /// What the test plans by itself.
    by_hand: Plan,
    setting: Faults,
    fired: Vec<Fault>,
    /// How many faults a name has had, for families with a limit.
    counts: BTreeMap<(Family, String), u32>,
    /// What the simulation has to do.
    todo: Vec<Todo>,
    /// Works that sleep longer than they should, by node and key.
    sleepers: BTreeMap<(u64, u64), Sleeper>,
    /// Whether the chaos is over.
    is_over: bool,
    /// When the last fault happened, or its effect ends.
    last: Time,
    /// How long the longest plain run took.
    horizon: Time,
    /// Which nodes are cut off from each other.
    pub cuts: Cuts,
    /// The virtual time.
    pub now: Time,
}

impl Injector {
    /// Sets what a search allows.
    pub fn allow(&mut self, setting: Faults) {
        self.setting = setting;
    }

    /// Begins the run of that number with a swarm, or without faults.
    #[inline]
    pub fn swarm(&mut self, run: u64, seed: u64) {
        if self.setting.is_none() && matches!(self.source, Source::Off) {
            return;
        }
        let swarm = Swarm::draw(&self.setting, run, seed, self.horizon);
        self.source = swarm.map_or(Source::Off, |swarm| Source::Swarm(Box::new(swarm)));
    }

    /// Lets the next runs have exactly these faults, each once, until others are set.
    pub fn fix(&mut self, items: &[Item]) {
        self.source = Source::Fixed(Plan::new(items));
    }

    /// Lets the next runs have exactly these faults instead of those that are set, until that is taken back.
    pub fn plan(&mut self, items: Option<&[Item]>) {
        self.plan = items.map(Plan::new);
    }

    /// Plans one more fault for the present run.
    pub fn by_hand(&mut self, fault: Fault) {
        self.by_hand.add(fault);
    }

    /// Prepares a run, with faults from where they came before.
    #[inline]
    pub fn rewind(&mut self) {
        if let Source::Fixed(plan) = &mut self.source {
            plan.rewind();
        }
        if let Some(plan) = &mut self.plan {
            plan.rewind();
        }
        if !self.by_hand.is_empty() {
            self.by_hand = Plan::default();
        }
        self.fired.clear();
        self.todo.clear();
        // The drop of an empty tree costs more than the look.
        if !self.counts.is_empty() {
            self.counts.clear();
        }
        if !self.sleepers.is_empty() {
            self.sleepers.clear();
        }
        self.cuts.clear();
        self.is_over = false;
        (self.last, self.now) = (Time::ZERO, Time::ZERO);
    }

    /// Returns the faults that have happened in the run, in order. Those that the test plans itself are left out.
    pub fn fired(&self) -> &[Fault] {
        &self.fired
    }

    /// Returns the planned faults for which there was no place, those of the test included.
    pub fn unmatched(&self) -> Vec<Fault> {
        let plans = self.plan.iter().chain([&self.by_hand]);
        plans.flat_map(Plan::left).cloned().collect()
    }

    /// Notes how long a run took, if it has shown what plain runs are like.
    #[inline]
    pub fn ended(&mut self, run: u64) {
        if run < 4 {
            self.horizon = self.horizon.max(self.now);
        }
    }

    /// Returns whether the search has faults at all, in this run or another.
    pub fn is_allowed(&self) -> bool {
        !self.setting.is_none()
    }

    /// Returns whether the present run can have faults.
    #[inline]
    pub fn is_on(&self) -> bool {
        let is_any = match (&self.plan, &self.source) {
            (Some(plan), _) | (None, Source::Fixed(plan)) => !plan.is_empty(),
            (None, source) => matches!(source, Source::Swarm(_)),
        };
        is_any || !self.by_hand.is_empty()
    }

    /// Returns until when there may be faults, or the effect of one: the settle phase begins then.
    pub fn last(&self) -> Time {
        match &self.source {
            Source::Swarm(swarm) if self.plan.is_none() && !self.is_over => swarm.end,
            _ => self.last,
        }
    }

    fn has(&self, family: Family) -> bool {
        let is_planned = match (&self.plan, &self.source) {
            (Some(plan), _) | (None, Source::Fixed(plan)) => plan.has(family),
            (None, Source::Off) => false,
            (None, Source::Swarm(swarm)) => swarm.has(family),
        };
        is_planned || self.by_hand.has(family)
    }

    /// Adds what the faults of this run want of an engine.
    #[inline]
    pub fn add_wants(&self, wants: &mut Wants) {
        if !self.is_on() {
            return;
        }
        let has_any = |families: &[Family]| families.iter().any(|&family| self.has(family));
        wants.interference |= has_any(&[Family::Fail, Family::Cancel, Family::Late]);
        wants.turns |= self.is_between_turns();
        wants.guards |= self.has(Family::Oversleep);
    }

    /// Returns whether the simulation may have something to do after each turn.
    #[inline]
    pub fn is_between_turns(&self) -> bool {
        let families = [Family::Wake, Family::Oversleep, Family::Jump, Family::Crash];
        self.is_on() && families.into_iter().any(|family| self.has(family))
    }

    /// Ends a swarm that has lasted long enough.
    pub fn look_at_the_clock(&mut self, turns: u64, limit: u64) {
        if let Source::Swarm(swarm) = &self.source
            && !self.is_over
        {
            self.is_over = self.now >= swarm.end || self.fired.len() >= MOST || turns > limit / 4;
            if self.is_over {
                self.last = self.last.max(self.now);
            }
        }
    }

    /// Returns what happens at a place, if a fault of the family does.
    pub fn fire(&mut self, family: Family, place: &Place<'_>) -> Option<Amount> {
        if !self.by_hand.is_empty()
            && let Some(amount) = self.by_hand.take(family, place)
        {
            self.note(amount.time);
            return Some(amount);
        }
        let amount = match (&mut self.plan, &mut self.source) {
            (Some(plan), _) | (None, Source::Fixed(plan)) => plan.take(family, place),
            (None, Source::Off) => None,
            (None, Source::Swarm(_)) if self.is_over => None,
            (None, Source::Swarm(swarm)) => {
                let amount = swarm.fires(family, place, self.now)?;
                self.is_allowed_at(family, place).then_some(amount)
            }
        }?;
        let step = Step::new(&*(place.name)().full, place.number);
        self.fired.push(Fault::of(family, step, amount.clone()));
        self.note(amount.time);
        Some(amount)
    }

    fn note(&mut self, time: Duration) {
        self.last = self.last.max(self.now.saturating_add(time));
    }

    /// Looks at what the test says of the name, and counts the fault.
    fn is_allowed_at(&mut self, family: Family, place: &Place<'_>) -> bool {
        let name = (place.name)().full.to_string();
        let count = self.counts.entry((family, name.clone())).or_default();
        let is_allowed = self.setting.allows(family, &name, *count);
        *count += u32::from(is_allowed);
        is_allowed
    }

    // ---- places ----

    /// Returns what happens instead of a turn. A work that is ending already can only be late.
    pub fn interfere(&mut self, place: &Place<'_>, is_aborting: bool) -> Option<Interference> {
        if !self.is_on() {
            return None;
        }
        let kinds = [
            (Family::Cancel, Interference::Cancel),
            (Family::Fail, Interference::Fail),
            (Family::Late, Interference::Late),
        ];
        let kinds = kinds.into_iter().skip(if is_aborting { 2 } else { 0 });
        for (family, kind) in kinds {
            if self.fire(family, place).is_some() {
                return Some(kind);
            }
        }
        None
    }

    /// Decides what happens after a turn of a work on a node, or after a message for it.
    pub fn turned(&mut self, node: u64, place: &Place<'_>, can_crash: bool) {
        if !self.is_on() {
            return;
        }
        if let Some(amount) = self.fire(Family::Jump, place) {
            self.todo.push(Todo::Jump(amount.time));
        }
        if can_crash && let Some(amount) = self.fire(Family::Crash, place) {
            self.todo.push(Todo::Crash(node as usize, amount.time));
        }
    }

    /// Decides how a sleeping work is woken. The place is the turn for which it waits.
    pub fn sleeps(&mut self, node: u64, id: Option<WorkId>, place: &Place<'_>) {
        if !self.is_on() {
            return;
        }
        if let Some(id) = id
            && self.fire(Family::Wake, place).is_some()
        {
            self.todo.push(Todo::Wake(node as usize, id));
        }
        if let Some(amount) = self.fire(Family::Oversleep, place) {
            let sleeper = Sleeper::new(place.number, amount.time);
            self.sleepers.insert((node, place.key), sleeper);
        }
    }

    /// Returns whether a ready work may have its turn, or sleeps on.
    pub fn is_awake(&mut self, node: u64, key: u64, turn: u32) -> bool {
        if self.sleepers.is_empty() {
            return true;
        }
        let now = self.now;
        let Some(sleeper) = self.sleepers.get_mut(&(node, key)) else {
            return true;
        };
        let is_awake = sleeper.is_awake(turn, now);
        match is_awake {
            true => drop(self.sleepers.remove(&(node, key))),
            false => self.last = self.last.max(sleeper.end(now)),
        }
        is_awake
    }

    /// Returns when the next late sleeper is ready.
    #[inline]
    pub fn next_awake(&self) -> Option<Time> {
        if self.sleepers.is_empty() {
            return None;
        }
        let sleepers = self.sleepers.values();
        sleepers.filter_map(|sleeper| sleeper.until).min()
    }

    /// Forgets the sleepers of a node, which has crashed.
    pub fn crashed(&mut self, node: u64) {
        self.sleepers.retain(|&(other, _), _| other != node);
    }

    /// Forgets the sleepers of a node whose time has come. Returns whether there were any.
    pub fn drop_awake(&mut self, node: u64) -> bool {
        let (now, before) = (self.now, self.sleepers.len());
        self.sleepers.retain(|&(other, _), sleeper| {
            other != node || sleeper.until.is_none_or(|until| until > now)
        });
        self.sleepers.len() < before
    }

    /// Takes what the simulation has to do, in order.
    pub fn take_todo(&mut self) -> Vec<Todo> {
        std::mem::take(&mut self.todo)
    }
}
