//! L1 to L6: rounds, permits' order, budgets, timers, the clock.

use super::Step::{Err, Expect, Nap, Ok, Pending, Yield};
use super::{Lab, Script, at, config, lab, lab_with, ms, script, then, time_of};
use crankwork::WorkState::{
    Aborting, Cancelled, Failed, Queued, Retrying, Running, Success, Waiting,
};
use crankwork::{Budget, FailureKind, Next, Retry, Spec, Time, WorkSchedulerConfig};

// ---- L1 ----

#[test]
fn l01_turns_go_first_come_first_served() {
    let mut lab = lab(9);
    for name in ["a", "b", "c"] {
        lab.work(name, [Yield, Yield]);
    }
    lab.crank(0);
    assert_eq!(lab.ran(), "a b c a b c a b c");
}

#[test]
fn l01_priority_orders_no_turns() {
    let mut lab = lab(9);
    lab.add(script("low", [Yield]).priority(-5));
    lab.add(script("high", [Yield]).priority(5));
    lab.crank(0);
    assert_eq!(lab.ran(), "low high low high");
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
    lab.crank(0);
    assert_eq!(lab.ran(), "a b sleeper added a");
}

#[test]
fn l01_a_dependent_has_its_turn_in_the_next_round() {
    let mut lab = lab(9);
    let a = lab.work("a", []);
    lab.add(script("dependent", []).after(a));
    lab.work("b", [Yield]);
    lab.crank(0);
    assert_eq!(lab.ran(), "a b dependent b");
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
    lab.crank(5);
    assert_eq!(lab.ran(), "added mailed timed added");
}

// ---- L2 ----

#[test]
fn l02_the_inbox_comes_before_the_timers() {
    let mut lab = lab(9);
    let a = lab.work("a", [Nap(5)]);
    lab.crank(0);
    lab.ran();
    // Had the timer come first, `a` would have been given a turn, or two.
    lab.s.remote().cancel(a);
    lab.crank(5);
    assert_eq!(lab.ran(), "a!");
    assert_eq!(lab.state(a), Cancelled);
}

#[test]
fn l02_the_inbox_is_taken_as_it_is_and_in_order() {
    let mut lab = lab(9);
    let remote = lab.s.remote();
    let again = remote.clone();
    remote
        .post(move |log, _| {
            log.say("first");
            again.post(|log, _| log.say("posted meanwhile")).unwrap();
        })
        .unwrap();
    remote.post(|log, _| log.say("second")).unwrap();
    lab.work("a", []);
    lab.crank(0);
    // What came while the inbox was being taken waits for the next round.
    assert_eq!(lab.ran(), "first second a posted meanwhile");
}

#[test]
fn l02_timers_fire_by_deadline_then_arming_order_and_before_turns() {
    let mut lab = lab(9);
    lab.work("late", [Nap(7)]);
    lab.work("tie 1", [Nap(5)]);
    lab.work("tie 2", [Nap(5)]);
    lab.work("early", [Nap(3)]);
    lab.work(
        "busy",
        [then(|cx| {
            cx.wake_after(ms(7));
            Pending
        })],
    );
    lab.crank(0);
    lab.ran();
    lab.crank(10);
    assert_eq!(lab.ran(), "early tie 1 tie 2 late busy");
}

#[test]
fn l02_permits_are_granted_after_the_timers() {
    let mut lab = lab(1);
    let limit = script("limited", [Expect]).attempt_timeout(ms(5));
    let limited = lab.add(limit.retry(Retry::NEVER));
    let other = lab.work("other", [Expect]);
    lab.crank(0);
    assert_eq!(lab.states(&[limited, other]), [Waiting, Queued]);
    lab.add(script("never granted", []).deadline(at(5)).priority(9));
    // At 5 the deadline removes a waiting work of high priority before anything is granted.
    lab.ran();
    lab.crank(5);
    assert_eq!(lab.ran(), "limited! other");
}

#[test]
fn l02_a_back_off_that_ends_is_granted_in_its_round() {
    let mut lab = lab(1);
    lab.add(script("a", [Err("once")]).retry(Retry::ONCE));
    lab.crank(0);
    lab.ran();
    let crank = lab.turns(10, 1);
    assert_eq!((crank.turns, lab.ran().as_str()), (1, "a"));
}

#[test]
fn l02_permits_are_granted_after_each_turn() {
    let mut lab = lab(1);
    let a = lab.work("a", []);
    let b = lab.work("b", []);
    assert_eq!(lab.states(&[a, b]), [Running, Queued]);
    // Inside the round, with `b` ready for the next.
    lab.turns(0, 1);
    assert_eq!(lab.states(&[a, b]), [Success, Running]);
}

#[test]
fn l02_a_grant_after_a_turn_precedes_what_later_turns_make_ready() {
    let mut lab = lab(2);
    lab.work("a", []);
    lab.work("b", [Yield]);
    lab.work("waits", []);
    lab.crank(0);
    // `waits` got a's permit before b yielded.
    assert_eq!(lab.ran(), "a b waits b");
}

#[test]
fn l02_higher_priority_first_then_arrival() {
    let mut lab = lab(1);
    lab.work("first", []);
    lab.add(script("low", []).priority(-1));
    lab.add(script("plain 1", []));
    lab.add(script("high 1", []).priority(1));
    lab.add(script("plain 2", []));
    lab.add(script("high 2", []).priority(1));
    lab.add(script("highest", []).priority(i8::MAX));
    lab.add(script("lowest", []).priority(i8::MIN));
    lab.crank(0);
    assert_eq!(
        lab.ran(),
        "first highest high 1 high 2 plain 1 plain 2 low lowest"
    );
}

/// A work that gives its permit back and sleeps until it is woken.
fn releases(name: &'static str) -> Spec<super::Log, Script> {
    script(
        name,
        [then(|cx| {
            cx.release_permit();
            Expect
        })],
    )
}

#[test]
fn l02_at_one_priority_a_returner_goes_first_but_priority_counts_more() {
    let mut lab = lab(1);
    let back = lab.add(releases("returner"));
    lab.crank(0);
    lab.work("holder", [Nap(5)]);
    lab.crank(0);
    lab.work("new", []);
    lab.add(script("high", []).priority(1));
    lab.s.wake(back).unwrap();
    assert_eq!(lab.state(back), Queued);
    lab.ran();
    lab.crank(5);
    assert_eq!(lab.ran(), "holder high returner new");
}

#[test]
fn l02_returners_among_themselves_by_arrival() {
    let mut lab = lab(1);
    let one = lab.add(releases("one"));
    let two = lab.add(releases("two"));
    lab.crank(0);
    lab.work("holder", [Nap(5)]);
    lab.crank(0);
    lab.s.wake(two).unwrap();
    lab.s.wake(one).unwrap();
    lab.ran();
    lab.crank(5);
    assert_eq!(lab.ran(), "holder two one");
}

fn pools(permits: usize) -> Lab {
    lab_with(config(permits).pool("disk", 2).pool("net", 2))
}

#[test]
fn l02_all_permits_at_once_or_none() {
    let mut lab = pools(4);
    lab.add(script("net", [Nap(5)]).pool("net", 1));
    // Needs 2 of both: disk is free, net is not; it must not sit on disk meanwhile.
    let both = lab.add(
        script("both", [])
            .pool("disk", 2)
            .pool("net", 2)
            .priority(-1),
    );
    let disk = lab.add(script("disk", [Nap(5)]).pool("disk", 2).priority(1));
    assert_eq!(lab.state(both), Queued);
    lab.crank(0);
    assert_eq!(lab.state(disk), Waiting, "nobody holds `disk`");
    lab.ran();
    lab.crank(5);
    assert_eq!(lab.ran(), "net disk both");
}

#[test]
fn l02_overtaken_only_by_works_that_need_nothing_it_lacks() {
    let mut lab = pools(4);
    lab.add(script("holder", [Nap(5)]).pool("disk", 1));
    lab.add(script("big", []).pool("disk", 2));
    lab.add(script("small", []).pool("disk", 1)); // fits, but needs what `big` lacks
    lab.add(script("net", []).pool("net", 1)); // needs nothing of it
    lab.add(script("plain", []));
    lab.crank(0);
    assert_eq!(lab.ran(), "holder net plain");
    lab.crank(5);
    assert_eq!(lab.ran(), "holder big small");
}

#[test]
fn l02_a_work_that_lacks_the_general_permit_lets_only_permitless_works_pass() {
    let mut lab = pools(1);
    lab.work("holder", [Nap(5)]);
    lab.add(script("disk", []).pool("disk", 1));
    lab.add(script("net", []).pool("net", 1));
    lab.add(script("free", []).pool("net", 1).no_permit());
    lab.crank(0);
    assert_eq!(lab.ran(), "holder free");
    lab.crank(5);
    assert_eq!(lab.ran(), "holder disk net");
}

#[test]
fn l02_a_high_priority_work_that_lacks_a_pool_holds_it_against_lower_ones() {
    let mut lab = pools(4);
    lab.add(script("holder", [Nap(5)]).pool("disk", 1));
    lab.add(script("small", []).pool("disk", 1).priority(-1));
    // `small` was granted at once: nobody waited. From now on `big` does.
    lab.add(script("big", []).pool("disk", 2).priority(7));
    lab.add(script("later", []).pool("disk", 1).priority(-1));
    lab.add(script("elsewhere", []).pool("net", 2).priority(-1));
    lab.crank(0);
    assert_eq!(lab.ran(), "holder small elsewhere");
    lab.crank(5);
    assert_eq!(lab.ran(), "holder big later");
}

#[test]
fn l02_arrival_holds_across_different_sets_of_pools() {
    let mut lab = pools(1);
    lab.work("holder", [Nap(5)]);
    lab.add(script("1 net", []).pool("net", 1));
    lab.add(script("2 disk", []).pool("disk", 1));
    lab.add(script("3 plain", []));
    lab.add(script("4 net", []).pool("net", 1));
    lab.add(script("5 both", []).pool("net", 1).pool("disk", 1));
    lab.crank(5);
    lab.crank(10);
    assert_eq!(lab.ran(), "holder holder 1 net 2 disk 3 plain 4 net 5 both");
}

#[test]
fn l02_a_weight_of_the_general_pool_comes_on_top_of_the_permit() {
    let mut lab = lab(3);
    let heavy = |name| script(name, [Nap(5)]).pool("max_concurrency", 2);
    lab.work("light", [Nap(5)]);
    // It needs 3 in all, and 2 are free.
    let heavy = lab.add(heavy("heavy"));
    assert_eq!(lab.state(heavy), Queued);
    lab.crank(0);
    assert_eq!(lab.ran(), "light");
    lab.crank(5);
    assert_eq!(lab.ran(), "light heavy");
    let other = lab.work("other", []);
    assert_eq!(lab.state(other), Queued, "`heavy` holds all three");
    lab.crank(10);
    assert_eq!(lab.ran(), "heavy other");
}

// ---- L3 ----

#[test]
fn l03_back_offs_join_in_arming_order_before_turns_release_dependents() {
    let mut lab = lab(2);
    lab.add(script("retry 1", [Err("x")]).retry(Retry::ONCE));
    lab.add(script("retry 2", [Err("x")]).retry(Retry::ONCE));
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
    lab.crank(5);
    assert_eq!(lab.ran(), "gate gate other early late");
}

// ---- L4 ----

/// Something of everything: retries, pools, dependencies, children, cancels, naps and limits.
pub(super) fn mixture(lab: &mut Lab) {
    let gate = lab.work("gate", [Yield, Nap(3), Yield]);
    for name in ["r1", "r2", "r3"] {
        lab.add(script(name, [Err("x"), Yield, Err("y"), Nap(2)]).retry(Retry::A_FEW));
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
                cx.spawn(script("bad", [Nap(1), Err("bad")])).unwrap();
                Ok
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
                Ok
            }),
        ],
    ));
    let fails = lab.work("fails", [Yield, Err("no")]);
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
    lab.crank(0);
    assert_eq!(lab.ran(), "mail a b d c");
}

#[test]
fn l04_or_when_stops_after_a_turn_and_changes_nothing_else() {
    let mut lab = lab(9);
    for name in ["a", "b", "c"] {
        lab.work(name, [Yield]);
    }
    let mut asked = 0;
    let crank = lab.s.crank_work(
        at(0),
        &mut lab.log,
        Budget::unlimited().or_when(|| {
            asked += 1;
            asked == 4
        }),
    );
    assert_eq!((crank.turns, crank.next, asked), (4, Next::Now, 4));
    assert_eq!(lab.ran(), "a b c a");
    lab.crank(0);
    assert_eq!(lab.ran(), "b c");
}

// ---- L5 ----

#[test]
fn l05_a_timer_for_now_or_earlier_fires_in_a_later_round() {
    for delay_from in [at(0), at(3), at(5)] {
        let mut lab = lab(9);
        lab.crank(5);
        lab.work(
            "a",
            [then(move |cx| {
                cx.wake_at(delay_from);
                Pending
            })],
        );
        lab.work("b", [Yield, Yield]);
        let crank = lab.crank(5);
        assert_eq!(crank.next, Next::Idle);
        // Due at once, so in the very next round, after those that were ready before its timers.
        assert_eq!(lab.ran(), "a b b a b");
    }
}

#[test]
fn l05_one_alarm_the_earliest_of_a_turns_wishes() {
    let mut lab = lab(9);
    let a = lab.work(
        "a",
        [
            then(|cx| {
                for delay in [7, 3, 9] {
                    cx.wake_after(ms(delay));
                }
                Pending
            }),
            Expect,
        ],
    );
    assert_eq!(time_of(lab.crank(0).next), at(3));
    assert_eq!(lab.crank(3).next, Next::External, "7 and 9 are forgotten");
    assert_eq!(lab.state(a), Waiting);
    assert_eq!(lab.ran(), "a a");
}

#[test]
fn l05_the_next_turn_drops_the_alarm() {
    let mut lab = lab(9);
    let a = lab.work("a", [Nap(5), Expect]);
    lab.crank(0);
    lab.s.wake(a).unwrap();
    assert_eq!(lab.crank(1).next, Next::External);
    assert_eq!(lab.crank(5).turns, 0);
}

#[test]
fn l05_an_alarm_asked_for_in_a_turn_that_yields_is_dropped_too() {
    let mut lab = lab(9);
    lab.work(
        "a",
        [
            then(|cx| {
                cx.wake_after(ms(5));
                Yield
            }),
            Expect,
        ],
    );
    assert_eq!(lab.crank(0).next, Next::External);
    assert_eq!(lab.ran(), "a a");
}

#[test]
fn l05_the_end_of_the_attempt_drops_the_alarm() {
    let mut lab = lab(9);
    let a = lab.work("a", [Nap(5)]);
    lab.crank(0);
    lab.s.cancel(a).unwrap();
    assert_eq!(lab.crank(1).next, Next::Idle);
    lab.work(
        "b",
        [then(|cx| {
            cx.wake_after(ms(5));
            Err("with an alarm set")
        })],
    );
    assert_eq!(lab.crank(1).next, Next::Idle);
}

#[test]
fn l05_deadline_beats_attempt_timeout_beats_alarm_at_one_instant() {
    // Armed in the order alarm last; a retry is left, so a timeout would back off and an alarm would give a turn.
    let spec = || {
        script("a", [Nap(5)])
            .attempt_timeout(ms(5))
            .retry(Retry::ONCE)
    };
    let mut lab = lab(9);
    let both = lab.add(spec().deadline(at(5)));
    lab.crank(0);
    lab.crank(5);
    assert_eq!(*lab.failure(both).kind(), FailureKind::Deadline(at(5)));
    assert_eq!(lab.ran(), "a a!");

    let timeout = lab.add(spec());
    lab.crank(5);
    lab.crank(10);
    assert_eq!(lab.ran(), "a a!", "no turn for the alarm");
    assert_eq!(lab.state(timeout), Retrying);
}

#[test]
fn l05_deadline_beats_an_alarm_that_was_armed_first() {
    let mut lab = lab(9);
    // The alarm is armed at 0; the attempt's timeout only at 5, with the retry: both for 20.
    let a = lab.add(
        script("a", [Err("x"), Nap(5)])
            .retry(Retry::times(2))
            .deadline(at(15)),
    );
    lab.crank(0);
    lab.crank(10);
    lab.ran();
    // Its alarm and its deadline both come at 15.
    lab.crank(15);
    assert_eq!(lab.ran(), "a!");
    assert_eq!(*lab.failure(a).kind(), FailureKind::Deadline(at(15)));
}

#[test]
fn l05_deadline_beats_the_end_of_a_back_off() {
    let mut lab = lab(9);
    let a = lab.add(script("a", [Err("x")]).retry(Retry::ONCE).deadline(at(10)));
    lab.crank(0);
    assert_eq!(lab.state(a), Retrying);
    lab.crank(10);
    assert_eq!((lab.state(a), lab.ran().as_str()), (Failed, "a"));
}

#[test]
fn l05_grace_beats_an_alarm_at_one_instant() {
    let mut lab = lab(9);
    let work = Script::new([Expect]).on_abort([Nap(5), Ok]);
    let a = lab.add(Spec::new("a", work).abort_grace(ms(5)));
    lab.crank(0);
    lab.s.cancel(a).unwrap();
    lab.crank(0);
    assert_eq!((lab.state(a), lab.ran().as_str()), (Aborting, "a a!"));
    lab.crank(5);
    assert_eq!((lab.state(a), lab.ran().as_str()), (Cancelled, ""));
    assert_eq!(lab.s.metrics().forced_aborts, 1);
}

// ---- L6 ----

#[test]
#[cfg(debug_assertions)]
#[should_panic(expected = "time went back")]
fn l06_time_that_goes_back_is_a_debug_assertion() {
    let mut lab = lab(9);
    lab.crank(5);
    lab.crank(4);
}

#[test]
#[cfg(not(debug_assertions))]
fn l06_a_smaller_time_is_treated_as_the_last_one() {
    let mut lab = lab(9);
    lab.crank(5);
    lab.work("a", [Nap(1)]);
    assert_eq!(lab.crank(4).next, Next::At(at(6)));
    assert_eq!(lab.s.now(), at(5));
}

#[test]
fn l06_the_same_time_again_is_fine_and_now_is_the_last_cranks() {
    let mut lab = lab(9);
    lab.crank(5);
    lab.crank(5);
    assert_eq!(lab.s.now(), at(5));
    lab.crank_at(Time::MAX);
    lab.crank_at(Time::MAX);
    assert_eq!(lab.s.now(), Time::MAX);
    let _ = WorkSchedulerConfig::default();
}
