//! L1, L3, L4: rounds and budgets.

use crate::units::{at_ms, ms};
use crate::workbench::Step::{Done, Expect, Fail, Nap, Pending, Yield};
use crate::workbench::*;
use crankwork::WorkState::Queued;
use crankwork::{Budget, Next, Retry};

// ---- L1 ----

#[test]
fn l01_turns_go_first_come_first_served() {
    let mut bench = Bench::with_permits(9);
    for name in ["a", "b", "c"] {
        bench.script(name, [Yield, Yield]);
    }
    bench.runs("a b c a b c a b c");
}

#[test]
fn l01_priority_orders_no_turns() {
    let mut bench = Bench::with_permits(9);
    bench.add_spec(script("low", [Yield]).priority(-5));
    bench.add_spec(script("high", [Yield]).priority(5));
    bench.runs("low high low high");
}

#[test]
fn l01_what_becomes_ready_during_the_turns_has_its_turn_in_the_next_round() {
    let mut bench = Bench::with_permits(9);
    bench.script("sleeper", [Expect]);
    bench.crank();
    bench.ran();
    // The first turn wakes the sleeper and adds a work; both come after the rest of its round, in that order.
    bench.script(
        "a",
        [then(|cx| {
            let sleeper = cx.app.id("sleeper");
            cx.wake(sleeper).unwrap();
            cx.spawn_root(script("added", [])).unwrap();
            Yield
        })],
    );
    bench.script("b", []);
    bench.runs("a b sleeper added a");
}

#[test]
fn l01_a_dependent_has_its_turn_in_the_next_round() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script("a", []);
    bench.add_spec(script("dependent", []).after(a));
    bench.script("b", [Yield]);
    bench.runs("a b dependent b");
}

#[test]
fn l01_inbox_and_timers_make_works_ready_for_the_same_round() {
    let mut bench = Bench::with_permits(9);
    bench.script(
        "mailed",
        [then(|cx| {
            let waker = cx.remote_waker();
            cx.app.wakers.push(waker);
            Pending
        })],
    );
    bench.script("timed", [Nap(5)]);
    bench.crank();
    bench.ran();
    bench.script("added", [Yield]);
    bench.log.wakers[0].wake();
    // Ready since the add; then the inbox; then the timer: one round.
    bench.runs_at(at_ms(5), "added mailed timed added");
}

// ---- L3 ----

#[test]
fn l03_back_offs_join_in_arming_order_before_turns_release_dependents() {
    let mut bench = Bench::with_back_off(2, ms(10));
    bench.add_spec(script("retry 1", [Fail("x")]).retry(Retry::ONCE));
    bench.add_spec(script("retry 2", [Fail("x")]).retry(Retry::ONCE));
    bench.crank();
    // At 10 both back-offs end; `a` and `b` hold the permits, and in that round a's turn releases `dependent`.
    let a = bench.script("a", [Nap(10)]);
    bench.script("b", [Nap(10)]);
    bench.add_spec(script("dependent", []).after(a));
    bench.crank();
    bench.ran();
    bench.entered(Queued);
    bench.crank_at(at_ms(10));
    assert_eq!(bench.entered(Queued), "retry 1 retry 2 dependent");
    assert_eq!(bench.ran(), "a b retry 1 retry 2 dependent");
}

#[test]
fn l03_dependents_join_in_the_order_in_which_their_edges_were_added() {
    let mut bench = Bench::with_permits(1);
    let gate = bench.script("gate", [Nap(5)]);
    let other = bench.script("other", []);
    // Added in the order late, early; their edges to `gate` the other way round.
    let late = bench.add_spec(script("late", []).after(other));
    bench.add_spec(script("early", []).after(gate));
    bench.s.add_dependency(gate, late).unwrap();
    bench.crank();
    bench.runs_at(at_ms(5), "gate gate other early late");
}

// ---- L4 ----

/// Something of everything: retries, pools, dependencies, children, cancels, naps and limits.
pub(super) fn mixture(bench: &mut Bench) {
    let gate = bench.script("gate", [Yield, Nap(3), Yield]);
    for name in ["r1", "r2", "r3"] {
        bench.add_spec(script(name, [Fail("x"), Yield, Fail("y"), Nap(2)]).retry(Retry::A_FEW));
    }
    bench.add_spec(script("disk", [Nap(1), Yield]).pool("disk", 1).after(gate));
    bench.add_spec(script("big", [Yield, Nap(4)]).pool("disk", 2).priority(3));
    bench.add_spec(script(
        "parent",
        [
            then(|cx| {
                for name in ["c1", "c2", "c3"] {
                    cx.spawn(script(name, [Yield, Nap(2)])).unwrap();
                }
                cx.spawn(script("bad", [Nap(1), Fail("bad")])).unwrap();
                Done
            }),
            Yield,
        ],
    ));
    bench.add_spec(script("limited", [Expect]).attempt_timeout(ms(6)));
    bench.add_spec(script("victim", [Expect]));
    bench.add_spec(script(
        "canceller",
        [
            Nap(4),
            then(|cx| {
                let victim = cx.app.id("victim");
                cx.cancel(victim).unwrap();
                Done
            }),
        ],
    ));
    let fails = bench.script("fails", [Yield, Fail("no")]);
    let blocked = bench.add_spec(script("blocked", []).after(fails));
    bench.add_spec(script("anyway", []).after_settled(blocked));
}

fn run_in_steps(budget: u64) -> (Vec<String>, String) {
    let mut bench = Bench::new(config(3).retry_delay(ms(10)).pool("disk", 2));
    mixture(&mut bench);
    let mut now = 0;
    loop {
        let crank = bench.turns_at(at_ms(now), budget);
        assert!(crank.turns <= budget.max(1));
        match crank.next {
            Next::Now => {}
            Next::At(time) => now = time.as_nanos() / 1_000_000,
            Next::Idle => return (bench.events(), bench.ran()),
            other => panic!("{other:?}: {}", bench.s.stall_report()),
        }
    }
}

#[test]
fn l04_the_schedule_does_not_depend_on_the_budget() {
    let whole = run_in_steps(u64::MAX);
    assert!(whole.0.len() > 60, "{:#?}", whole.0);
    for budget in [0, 1, 2, 3, 7, 20] {
        assert_eq!(run_in_steps(budget), whole, "with a budget of {budget}");
    }
}

#[test]
fn l04_a_budget_of_zero_counts_as_one() {
    let mut bench = Bench::with_permits(4);
    bench.script("a", []);
    bench.script("b", []);
    let crank = bench.turns(0);
    assert_eq!((crank.turns, crank.next), (1, Next::Now));
    assert_eq!(bench.ran(), "a");
}

#[test]
fn l04_the_next_crank_goes_on_inside_the_round() {
    let mut bench = Bench::with_permits(9);
    bench.script("a", [Yield]);
    bench.script("b", [Yield]);
    bench.script("c", [Yield]);
    bench.turns(2);
    assert_eq!(bench.ran(), "a b");
    // Ready only since then, and the inbox too: they wait for the next round.
    bench.script("d", []);
    bench.s.remote().post(|log, _| log.push("mail")).unwrap();
    bench.turns(1);
    assert_eq!(bench.ran(), "c");
    bench.runs("mail a b d c");
}

#[test]
fn l04_or_when_stops_after_a_turn_and_changes_nothing_else() {
    let mut bench = Bench::with_permits(9);
    for name in ["a", "b", "c"] {
        bench.script(name, [Yield]);
    }
    let mut asked = 0;
    let crank = bench.s.crank_work(
        at_ms(0),
        &mut bench.log,
        Budget::unlimited().or_when(|| {
            asked += 1;
            asked == 4
        }),
    );
    assert_eq!((crank.turns, crank.next, asked), (4, Next::Now, 4));
    assert_eq!(bench.ran(), "a b c a");
    bench.runs("b c");
}
