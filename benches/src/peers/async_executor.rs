//! async-executor's `LocalExecutor`: a task per work, woken by `wake_by_ref`.

use super::yield_once;
use crate::baselines::Count;
use async_executor::LocalExecutor;

/// Tasks that yield for ever.
pub struct Turns(LocalExecutor<'static>);

impl Turns {
    pub fn new(works: u32) -> Self {
        let executor = LocalExecutor::new();
        for _ in 0..works {
            let endless = async move {
                let mut count = Count::default();
                loop {
                    count.count();
                    yield_once().await;
                }
            };
            executor.spawn(endless).detach();
        }
        Turns(executor)
    }

    pub fn run(&mut self, turns: u64) {
        for _ in 0..turns {
            self.0.try_tick();
        }
    }
}
