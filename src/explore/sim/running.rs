//! The loop of a run: it cranks nodes, delivers messages, moves the clock, and looks at what must hold.

use super::{Sim, When, World};
use crate::explore::node::AnyNode;
use crate::explore::verdict::{Stop, Verdict};
use crate::{Next, Time};
use std::panic::resume_unwind;
use std::time::Duration;

/// So many cranks in a row may give no turn, and cost nothing of the limit of turns.
const IDLE: u32 = 1_000;

/// What a run does next.
enum Coming {
    /// The part with this number goes on.
    Part(usize),
    /// The clock moves to this time.
    Time(Time),
    Nothing,
}

impl Sim {
    /// Runs to the end: until all works have settled, or nothing can go on.
    ///
    /// # Panics
    /// If the run fails. The search catches that panic.
    pub fn run(&mut self) {
        self.run_to(None);
    }

    /// Runs for so much virtual time.
    ///
    /// # Panics
    /// If the run fails.
    pub fn run_for(&mut self, time: Duration) {
        self.run_to(Some(self.now.saturating_add(time)));
    }

    /// Runs until the condition holds.
    ///
    /// # Panics
    /// If the run fails, or ends before that.
    pub fn run_until(&mut self, name: &str, check: impl Fn(&World<'_>) -> bool) {
        while !check(&self.world()) {
            if !self.step(1) {
                fail(Verdict::Eventually(name.to_owned()));
            }
        }
    }

    pub(in crate::explore) fn finish(&mut self) {
        if !self.has_run {
            self.run();
        }
    }

    fn world(&self) -> World<'_> {
        World {
            nodes: &self.nodes,
            now: self.now,
        }
    }

    fn run_to(&mut self, end: Option<Time>) {
        // Without anything to look at between turns, one crank may give many.
        let watched =
            !self.conditions.is_empty() || !self.guards.is_empty() || self.nodes.len() > 1;
        let budget = if watched { 1 } else { u64::MAX };
        self.has_run |= end.is_none();
        loop {
            if end.is_some_and(|end| self.next_time().is_none_or(|next| next > end)) {
                self.now = end.unwrap_or(self.now);
                return;
            }
            if !self.step(budget) {
                break;
            }
        }
        if end.is_none() {
            self.check_end();
        }
    }

    /// Does one thing: a crank, a delivery, or a step of the clock. Returns false if there is nothing to do.
    fn step(&mut self, budget: u64) -> bool {
        if self.turns >= self.limits.turns {
            if self.limits.fails {
                fail(Verdict::TurnLimit(self.limits.turns));
            }
            resume_unwind(Box::new(Stop::End));
        }
        let part = match self.pick_part() {
            Coming::Part(part) => part,
            Coming::Time(at) => {
                self.now = at;
                return true;
            }
            Coming::Nothing => {
                if self.nodes.iter().any(|node| node.is_pinned()) {
                    fail(Verdict::Pinned);
                }
                return false;
            }
        };
        match part.checked_sub(self.nodes.len()) {
            None => self.crank(part, budget),
            Some(link) => {
                let link = &mut self.links[link];
                link.deliver(&mut *self.nodes[link.node()]);
            }
        }
        self.check(When::Always);
        !self.has_settled()
    }

    /// Picks one of the parts that can go on now: the nodes that can be cranked and the links with messages, by number;
    /// links after the nodes.
    fn pick_part(&mut self) -> Coming {
        self.ready.clear();
        let mut earliest = None;
        for (number, node) in (0..).zip(&self.nodes) {
            match self.when(&**node) {
                Some(at) if at <= self.now => self.ready.push(number),
                Some(at) => earliest = Some(earliest.map_or(at, |earliest: Time| earliest.min(at))),
                None => {}
            }
        }
        let links = (self.nodes.len() as u64..).zip(&self.links);
        let links = links.filter(|(_, link)| !link.is_empty());
        self.ready.extend(links.map(|(number, _)| number));
        match (self.ready.as_slice(), earliest) {
            ([], None) => Coming::Nothing,
            ([], Some(at)) => Coming::Time(at),
            ([part], _) => Coming::Part(*part as usize),
            (parts, _) => Coming::Part(parts[self.core.borrow_mut().pick_part(parts)] as usize),
        }
    }

    /// Returns when a node can be cranked next, if it can be without a message.
    fn when(&self, node: &dyn AnyNode) -> Option<Time> {
        match node.next() {
            Next::Now => Some(self.now),
            Next::At(at) => Some(at),
            Next::External | Next::Stalled | Next::Idle => None,
        }
    }

    /// Returns whether nothing can go on now.
    fn is_waiting(&self) -> bool {
        self.next_time().is_none_or(|at| at > self.now)
    }

    fn crank(&mut self, node: usize, budget: u64) {
        for (guard, check) in &self.guards {
            let world = World {
                nodes: &self.nodes,
                now: self.now,
            };
            let is_open = check(&world);
            self.core.borrow_mut().rules.set_open(*guard, is_open);
        }
        if let Some(trace) = &mut self.core.borrow_mut().trace {
            trace.set_now(self.now);
        }
        let left = self.limits.turns - self.turns;
        let turns = self.nodes[node].crank(self.now, budget.min(left));
        // Rounds without a turn are few, unless something is wrong; then they count, so that the run ends.
        self.idle = if turns == 0 { self.idle + 1 } else { 0 };
        self.turns += turns + u64::from(self.idle > IDLE);
    }

    /// Returns when something can go on.
    fn next_time(&self) -> Option<Time> {
        if self.links.iter().any(|link| !link.is_empty()) {
            return Some(self.now);
        }
        let times = self.nodes.iter().filter_map(|node| self.when(&**node));
        times.min()
    }

    // ---- checks ----

    fn check(&mut self, when: When) {
        for condition in &self.conditions {
            match condition.when {
                When::AtTheEnd if when != When::AtTheEnd => {}
                When::Sometimes(place) if self.sometimes[place].1 => {}
                _ => {
                    let world = World {
                        nodes: &self.nodes,
                        now: self.now,
                    };
                    match ((condition.check)(&world), condition.when) {
                        (holds, When::Sometimes(place)) => self.sometimes[place].1 |= holds,
                        (true, _) => {}
                        (false, When::Always) => fail(Verdict::Always(condition.name.clone())),
                        (false, When::AtTheEnd) => {
                            fail(Verdict::Eventually(condition.name.clone()));
                        }
                    }
                }
            }
        }
    }

    /// Returns whether all `eventually` conditions hold, and nothing but timers can go on.
    fn has_settled(&self) -> bool {
        let mut at_the_end = self
            .conditions
            .iter()
            .filter(|it| it.when == When::AtTheEnd)
            .peekable();
        at_the_end.peek().is_some()
            && self.is_waiting()
            && at_the_end.all(|condition| (condition.check)(&self.world()))
    }

    fn check_end(&mut self) {
        if let Some(name) = self.nodes.iter().find_map(|node| node.lost_wake()) {
            fail(Verdict::LostWake(name));
        }
        let nodes = self.nodes.iter().map(|node| (node, node.next()));
        let left: Vec<_> = nodes.filter(|(_, next)| *next != Next::Idle).collect();
        let mut stalled = left.iter().filter(|(_, next)| *next == Next::Stalled);
        if let Some((node, _)) = stalled.next() {
            let shut: Vec<String> = self.core.borrow().rules.shut().map(str::to_owned).collect();
            match shut.is_empty() {
                true => fail(Verdict::Stall(node.stall())),
                false => fail(Verdict::Deadlock(shut)),
            }
        }
        // Sleepers that only something outside could wake: there is nothing outside.
        let mut waits = left.iter().filter(|(_, next)| *next == Next::External);
        let is_checked = self.conditions.iter().any(|it| it.when == When::AtTheEnd);
        if !is_checked && let Some((node, _)) = waits.next() {
            fail(Verdict::Stall(node.stall()));
        }
        drop(left);
        self.check(When::AtTheEnd);
    }
}

/// Ends the run as failed.
fn fail(verdict: Verdict) -> ! {
    resume_unwind(Box::new(Stop::Failed(verdict)))
}
