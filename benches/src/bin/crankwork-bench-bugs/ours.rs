//! The programs as works. What shuttle does in one atomic operation is one turn here.

#[path = "../../../../examples/bugs/lost_update.rs"]
mod lost;

use crankwork::explore::Sim;
use crankwork::{Failure, Spec, Work, WorkContext, WorkId};
use std::task::Poll;

pub fn lost_update(sim: &mut Sim) {
    lost::program(sim, true);
}

// ---- three works that take two of three locks each ----

const LOCKS: usize = 3;

/// Which locks are taken, and the works that wait for each.
#[derive(Default)]
struct Locks {
    is_taken: [bool; LOCKS],
    waiters: [Vec<WorkId>; LOCKS],
    checks: u32,
}

/// Takes its own lock and the next one, after some turns without either.
struct Locker {
    number: usize,
    checks: usize,
    held: usize,
}

impl Locker {
    fn lock(&self, place: usize) -> usize {
        (self.number + place) % LOCKS
    }
}

impl Work<Locks> for Locker {
    fn poll(&mut self, cx: &mut WorkContext<'_, Locks>) -> Poll<Result<(), Failure>> {
        if self.checks > 0 {
            self.checks -= 1;
            cx.app.checks += 1;
            return cx.yield_now();
        }
        if self.held == 2 {
            for lock in [self.lock(0), self.lock(1)] {
                cx.app.is_taken[lock] = false;
                for waiter in std::mem::take(&mut cx.app.waiters[lock]) {
                    cx.wake(waiter)?;
                }
            }
            return Poll::Ready(Ok(()));
        }
        let lock = self.lock(self.held);
        if cx.app.is_taken[lock] {
            let me = cx.id();
            cx.app.waiters[lock].push(me);
            cx.expect_wake();
            return Poll::Pending;
        }
        cx.app.is_taken[lock] = true;
        self.held += 1;
        cx.yield_now()
    }
}

pub fn deadlock(sim: &mut Sim) {
    let node = sim.node("locks", Locks::default());
    for number in 0..LOCKS {
        let locker = Locker {
            number,
            checks: 3 * number,
            held: 0,
        };
        let spec = Spec::new(format!("locker-{number}"), locker);
        sim.work(node).add(spec).expect("there is room for a work");
    }
}

// ---- a stack without a lock ----

/// A stack of three nodes; `None` ends it.
#[derive(Default)]
struct Stack {
    head: Option<usize>,
    next: [Option<usize>; 3],
    /// Nodes that a work has at its end.
    owned: Vec<usize>,
}

/// What a work does with the stack.
#[derive(Clone, Copy)]
enum Op {
    Pop,
    /// Puts the node back that was taken first.
    Push,
}

/// Goes through its operations, one access to the stack a turn.
struct Worker {
    ops: &'static [Op],
    stage: u32,
    seen: Option<usize>,
    next: Option<usize>,
    owned: Vec<usize>,
}

impl Worker {
    /// Does the next access. Returns whether the operation is over.
    fn access(&mut self, stack: &mut Stack, op: Op) -> bool {
        self.stage += 1;
        match (self.stage, op) {
            (1, _) => self.seen = stack.head,
            (2, Op::Pop) => match self.seen {
                Some(seen) => self.next = stack.next[seen],
                None => return true,
            },
            (2, Op::Push) => stack.next[self.owned[0]] = self.seen,
            (_, _) if stack.head != self.seen => self.stage = 0,
            (_, Op::Pop) => {
                stack.head = self.next;
                self.owned.extend(self.seen);
                return true;
            }
            (_, Op::Push) => {
                stack.head = Some(self.owned.remove(0));
                return true;
            }
        }
        false
    }
}

impl Work<Stack> for Worker {
    fn poll(&mut self, cx: &mut WorkContext<'_, Stack>) -> Poll<Result<(), Failure>> {
        if let Some((&op, rest)) = self.ops.split_first()
            && self.access(cx.app, op)
        {
            (self.ops, self.stage) = (rest, 0);
        }
        if self.ops.is_empty() {
            cx.app.owned.append(&mut self.owned);
            return Poll::Ready(Ok(()));
        }
        cx.yield_now()
    }
}

pub fn stack(sim: &mut Sim) {
    let next = [Some(1), Some(2), None];
    let stack = Stack {
        head: Some(0),
        next,
        owned: Vec::new(),
    };
    let node = sim.node("stack", stack);
    let all: [(&str, &[Op]); 2] = [
        ("one", &[Op::Pop]),
        ("other", &[Op::Pop, Op::Pop, Op::Push, Op::Pop]),
    ];
    for (name, ops) in all {
        let worker = Worker {
            ops,
            stage: 0,
            seen: None,
            next: None,
            owned: Vec::new(),
        };
        let added = sim.work(node).add(Spec::new(name, worker));
        added.expect("there is room for a work");
    }
    sim.eventually("each node has one owner", move |world| {
        let stack = world.app(node);
        let mut seen = [0; 3];
        stack.owned.iter().for_each(|&owned| seen[owned] += 1);
        let mut left = stack.head;
        // A broken stack may be a ring.
        for _ in 0..seen.len() {
            if let Some(node) = left {
                seen[node] += 1;
                left = stack.next[node];
            }
        }
        seen == [1; 3]
    });
}
