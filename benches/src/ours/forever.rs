//! A node that runs for ever: each work that has settled is followed by another.

use super::{Scheduler, add, scheduler};
use crate::baselines::Count;
use crate::lives::{ALIVE, Life, delay, name};
use crankwork::{Budget, Failure, Name, Next, Retain, Spec, Time, Work, WorkContext};
use std::task::{Poll, ready};
use std::time::Duration;

struct Brief {
    count: Count,
    yields: u32,
    sleep: Option<Duration>,
}

impl Work<()> for Brief {
    fn poll(&mut self, cx: &mut WorkContext<'_, ()>) -> Poll<Result<(), Failure>> {
        self.count.count();
        if let Some(left) = self.yields.checked_sub(1) {
            self.yields = left;
            return cx.yield_now();
        }
        if let Some(delay) = self.sleep {
            ready!(cx.sleep(delay));
        }
        Poll::Ready(Ok(()))
    }
}

/// The names that works get.
#[derive(Clone, Copy)]
pub enum Names {
    /// Each has one of its own.
    Own,
    /// All have one static name.
    Shared,
}

/// A scheduler that reclaims each work as it settles, and the host that adds the next.
pub struct Forever {
    scheduler: Scheduler,
    life: Life,
    names: Names,
    added: u64,
    now: Time,
}

impl Forever {
    pub fn new(life: Life, names: Names) -> Self {
        let mut own = Forever {
            scheduler: scheduler(Retain::Nothing),
            life,
            names,
            added: 0,
            now: Time::ZERO,
        };
        (0..ALIVE).for_each(|_| own.add());
        own
    }

    fn add(&mut self) {
        let work = self.added;
        let name: Name = match self.names {
            Names::Own => name(work).into(),
            Names::Shared => "fetch ledger".into(),
        };
        let brief = Brief {
            count: Count::default(),
            yields: self.life.yields,
            sleep: self.life.sleeps.then(|| delay(work)),
        };
        add(&mut self.scheduler, Spec::new(name, brief));
        self.added += 1;
    }

    /// Cranks until at least `works` have settled, and returns how many have. A crank has a hundred turns, as in a
    /// node's main loop.
    pub fn run(&mut self, works: u64) -> u64 {
        let mut settled = 0;
        while settled < works {
            let crank = self
                .scheduler
                .crank_work(self.now, &mut (), Budget::turns(100));
            settled += crank.settled;
            (0..crank.settled).for_each(|_| self.add());
            match crank.next {
                Next::At(at) if crank.settled == 0 => self.now = at,
                Next::Stalled | Next::External => panic!("a work waits for nothing"),
                _ => {}
            }
        }
        assert_eq!(self.scheduler.metrics().in_scheduler, ALIVE);
        settled
    }
}
