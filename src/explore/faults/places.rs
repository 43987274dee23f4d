//! The places at which deciders and the simulation ask for faults.

use super::{Amount, Place};
use crate::explore::core::Core;
use crate::explore::item::Family;
use crate::explore::names::Name;
use crate::explore::point::key_in;
use crate::{Candidate, Decision, Interference, Subject, Turned, WorkState};

impl Core {
    /// Returns the key of a work among the works of all nodes and all of their incarnations.
    pub(in crate::explore) fn key(&self, node: u64, work: &Candidate) -> u64 {
        let starts = u64::from(self.names.starts(node) - 1);
        key_in(node | starts << 32, work)
    }

    /// Returns whether the fault happens for which a work asks.
    pub(in crate::explore) fn is_faulty(&mut self, node: u64, decision: &Decision<'_>) -> bool {
        if !self.faults.is_on() {
            return false;
        }
        let candidate = decision.candidate(0);
        let names = &self.names;
        let place = Place {
            key: self.key(node, &candidate),
            number: candidate.turn,
            site: (decision.site(), candidate.visit),
            name: &|| names.name(node, decision.path(&candidate)),
        };
        let is_faulty = self.faults.fire(Family::Named, &place).is_some();
        self.note_faults();
        is_faulty
    }

    /// Returns what happens instead of a turn.
    pub(in crate::explore) fn interference(
        &mut self,
        node: u64,
        work: &Subject<'_>,
    ) -> Option<Interference> {
        if !self.faults.is_on() {
            return None;
        }
        let names = &self.names;
        let place = Place {
            key: self.key(node, &work.candidate()),
            number: work.candidate().turn,
            site: ("", 0),
            name: &|| names.name(node, work.path()),
        };
        let is_aborting = work.state() == Some(WorkState::Aborting);
        let kind = self.faults.interfere(&place, is_aborting);
        self.note_faults();
        kind
    }

    /// Decides what happens after a turn.
    pub(in crate::explore) fn faults_after(&mut self, node: u64, work: &Subject<'_>, turn: Turned) {
        if !self.faults.is_between_turns() {
            return;
        }
        let (names, candidate) = (&self.names, work.candidate());
        let mut place = Place {
            key: self.key(node, &candidate),
            number: candidate.turn,
            site: ("", 0),
            name: &|| names.name(node, work.path()),
        };
        let can_crash = self.restartable.contains(&(node as usize));
        self.faults.turned(node, &place, can_crash);
        if turn.state == Some(WorkState::Waiting) {
            place.number += 1;
            self.faults.sleeps(node, candidate.id, &place);
        }
        self.note_faults();
    }

    /// Decides what happens after a message has arrived at a node.
    pub(in crate::explore) fn faults_after_message(
        &mut self,
        node: usize,
        link: &str,
        message: u32,
        can_crash: bool,
    ) {
        if !self.faults.is_between_turns() {
            return;
        }
        let alone = || Name::alone(link);
        let place = Place::alone(message, &alone, link);
        self.faults.turned(node as u64, &place, can_crash);
        self.note_faults();
    }

    /// Returns what happens to something that is on no node: a message, a job, a process.
    pub(in crate::explore) fn fire(
        &mut self,
        family: Family,
        name: &str,
        number: u32,
    ) -> Option<Amount> {
        if !self.faults.is_on() {
            return None;
        }
        let alone = || Name::alone(name);
        let place = Place::alone(number, &alone, name);
        let amount = self.faults.fire(family, &place);
        self.note_faults();
        amount
    }

    /// Enters the faults that have just happened into the record.
    fn note_faults(&mut self) {
        if let Some(trace) = &mut self.trace {
            trace.note_faults(self.faults.fired());
        }
    }
}
