//! A lost update, hidden among works that have nothing to do with it.
//!
//! A transfer reads the balance in one turn and writes it in a later one. The rent is checked before it is paid, so in
//! production order the salary has been written by then. In other orders both read the old balance, and one is lost.

use crankwork::explore::{Node, Sim};
use crankwork::{Failure, Spec, Work, WorkContext, WorkScheduler, WorkSchedulerConfig};
use std::task::Poll;

/// An account, and how many pages of statements have been printed.
#[derive(Default)]
pub struct Bank {
    balance: i64,
    pages: u32,
}

/// Adds an amount to the balance, after some turns of checks.
struct Transfer {
    amount: i64,
    checks: u32,
    seen: Option<i64>,
}

impl Work<Bank> for Transfer {
    fn poll(&mut self, cx: &mut WorkContext<'_, Bank>) -> Poll<Result<(), Failure>> {
        if self.checks > 0 {
            self.checks -= 1;
            return cx.yield_now();
        }
        match self.seen.take() {
            None => {
                cx.step("read");
                self.seen = Some(cx.app.balance);
                cx.yield_now()
            }
            Some(balance) => {
                cx.step("write");
                cx.app.balance = balance + self.amount;
                Poll::Ready(Ok(()))
            }
        }
    }
}

/// Prints a statement, one page a turn.
struct Statement {
    pages: u32,
}

impl Work<Bank> for Statement {
    fn poll(&mut self, cx: &mut WorkContext<'_, Bank>) -> Poll<Result<(), Failure>> {
        cx.app.pages += 1;
        self.pages -= 1;
        match self.pages {
            0 => Poll::Ready(Ok(())),
            _ => cx.yield_now(),
        }
    }
}

/// The configuration of the scheduler: one permit for the account.
pub fn config() -> WorkSchedulerConfig {
    WorkSchedulerConfig::default().pool("account", 1)
}

/// Adds two transfers and four statements. Without the bug, a transfer takes the permit of the account.
pub fn add_works(work: &mut WorkScheduler<Bank>, has_bug: bool) {
    for (name, amount, checks) in [("salary", 900, 0), ("rent", -400, 2)] {
        let transfer = Transfer {
            amount,
            checks,
            seen: None,
        };
        let spec = Spec::new(name, transfer);
        let spec = match has_bug {
            true => spec,
            false => spec.pool("account", 1),
        };
        work.add(spec).expect("there is room for a transfer");
    }
    for number in 0..4 {
        let spec = Spec::new(format!("statement-{number}"), Statement { pages: 3 });
        work.add(spec).expect("there is room for a statement");
    }
}

/// Says what holds in every order.
pub fn conditions(sim: &mut Sim, node: Node<Bank>) {
    sim.eventually("both transfers count", move |world| {
        world.app(node).balance == 500
    });
    sim.eventually("all pages are printed", move |world| {
        world.app(node).pages == 12
    });
}

/// The whole program, with its bug or without.
pub fn program(sim: &mut Sim, has_bug: bool) {
    let node = sim.node_with("bank", Bank::default(), config().catch_panics(false));
    add_works(sim.work(node), has_bug);
    conditions(sim, node);
}
