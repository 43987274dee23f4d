//! What is said about single works: the guards of the test, and the items of a plan or of the test but for faults.
//!
//! Works are named by their paths, since most are not there yet when an item speaks of them. A work that is seen for
//! the first time is compared with all items once; after that a question costs a look into a list, which most often is
//! empty.
//!
//! A hold is no hold of the engine: it keeps a work as a guard does. The engine of one node cannot know what goes on in
//! another, so the simulation waives holds when nothing at all can go on.

mod parts;

pub(super) use parts::Led;

use super::item::{Fault, Item, LATENCY, Site, Step, Tie, Until};
use super::names::{Name, Names};
use super::point::{Answers, Point};
use crate::{DecisionKind, Wants, WorkId};
use parts::{Concern, Entry, Guard};
use std::rc::Rc;

/// A work that a hold keeps from a turn.
struct Blocked {
    node: u64,
    work: usize,
    turn: u32,
}

/// The node of links: no node has that number.
pub(super) const NO_NODE: u64 = u64::MAX;

/// The rules of one run.
#[derive(Default)]
pub(super) struct Rules {
    /// The items of every run until they are taken back.
    plan: Vec<Item>,
    guards: Vec<Guard>,
    entries: Vec<Entry>,
    /// What concerns the work with that number, once it has been seen.
    concerns: Vec<Option<Rc<Concern>>>,
    blocked: Vec<Blocked>,
    /// Nodes of works that a hold no longer keeps.
    freed: Vec<u64>,
    /// Works whose end a hold waits for: they may be cancelled without a turn of their own.
    awaited: Vec<(usize, u64, WorkId)>,
    /// Whether there is a hold.
    pub has_holds: bool,
    /// Whether an item answers something.
    pub has_answers: bool,
    /// Held works that had their turn nevertheless.
    pub waived: Vec<String>,
}

impl Rules {
    /// Forgets what the test has said, and begins a run of the plan.
    #[inline]
    pub fn clear(&mut self) {
        // Most runs have no rules, and the drop of empty lists costs more than the look.
        if !self.guards.is_empty() {
            self.guards.clear();
            self.concerns.clear();
        }
        if self.entries.is_empty() && self.plan.is_empty() {
            return;
        }
        let plan = std::mem::take(&mut self.plan);
        *self = Rules::default();
        for item in &plan {
            self.add(item.clone());
        }
        self.plan = plan;
    }

    /// Sets the items of the runs that come.
    pub fn set_plan(&mut self, items: Vec<Item>) {
        self.plan = items;
    }

    /// Adds an item of the test.
    pub fn add(&mut self, item: Item) {
        self.has_holds |= matches!(item, Item::Hold { .. });
        self.has_answers |= matches!(item, Item::First(..) | Item::Choice(..));
        self.entries.push(Entry::new(item));
        self.concerns.clear();
    }

    /// Adds a guard, and returns its number.
    pub fn guard(&mut self, node: u64, work: &str) -> usize {
        self.guards.push(Guard {
            node,
            work: work.into(),
            is_open: true,
        });
        self.concerns.clear();
        self.guards.len() - 1
    }

    pub fn set_open(&mut self, guard: usize, is_open: bool) {
        self.guards[guard].is_open = is_open;
    }

    /// Returns what these rules want of the engines besides `wants`.
    pub fn wants(&self, mut wants: Wants) -> Wants {
        for entry in &self.entries {
            wants = match entry.item {
                Item::Hold { .. } => wants.guards().turns(),
                Item::Fault(_) | Item::First(..) | Item::Choice(..) => wants,
            };
        }
        match self.guards.is_empty() {
            true => wants,
            false => wants.guards(),
        }
    }

    fn concern(&mut self, node: u64, work: usize, name: &Name) -> Rc<Concern> {
        if self.concerns.len() <= work {
            self.concerns.resize(work + 1, None);
        }
        let known = &mut self.concerns[work];
        let known = known
            .get_or_insert_with(|| Rc::new(Concern::new(&self.guards, &self.entries, node, name)));
        Rc::clone(known)
    }

    /// Returns whether a ready work may have that turn.
    pub fn is_free(&mut self, node: u64, work: usize, turn: u32, names: &Names) -> bool {
        if !matches!(self.concerns.get(work), Some(Some(_))) {
            self.concern(node, work, names.get(work));
        }
        // Searches with guards ask for every ready work before every turn.
        if !self.has_holds
            && let Some(Some(concern)) = self.concerns.get(work)
        {
            let mut guards = concern.guards.iter();
            return guards.all(|&guard| self.guards[guard].is_open);
        }
        let concern = self.concern(node, work, names.get(work));
        let is_held = self.is_held(node, work, turn, &concern);
        let mut guards = concern.guards.iter();
        !is_held && guards.all(|&guard| self.guards[guard].is_open)
    }

    fn is_held(&mut self, node: u64, work: usize, turn: u32, concern: &Concern) -> bool {
        let mut is_held = false;
        for &hold in &concern.holds {
            let entry = &mut self.entries[hold];
            if entry.item.at().turn == turn {
                entry.is_met = true;
                is_held |= !entry.is_over;
            }
        }
        let is_known = |it: &Blocked| (it.work, it.turn) == (work, turn);
        if is_held && !self.blocked.iter().any(is_known) {
            self.blocked.push(Blocked { node, work, turn });
        }
        is_held
    }

    /// Hears of a turn, and ends the holds that waited for it.
    pub fn turned(&mut self, node: u64, work: usize, led: &Led, names: &Names) {
        self.blocked
            .retain(|it| (it.work, it.turn) != (work, led.turn));
        let concern = self.concern(node, work, names.get(work));
        for &hold in &concern.ends {
            if matches!(&self.entries[hold].item, Item::Hold { until, .. } if led.reaches(until)) {
                self.end_hold(hold, names);
            }
        }
    }

    fn end_hold(&mut self, hold: usize, names: &Names) {
        let entry = &mut self.entries[hold];
        if std::mem::replace(&mut entry.is_over, true) {
            return;
        }
        let Item::Hold { at, .. } = &entry.item else {
            return;
        };
        for blocked in &self.blocked {
            if blocked.turn == at.turn && names.get(blocked.work).is(&at.work) {
                self.freed.push(blocked.node);
            }
        }
    }

    /// Notes which work it is whose end holds wait for.
    pub fn await_end(&mut self, node: u64, work: usize, id: Option<WorkId>, names: &Names) {
        let concern = self.concern(node, work, names.get(work));
        for &hold in &concern.ends {
            let entry = &self.entries[hold];
            let waits = matches!(
                &entry.item,
                Item::Hold {
                    until: Until::End,
                    ..
                }
            );
            let is_known = self.awaited.iter().any(|it| it.0 == hold);
            if let Some(id) = id.filter(|_| waits && !entry.is_over && !is_known) {
                self.awaited.push((hold, node, id));
            }
        }
    }

    /// Ends the holds that wait for the end of a work which has settled.
    pub fn end_awaited(&mut self, has_settled: impl Fn(u64, WorkId) -> bool, names: &Names) {
        let (over, left): (Vec<_>, Vec<_>) = std::mem::take(&mut self.awaited)
            .into_iter()
            .partition(|&(_, node, id)| has_settled(node, id));
        self.awaited = left;
        for (hold, ..) in over {
            self.end_hold(hold, names);
        }
    }

    /// Returns whether a hold keeps a work from its turn.
    pub fn is_blocking(&self) -> bool {
        !self.blocked.is_empty()
    }

    /// Lets the first held work go on, since nothing else can. Returns false if there is none.
    pub fn waive(&mut self, names: &Names) -> bool {
        if self.blocked.is_empty() {
            return false;
        }
        let Blocked { node, work, turn } = self.blocked.remove(0);
        let concern = self.concern(node, work, names.get(work));
        for &hold in &concern.holds {
            let entry = &mut self.entries[hold];
            if entry.item.at().turn == turn && !entry.is_over {
                (entry.is_over, entry.is_waived) = (true, true);
            }
        }
        self.waived.push(names.get(work).full.to_string());
        self.freed.push(node);
        true
    }

    /// Takes a node with a work that a hold no longer keeps.
    pub fn take_freed(&mut self) -> Option<u64> {
        self.freed.pop()
    }

    /// Returns the answer that an item gives.
    pub fn answer(&mut self, point: &Point<'_>, names: &mut Names) -> Option<usize> {
        let Answers::Works(node, decision) = &point.answers else {
            return self.answer_of_link(&point.answers);
        };
        let tie = match decision.kind() {
            DecisionKind::Permit => Some(Tie::Permit),
            DecisionKind::TimerTie => Some(Tie::Timer),
            DecisionKind::Inbox => Some(Tie::Inbox),
            DecisionKind::Choose => None,
            _ => return None,
        };
        for (index, candidate) in decision.candidates().enumerate() {
            let work = names.work(*node, candidate.key, || decision.path(&candidate));
            let name = names.get(work);
            let is_this = |at: &Step| at.turn == candidate.turn && name.is(&at.work);
            for entry in &mut self.entries {
                let answer = match &entry.item {
                    Item::First(kind, at) if Some(*kind) == tie && is_this(at) => index,
                    Item::Choice(site, answer) if tie.is_none() && is_this(&site.at) => {
                        let Site { name, visit, .. } = site;
                        if name != decision.site() || *visit != candidate.visit {
                            continue;
                        }
                        *answer as usize
                    }
                    _ => continue,
                };
                entry.is_met = true;
                return Some(answer);
            }
        }
        None
    }

    /// Returns the answer that an item gives about messages of a link.
    fn answer_of_link(&mut self, answers: &Answers<'_>) -> Option<usize> {
        self.entries.iter_mut().find_map(|entry| {
            let answer = match (answers, &entry.item) {
                (Answers::Messages(link, numbers), Item::First(Tie::Message, at)) => {
                    let is_this = |&number: &u64| at.work == *link && number == u64::from(at.turn);
                    numbers.iter().position(is_this)
                }
                (Answers::Latency(link, number), Item::Choice(site, answer)) => {
                    let is_this = site.at.work == *link && site.at.turn == *number;
                    (is_this && site.name == LATENCY).then_some(*answer as usize)
                }
                _ => None,
            }?;
            entry.is_met = true;
            Some(answer)
        })
    }

    /// Forgets what holds keep on a node that has crashed.
    pub fn crashed(&mut self, node: u64) {
        self.blocked.retain(|blocked| blocked.node != node);
    }

    /// Returns the guards that are shut, by the paths of their works.
    pub fn shut(&self) -> impl Iterator<Item = &str> {
        let shut = self.guards.iter().filter(|guard| !guard.is_open);
        shut.map(|guard| &*guard.work)
    }

    /// Returns the items that nothing in the run matched, by their numbers in the plan. `unmatched` are its faults
    /// that have not happened.
    pub fn stale(&self, unmatched: &[Fault]) -> Vec<usize> {
        let stale = |entry: &Entry| {
            if let Item::Fault(fault) = &entry.item {
                return unmatched.contains(fault);
            }
            let never_ended = !entry.is_over || entry.is_waived;
            !entry.is_met || matches!(entry.item, Item::Hold { .. }) && never_ended
        };
        let plan = self.entries.iter().take(self.plan.len()).enumerate();
        plan.filter(|(_, entry)| stale(entry))
            .map(|(number, _)| number)
            .collect()
    }
}
