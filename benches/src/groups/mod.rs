//! What is measured: groups of cases; a case is one piece of work of one size, done by several contenders.

mod compose;
mod dag;
mod debian;
mod depth;
mod forever;
mod idle;
mod memory;
mod search;
mod sleepers;
mod timers;
mod turns;
mod wake;

use crate::budgets::Budget;
use crate::measure::{Contender, Effort, Figures, Sample, compare, timed};

/// How a case's figures come about.
pub enum How {
    /// Contenders in turn; the first is the baseline.
    Timed(Box<dyn Fn() -> Vec<Contender>>),
    /// Not a time: counted.
    Counted(Box<dyn Fn() -> Result<Vec<Figures>, String>>),
}

pub struct Case {
    pub name: &'static str,
    pub n: u64,
    pub unit: &'static str,
    pub budgets: Vec<Budget>,
    pub how: How,
}

impl Case {
    pub fn timed(
        name: &'static str,
        n: u64,
        budgets: Vec<Budget>,
        make: impl Fn() -> Vec<Contender> + 'static,
    ) -> Case {
        Case {
            name,
            n,
            unit: "ns",
            budgets,
            how: How::Timed(Box::new(make)),
        }
    }

    /// Measures all contenders, or `only` those of one name; says which round has begun, 0 being the one that warms up.
    pub fn measure(
        &self,
        effort: Effort,
        only: Option<&str>,
        on_round: &dyn Fn(usize),
    ) -> Result<Vec<Figures>, String> {
        match &self.how {
            How::Timed(make) => {
                let mut contenders = make();
                contenders.retain(|row| only.is_none_or(|only| row.name == only));
                Ok(compare(&mut contenders, effort, on_round))
            }
            How::Counted(count) => count(),
        }
    }
}

/// Returns a contender whose round returns how many operations it was.
fn counted(name: &'static str, mut run: impl FnMut() -> u64 + 'static) -> Contender {
    Contender::new(name, move || {
        let (sample, ops) = timed(0, &mut run);
        Sample { ops, ..sample }
    })
}

pub struct Group {
    pub name: &'static str,
    pub about: &'static str,
    /// The cases, with or without the slow ones.
    pub cases: fn(quick: bool) -> Vec<Case>,
    /// For a curve: the cases of one size, those who do not grow with it and peers left out.
    pub curve: Option<fn(n: u64) -> Vec<Case>>,
}

pub const ALL: [Group; 12] = [
    turns::GROUP,
    dag::GROUP,
    timers::GROUP,
    memory::GROUP,
    sleepers::GROUP,
    depth::GROUP,
    idle::GROUP,
    wake::GROUP,
    compose::GROUP,
    forever::GROUP,
    search::GROUP,
    debian::GROUP,
];
