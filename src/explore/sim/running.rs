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

    pub(super) fn world(&self) -> World<'_> {
        World {
            nodes: &self.nodes,
            now: self.now,
        }
    }

    fn run_to(&mut self, end: Option<Time>) {
        // Without anything to look at between turns, one crank may give many.
        let core = self.core.borrow();
        let watched = !self.conditions.is_empty()
            || !self.guards.is_empty()
            || self.nodes.len() > 1
            || core.rules.has_holds
            || core.faults.is_between_turns();
        let is_alone = self.nodes.len() == 1 && self.links.is_empty() && !core.faults.is_on();
        drop(core);
        let budget = if watched { 1 } else { u64::MAX };
        self.has_run |= end.is_none();
        if end.is_none() && is_alone && !watched {
            return self.run_alone();
        }
        loop {
            if end.is_some_and(|end| self.next_time().is_none_or(|next| next > end)) {
                self.set_now(end.unwrap_or(self.now));
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

    /// Runs the only node to its end. There is nothing else that could go on, and nothing to look at between turns.
    fn run_alone(&mut self) {
        loop {
            self.check_turns();
            match self.crank(0, u64::MAX) {
                Next::Now => {}
                Next::At(at) => self.advance(at),
                Next::External | Next::Stalled | Next::Idle => break,
            }
        }
        self.check_pins();
        self.check_end();
    }

    /// Does one thing: a crank, a delivery, or a step of the clock. Returns false if there is nothing to do.
    fn step(&mut self, budget: u64) -> bool {
        self.check_turns();
        let part = match self.pick_part() {
            Coming::Part(part) => part,
            Coming::Time(at) => {
                self.advance(at);
                return true;
            }
            Coming::Nothing => {
                self.check_pins();
                return self.waive();
            }
        };
        match part.checked_sub(self.nodes.len()) {
            None => drop(self.crank(part, budget)),
            Some(link) => self.deliver(link),
        }
        let core = self.core.borrow();
        let (has_holds, has_faults) = (core.rules.has_holds, core.faults.is_on());
        drop(core);
        if has_holds {
            self.take_freed();
        }
        if has_faults {
            self.do_todo();
        }
        self.check(When::Always);
        !self.has_settled()
    }

    /// Notes the nodes whose works a hold no longer keeps.
    fn take_freed(&mut self) {
        let core = &mut *self.core.borrow_mut();
        let nodes = &self.nodes;
        let has_settled = |node: u64, id| nodes[node as usize].has_settled(id);
        core.rules.end_awaited(has_settled, &core.names);
        while let Some(node) = core.rules.take_freed() {
            self.freed.push(node as usize);
        }
    }

    /// Picks one of the parts that can go on now: the nodes that can be cranked and the links with messages, by number;
    /// links after the nodes.
    fn pick_part(&mut self) -> Coming {
        let mut ready = std::mem::take(&mut self.ready);
        ready.clear();
        let mut earliest = None;
        for (number, node) in (0..).zip(&self.nodes) {
            match self.when(number, &**node) {
                Some(at) if at <= self.now => ready.push(number as u64),
                Some(at) => earliest = Some(earliest.map_or(at, |earliest: Time| earliest.min(at))),
                None => {}
            }
        }
        let nodes = self.nodes.len();
        let links = (0..self.links.len()).filter(|&link| self.is_link_ready(link));
        ready.extend(links.map(|link| (nodes + link) as u64));
        if ready.is_empty() {
            earliest = earliest.into_iter().chain(self.next_of_others()).min();
        }
        let coming = match (ready.as_slice(), earliest) {
            ([], None) => Coming::Nothing,
            ([], Some(at)) => Coming::Time(at),
            ([part], _) => Coming::Part(*part as usize),
            (parts, _) => Coming::Part(parts[self.core.borrow_mut().pick_part(parts)] as usize),
        };
        self.ready = ready;
        coming
    }

    /// Returns when a node can be cranked next, if it can be without a message.
    fn when(&self, number: usize, node: &dyn AnyNode) -> Option<Time> {
        match node.next() {
            _ if self.freed.contains(&number) => Some(self.now),
            Next::Now => Some(self.now),
            Next::At(at) => Some(at),
            Next::External | Next::Stalled | Next::Idle => None,
        }
    }

    /// Returns whether a link has a message that no hold keeps.
    fn is_link_ready(&self, number: usize) -> bool {
        let link = &self.links[number];
        if link.next().is_none_or(|at| at > self.now) {
            return false;
        }
        let core = &mut *self.core.borrow_mut();
        let is_asked = core.rules.has_holds || core.trace.is_some();
        !is_asked || !core.is_link_held(number, link.name(), link.taken() + 1)
    }

    /// Returns whether nothing can go on now.
    pub(super) fn is_waiting(&self) -> bool {
        self.next_time().is_none_or(|at| at > self.now)
    }

    /// Cranks a node, and returns when to crank it again.
    #[inline]
    fn crank(&mut self, node: usize, budget: u64) -> Next {
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
        self.freed.retain(|&freed| freed != node);
        let left = self.limits.turns - self.turns;
        let (turns, next) = self.nodes[node].crank(self.now, budget.min(left));
        // Rounds without a turn are few, unless something is wrong; then they count, so that the run ends.
        self.idle = if turns == 0 { self.idle + 1 } else { 0 };
        self.turns += turns + u64::from(self.idle > IDLE);
        next
    }

    /// Returns when something can go on.
    fn next_time(&self) -> Option<Time> {
        if (0..self.links.len()).any(|link| self.is_link_ready(link)) {
            return Some(self.now);
        }
        let times = (0..).zip(&self.nodes);
        let times = times.filter_map(|(number, node)| self.when(number, &**node));
        // Held works have their turns if nothing else is left.
        let is_blocking = self.core.borrow().rules.is_blocking();
        let others = self.next_of_others().into_iter();
        times
            .chain(others)
            .min()
            .or(is_blocking.then_some(self.now))
    }

    /// Returns the next time at which something besides the nodes goes on.
    #[inline]
    fn next_of_others(&self) -> Option<Time> {
        let sleepers = self.core.borrow().faults.next_awake();
        if self.links.is_empty() && self.restarts.is_empty() {
            return sleepers;
        }
        let messages = self.links.iter().filter_map(|link| link.next());
        // What is due now waits for a hold, and not for the clock.
        let messages = messages.filter(|&at| at > self.now);
        let others = sleepers.into_iter().chain(self.next_restart());
        messages.chain(others).min()
    }

    pub(super) fn set_now(&mut self, now: Time) {
        self.now = now;
        self.core.borrow_mut().faults.now = now;
    }

    /// Moves the clock.
    fn advance(&mut self, at: Time) {
        self.check_settling(at);
        // A sleeper or a crashed node may have been due before a clock that has jumped.
        self.set_now(at.max(self.now));
        self.wake_sleepers();
        if self.restart_due() {
            // A node that has just started may not be what it was before.
            self.check(When::Always);
        }
    }

    /// Lets the first held work go on, since nothing else can. Returns false if there is none.
    fn waive(&mut self) -> bool {
        let core = &mut *self.core.borrow_mut();
        if !core.rules.is_blocking() {
            return false;
        }
        let is_one = core.rules.waive(&core.names);
        while let Some(node) = core.rules.take_freed() {
            self.freed.push(node as usize);
        }
        is_one
    }

    // ---- checks ----

    /// Ends the run if it has had all of its turns.
    fn check_turns(&self) {
        if self.turns >= self.limits.turns {
            if self.limits.fails {
                fail(Verdict::TurnLimit(self.limits.turns));
            }
            resume_unwind(Box::new(Stop::End));
        }
    }

    /// Fails the run if only real time could make it go on.
    fn check_pins(&self) {
        if self.nodes.iter().any(|node| node.is_pinned()) {
            fail(Verdict::Pinned);
        }
    }

    #[inline]
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

    #[inline]
    fn check_end(&mut self) {
        if let Some(name) = self.nodes.iter().find_map(|node| node.lost_wake()) {
            fail(Verdict::LostWake(name));
        }
        // Sleepers that only something outside could wake: there is nothing outside.
        let mut waits = None;
        for node in &self.nodes {
            match node.next() {
                Next::Stalled => self.fail_stalled(&**node),
                Next::External => waits = waits.or(Some(node)),
                Next::Now | Next::At(_) | Next::Idle => {}
            }
        }
        if let Some(node) = waits
            && self.at_the_end().next().is_none()
        {
            fail(Verdict::Stall(node.stall()));
        }
        self.check(When::AtTheEnd);
    }

    fn fail_stalled(&self, node: &dyn AnyNode) -> ! {
        let shut: Vec<String> = self.core.borrow().rules.shut().map(str::to_owned).collect();
        match shut.is_empty() {
            true => fail(Verdict::Stall(node.stall())),
            false => fail(Verdict::Deadlock(shut)),
        }
    }
}

/// Ends the run as failed.
pub(super) fn fail(verdict: Verdict) -> ! {
    resume_unwind(Box::new(Stop::Failed(verdict)))
}
