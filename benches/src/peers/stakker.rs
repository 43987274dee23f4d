//! stakker: an actor per work, which calls itself again; or which stops, and another is made in its place.

use crate::baselines::Count;
use crate::lives::{ALIVE, Life, delay, name};
use stakker::{ActorOwn, CX, Stakker, actor, after, call, ret_nop, ret_some_do};
use std::cell::RefCell;
use std::hint::black_box;
use std::rc::Rc;
use std::time::{Duration, Instant};

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

/// Stops after a few turns, and has a name of its own.
struct Brief {
    count: Count,
    name: String,
    yields: u32,
    sleep: Option<Duration>,
}

impl Brief {
    fn init(cx: CX![], life: Life, work: u64) -> Option<Self> {
        call!([cx], turn());
        Some(Brief {
            count: Count::default(),
            name: name(work),
            yields: life.yields,
            sleep: life.sleeps.then(|| delay(work)),
        })
    }

    fn turn(&mut self, cx: CX![]) {
        self.count.count();
        if let Some(left) = self.yields.checked_sub(1) {
            self.yields = left;
            call!([cx], turn());
        } else if let Some(delay) = self.sleep.take() {
            after!(delay, [cx], turn());
        } else {
            black_box(&self.name);
            cx.stop();
        }
    }
}

/// Actors that stop, each followed by another.
pub struct Forever {
    stakker: Stakker,
    life: Life,
    made: u64,
    now: Instant,
    actors: Vec<ActorOwn<Brief>>,
    /// The places in `actors` whose actor has stopped.
    stopped: Rc<RefCell<Vec<usize>>>,
}

impl Forever {
    pub fn new(life: Life) -> Self {
        let now = Instant::now();
        let mut own = Forever {
            stakker: Stakker::new(now),
            life,
            made: 0,
            now,
            actors: Vec::new(),
            stopped: Rc::default(),
        };
        for place in 0..ALIVE as usize {
            let actor = own.make(place);
            own.actors.push(actor);
        }
        own
    }

    fn make(&mut self, place: usize) -> ActorOwn<Brief> {
        let (core, life, work) = (&mut self.stakker, self.life, self.made);
        self.made += 1;
        let stopped = self.stopped.clone();
        let on_stop = ret_some_do!(move |_| stopped.borrow_mut().push(place));
        actor!(core, Brief::init(life, work), on_stop)
    }

    /// Runs until at least `works` have stopped, and returns how many have.
    pub fn run(&mut self, works: u64) -> u64 {
        let mut ended = 0;
        while ended < works {
            self.stakker.run(self.now, false);
            let stopped = self.stopped.take();
            if stopped.is_empty()
                && let Some(at) = self.stakker.next_expiry()
            {
                self.now = at;
            }
            ended += stopped.len() as u64;
            for place in stopped {
                self.actors[place] = self.make(place);
            }
        }
        ended
    }
}
