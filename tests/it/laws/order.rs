//! L1, L3, L4: rounds and budgets.

use super::Step::{Done, Expect, Fail, Nap, Pending, Yield};
use super::{Lab, config, lab, lab_with, script, then};
use crate::units::{at_ms, ms};
use crankwork::WorkState::Queued;
use crankwork::{Budget, Next, Retry};

// ---- L1 ----

#[test]
fn l01_turns_go_first_come_first_served() {
    let mut lab = lab(9);
    for name in ["a", "b", "c"] {
        lab.work(name, [Yield, Yield]);
    }
    lab.runs(0, "a b c a b c a b c");
}

#[test]
fn l01_priority_orders_no_turns() {
    let mut lab = lab(9);
    lab.add(script("low", [Yield]).priority(-5));
    lab.add(script("high", [Yield]).priority(5));
    lab.runs(0, "low high low high");
}

#[test]
fn l01_what_becomes_ready_during_the_turns_has_its_turn_in_the_next_round() {
    let mut lab = lab(9);
    lab.work("sleeper", [Expect]);
    lab.crank(0);
    lab.ran();
    // The first turn wakes the sleeper and adds a work; both come after the rest of its round, in that order.
    lab.work(
        "a",
        [then(|cx| {
            let sleeper = cx.app.id("sleeper");
            cx.wake(sleeper).unwrap();
            cx.spawn_root(script("added", [])).unwrap();
            Yield
        })],
    );
    lab.work("b", []);
    lab.runs(0, "a b sleeper added a");
}

#[test]
fn l01_a_dependent_has_its_turn_in_the_next_round() {
    let mut lab = lab(9);
    let a = lab.work("a", []);
    lab.add(script("dependent", []).after(a));
    lab.work("b", [Yield]);
    lab.runs(0, "a b dependent b");
}

#[test]
fn l01_inbox_and_timers_make_works_ready_for_the_same_round() {
    let mut lab = lab(9);
    lab.work(
        "mailed",
        [then(|cx| {
            let waker = cx.remote_waker();
            cx.app.wakers.push(waker);
            Pending
        })],
    );
    lab.work("timed", [Nap(5)]);
    lab.crank(0);
    lab.ran();
    lab.work("added", [Yield]);
    lab.log.wakers[0].wake();
    // Ready since the add; then the inbox; then the timer: one round.
    lab.runs(5, "added mailed timed added");
}

// ---- L3 ----

#[test]
fn l03_back_offs_join_in_arming_order_before_turns_release_dependents() {
    let mut lab = lab(2);
    lab.add(script("retry 1", [Fail("x")]).retry(Retry::ONCE));
    lab.add(script("retry 2", [Fail("x")]).retry(Retry::ONCE));
    lab.crank(0);
    // At 10 both back-offs end; `a` and `b` hold the permits, and in that round a's turn releases `dependent`.
    let a = lab.work("a", [Nap(10)]);
    lab.work("b", [Nap(10)]);
    lab.add(script("dependent", []).after(a));
    lab.crank(0);
    lab.ran();
    lab.entered(Queued);
    lab.crank(10);
    assert_eq!(lab.entered(Queued), "retry 1 retry 2 dependent");
    assert_eq!(lab.ran(), "a b retry 1 retry 2 dependent");
}

#[test]
fn l03_dependents_join_in_the_order_in_which_their_edges_were_added() {
    let mut lab = lab(1);
    let gate = lab.work("gate", [Nap(5)]);
    let other = lab.work("other", []);
    // Added in the order late, early; their edges to `gate` the other way round.
    let late = lab.add(script("late", []).after(other));
    lab.add(script("early", []).after(gate));
    lab.s.add_dependency(gate, late).unwrap();
    lab.crank(0);
    lab.runs(5, "gate gate other early late");
}

// ---- L4 ----

/// Something of everything: retries, pools, dependencies, children, cancels, naps and limits.
pub(super) fn mixture(lab: &mut Lab) {
    let gate = lab.work("gate", [Yield, Nap(3), Yield]);
    for name in ["r1", "r2", "r3"] {
        lab.add(script(name, [Fail("x"), Yield, Fail("y"), Nap(2)]).retry(Retry::A_FEW));
    }
    lab.add(script("disk", [Nap(1), Yield]).pool("disk", 1).after(gate));
    lab.add(script("big", [Yield, Nap(4)]).pool("disk", 2).priority(3));
    lab.add(script(
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
    lab.add(script("limited", [Expect]).attempt_timeout(ms(6)));
    lab.add(script("victim", [Expect]));
    lab.add(script(
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
    let fails = lab.work("fails", [Yield, Fail("no")]);
    let blocked = lab.add(script("blocked", []).after(fails));
    lab.add(script("anyway", []).after_settled(blocked));
}

fn run_in_steps(budget: u64) -> (String, String) {
    let mut lab = lab_with(config(3).pool("disk", 2));
    mixture(&mut lab);
    let mut now = 0;
    loop {
        let crank = lab.turns(now, budget);
        assert!(crank.turns <= budget.max(1));
        match crank.next {
            Next::Now => {}
            Next::At(time) => now = time.as_nanos() / 1_000_000,
            Next::Idle => return (lab.events(), lab.ran()),
            other => panic!("{other:?}: {}", lab.s.stall_report()),
        }
    }
}

#[test]
fn l04_the_schedule_does_not_depend_on_the_budget() {
    let whole = run_in_steps(u64::MAX);
    assert!(whole.0.lines().count() > 60, "{}", whole.0);
    for budget in [0, 1, 2, 3, 7, 20] {
        assert_eq!(run_in_steps(budget), whole, "with a budget of {budget}");
    }
}

#[test]
fn l04_a_budget_of_zero_counts_as_one() {
    let mut lab = lab(4);
    lab.work("a", []);
    lab.work("b", []);
    let crank = lab.turns(0, 0);
    assert_eq!((crank.turns, crank.next), (1, Next::Now));
    assert_eq!(lab.ran(), "a");
}

#[test]
fn l04_the_next_crank_goes_on_inside_the_round() {
    let mut lab = lab(9);
    lab.work("a", [Yield]);
    lab.work("b", [Yield]);
    lab.work("c", [Yield]);
    lab.turns(0, 2);
    assert_eq!(lab.ran(), "a b");
    // Ready only since then, and the inbox too: they wait for the next round.
    lab.work("d", []);
    lab.s.remote().post(|log, _| log.say("mail")).unwrap();
    lab.turns(0, 1);
    assert_eq!(lab.ran(), "c");
    lab.runs(0, "mail a b d c");
}

#[test]
fn l04_or_when_stops_after_a_turn_and_changes_nothing_else() {
    let mut lab = lab(9);
    for name in ["a", "b", "c"] {
        lab.work(name, [Yield]);
    }
    let mut asked = 0;
    let crank = lab.s.crank_work(
        at_ms(0),
        &mut lab.log,
        Budget::unlimited().or_when(|| {
            asked += 1;
            asked == 4
        }),
    );
    assert_eq!((crank.turns, crank.next, asked), (4, Next::Now, 4));
    assert_eq!(lab.ran(), "a b c a");
    lab.runs(0, "b c");
}
