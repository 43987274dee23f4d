//! What faults leave to do between cranks.

use super::Sim;
use crate::explore::faults::Todo;

impl Sim {
    /// Does what faults of the last crank have left to do. Costs a look at a flag where there are no faults.
    pub(super) fn do_todo(&mut self) {
        let mut core = self.core.borrow_mut();
        if !core.faults.is_on() {
            return;
        }
        core.faults.look_at_the_clock(self.turns, self.limits.turns);
        let todo = core.faults.take_todo();
        drop(core);
        for todo in todo {
            match todo {
                Todo::Wake(node, work) => self.nodes[node].wake(work),
                Todo::Jump(time) => self.set_now(self.now.saturating_add(time)),
                Todo::Crash(node, time) => {
                    if self.nodes[node].is_up() {
                        self.crash_number(node);
                        self.restarts.push((self.now.saturating_add(time), node));
                    }
                }
            }
        }
    }

    /// Frees the nodes whose late sleepers are ready.
    pub(super) fn wake_sleepers(&mut self) {
        let mut core = self.core.borrow_mut();
        if core.faults.next_awake().is_none() {
            return;
        }
        for node in 0..self.nodes.len() {
            if core.faults.drop_awake(node as u64) && !self.freed.contains(&node) {
                self.freed.push(node);
            }
        }
    }
}
