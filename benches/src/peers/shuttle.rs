//! shuttle: a thread for each work, which yields, and random picks among them.

use crate::lives::{SEARCHED, YIELDS};
use shuttle::scheduler::RandomScheduler;
use shuttle::{Config, Runner, thread};

/// Does so many runs, and returns their number.
pub fn search(runs: u64) -> u64 {
    let scheduler = RandomScheduler::new_from_seed(0, runs as usize);
    Runner::new(scheduler, Config::new()).run(program) as u64
}

fn program() {
    let works = [(); SEARCHED].map(|()| {
        thread::spawn(|| {
            for _ in 0..YIELDS {
                thread::yield_now();
            }
        })
    });
    for work in works {
        work.join().expect("the thread only yields");
    }
}
