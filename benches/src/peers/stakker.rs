//! stakker: an actor per work, which calls itself again.

use crate::baselines::Count;
use stakker::{ActorOwn, CX, Stakker, actor, call, ret_nop};
use std::time::Instant;

struct Yielder {
    count: Count,
    /// How many turns it has before it rests.
    left: u64,
}

impl Yielder {
    fn init(_: CX![]) -> Option<Self> {
        let count = Count::default();
        Some(Yielder { count, left: 0 })
    }

    fn start(&mut self, cx: CX![], turns: u64) {
        self.left = turns;
        call!([cx], turn());
    }

    fn turn(&mut self, cx: CX![]) {
        self.count.count();
        self.left -= 1;
        if self.left > 0 {
            call!([cx], turn());
        }
    }
}

/// Actors that call themselves, so many times a round.
pub struct Turns {
    stakker: Stakker,
    actors: Vec<ActorOwn<Yielder>>,
    now: Instant,
}

impl Turns {
    pub fn new(works: u32) -> Self {
        let now = Instant::now();
        let mut core = Stakker::new(now);
        let stakker = &mut core;
        let actors = (0..works)
            .map(|_| actor!(stakker, Yielder::init(), ret_nop!()))
            .collect();
        stakker.run(now, false);
        Turns {
            stakker: core,
            actors,
            now,
        }
    }

    /// Gives each actor the same number of turns, and says how many turns there were.
    pub fn run(&mut self, turns: u64) -> u64 {
        let each = (turns / self.actors.len() as u64).max(1);
        for actor in &self.actors {
            call!([actor], start(each));
        }
        self.stakker.run(self.now, false);
        each * self.actors.len() as u64
    }
}
