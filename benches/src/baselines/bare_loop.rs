//! *Bare loop*: a vector of boxed steps and a ready queue; pop, one virtual call, push back.

use std::collections::VecDeque;

/// One virtual call.
pub trait Step {
    fn step(&mut self);
}

/// 16 bytes of state that count.
#[derive(Default)]
pub struct Count {
    pub turns: u64,
    pub sum: u64,
}

impl Count {
    #[inline]
    pub fn count(&mut self) {
        self.turns += 1;
        self.sum = self.sum.wrapping_add(self.turns);
    }
}

impl Step for Count {
    fn step(&mut self) {
        self.count();
    }
}

pub struct BareLoop {
    steps: Vec<Box<dyn Step>>,
    ready: VecDeque<u32>,
}

impl BareLoop {
    pub fn new(works: u32) -> Self {
        BareLoop {
            steps: (0..works)
                .map(|_| Box::new(Count::default()) as Box<dyn Step>)
                .collect(),
            ready: (0..works).collect(),
        }
    }

    pub fn run(&mut self, turns: u64) {
        for _ in 0..turns {
            let Some(work) = self.ready.pop_front() else {
                return;
            };
            self.steps[work as usize].step();
            self.ready.push_back(work);
        }
    }
}
