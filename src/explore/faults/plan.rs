//! A plan: exactly these faults, each once.

use super::Place;
use crate::explore::item::{Amount, Family, Fault, Item};

/// Faults that are to happen.
#[derive(Clone, Default)]
pub(in crate::explore) struct Plan {
    faults: Vec<Planned>,
}

#[derive(Clone)]
struct Planned {
    fault: Fault,
    has_fired: bool,
}

impl Plan {
    /// Returns the plan of the faults among these items.
    pub fn new(items: &[Item]) -> Plan {
        let mut plan = Plan::default();
        for item in items {
            if let Item::Fault(fault) = item {
                plan.add(fault.clone());
            }
        }
        plan
    }

    pub fn add(&mut self, fault: Fault) {
        self.faults.push(Planned {
            fault,
            has_fired: false,
        });
    }

    pub fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// Returns whether a family is part of the plan.
    pub fn has(&self, family: Family) -> bool {
        self.faults.iter().any(|it| it.fault.family() == family)
    }

    /// Takes the fault of a family that is planned at a place. The name is made only if some number fits.
    pub fn take(&mut self, family: Family, place: &Place<'_>) -> Option<Amount> {
        let mut name = None;
        let planned = self.faults.iter_mut().find(|planned| {
            let at = planned.fault.at();
            !planned.has_fired
                && at.turn == place.number
                && planned.fault.family() == family
                && is_site(&planned.fault, place)
                && name.get_or_insert_with(|| (place.name)()).is(&at.work)
        })?;
        planned.has_fired = true;
        Some(Amount {
            time: planned.fault.time().unwrap_or_default(),
            code: match planned.fault {
                Fault::Exit(_, code) => code,
                _ => 0,
            },
            site: (place.site.0.to_owned(), place.site.1),
        })
    }

    /// Returns the faults that have not happened.
    pub fn left(&self) -> impl Iterator<Item = &Fault> {
        let left = self.faults.iter().filter(|planned| !planned.has_fired);
        left.map(|planned| &planned.fault)
    }

    /// Prepares for another run.
    pub fn rewind(&mut self) {
        for planned in &mut self.faults {
            planned.has_fired = false;
        }
    }
}

/// Returns whether the site is that of the place, for a fault that has one.
fn is_site(fault: &Fault, place: &Place<'_>) -> bool {
    match fault {
        Fault::Named(site) => (site.name.as_str(), site.visit) == place.site,
        _ => true,
    }
}
