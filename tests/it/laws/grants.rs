//! L2: what comes when in a round, and who gets the permits.

use crate::units::{at_ms, ms};
use crate::workbench::Step::{Expect, Fail, Nap, Pending, Yield};
use crate::workbench::*;
use crankwork::WorkState::{Queued, Running, Success, Waiting};
use crankwork::{Retry, Spec};

#[test]
fn l02_the_inbox_comes_before_the_timers() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script("a", [Nap(5)]);
    bench.crank();
    bench.ran();
    // Had the timer come first, `a` would be Running by now.
    bench
        .s
        .remote()
        .post(move |log, s| log.push(s.state(a).unwrap()))
        .unwrap();
    bench.runs_at(at_ms(5), "Waiting a");
}

#[test]
fn l02_the_inbox_is_taken_as_it_is_and_in_order() {
    let mut bench = Bench::with_permits(9);
    let remote = bench.s.remote();
    let again = remote.clone();
    remote
        .post(move |log, _| {
            log.push("first");
            again.post(|log, _| log.push("posted meanwhile")).unwrap();
        })
        .unwrap();
    remote.post(|log, _| log.push("second")).unwrap();
    bench.script("a", []);
    bench.crank();
    // A closure that is posted while the inbox is being taken waits for the next round.
    assert_eq!(bench.ran(), "first second a posted meanwhile");
}

#[test]
fn l02_timers_fire_by_deadline_then_arming_order_and_before_turns() {
    let mut bench = Bench::with_permits(9);
    bench.script("late", [Nap(7)]);
    bench.script("tie 1", [Nap(5)]);
    bench.script("tie 2", [Nap(5)]);
    bench.script("early", [Nap(3)]);
    bench.script(
        "busy",
        [then(|cx| {
            cx.wake_after(ms(7));
            Pending
        })],
    );
    bench.crank();
    bench.ran();
    bench.runs_at(at_ms(10), "early tie 1 tie 2 late busy");
}

#[test]
fn l02_permits_are_granted_after_the_timers() {
    let mut bench = Bench::with_back_off(1, ms(10));
    let limit = script("limited", [Expect]).attempt_timeout(ms(5));
    let limited = bench.add_spec(limit.retry(Retry::NEVER));
    let other = bench.script("other", [Expect]);
    bench.crank();
    assert_eq!(bench.states([limited, other]), [Waiting, Queued]);
    bench.add_spec(script("never granted", []).deadline(at_ms(5)).priority(9));
    // At 5 the deadline removes a waiting work of high priority before anything is granted.
    bench.ran();
    bench.runs_at(at_ms(5), "limited! other");
}

#[test]
fn l02_a_back_off_that_ends_is_granted_in_its_round() {
    let mut bench = Bench::with_back_off(1, ms(10));
    bench.add_spec(script("a", [Fail("once")]).retry(Retry::ONCE));
    bench.crank();
    bench.ran();
    let crank = bench.turns_at(at_ms(10), 1);
    assert_eq!((crank.turns, bench.ran().as_str()), (1, "a"));
}

#[test]
fn l02_permits_are_granted_after_each_turn() {
    let mut bench = Bench::with_permits(1);
    let a = bench.script("a", []);
    let b = bench.script("b", []);
    assert_eq!(bench.states([a, b]), [Running, Queued]);
    // Inside the round, with `b` ready for the next.
    bench.turns(1);
    assert_eq!(bench.states([a, b]), [Success, Running]);
}

#[test]
fn l02_a_grant_after_a_turn_precedes_what_later_turns_make_ready() {
    let mut bench = Bench::with_permits(2);
    bench.script("a", []);
    bench.script("b", [Yield]);
    bench.script("waits", []);
    bench.crank();
    // `waits` got a's permit before b yielded.
    assert_eq!(bench.ran(), "a b waits b");
}

#[test]
fn l02_higher_priority_first_then_arrival() {
    let mut bench = Bench::with_permits(1);
    bench.script("first", []);
    bench.add_spec(script("low", []).priority(-1));
    bench.add_spec(script("plain 1", []));
    bench.add_spec(script("high 1", []).priority(1));
    bench.add_spec(script("plain 2", []));
    bench.add_spec(script("high 2", []).priority(1));
    bench.add_spec(script("highest", []).priority(i8::MAX));
    bench.add_spec(script("lowest", []).priority(i8::MIN));
    bench.crank();
    assert_eq!(
        bench.ran(),
        "first highest high 1 high 2 plain 1 plain 2 low lowest"
    );
}

/// A work that gives its permit back and sleeps until it is woken.
fn releases(name: &'static str) -> Spec<Log, Probe> {
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
    let mut bench = Bench::with_permits(1);
    let back = bench.add_spec(releases("returner"));
    bench.crank();
    bench.script("holder", [Nap(5)]);
    bench.crank();
    bench.script("new", []);
    bench.add_spec(script("high", []).priority(1));
    bench.s.wake(back).unwrap();
    assert_eq!(bench.state(back), Queued);
    bench.ran();
    bench.runs_at(at_ms(5), "holder high returner new");
}

#[test]
fn l02_returners_among_themselves_by_arrival() {
    let mut bench = Bench::with_permits(1);
    let one = bench.add_spec(releases("one"));
    let two = bench.add_spec(releases("two"));
    bench.crank();
    bench.script("holder", [Nap(5)]);
    bench.crank();
    bench.s.wake(two).unwrap();
    bench.s.wake(one).unwrap();
    bench.ran();
    bench.runs_at(at_ms(5), "holder two one");
}

fn pools(permits: usize) -> Bench {
    Bench::new(config(permits).pool("disk", 2).pool("net", 2))
}

#[test]
fn l02_all_permits_at_once_or_none() {
    let mut bench = pools(4);
    bench.add_spec(script("net", [Nap(5)]).pool("net", 1));
    // Needs 2 of both: disk is free, net is not; it must not sit on disk meanwhile.
    let both = bench.add_spec(
        script("both", [])
            .pool("disk", 2)
            .pool("net", 2)
            .priority(-1),
    );
    let disk = bench.add_spec(script("disk", [Nap(5)]).pool("disk", 2).priority(1));
    assert_eq!(bench.state(both), Queued);
    bench.crank();
    assert_eq!(bench.state(disk), Waiting, "nobody holds `disk`");
    bench.ran();
    bench.runs_at(at_ms(5), "net disk both");
}

#[test]
fn l02_overtaken_only_by_works_that_need_nothing_it_lacks() {
    let mut bench = pools(4);
    bench.add_spec(script("holder", [Nap(5)]).pool("disk", 1));
    bench.add_spec(script("big", []).pool("disk", 2));
    bench.add_spec(script("small", []).pool("disk", 1)); // fits, but needs what `big` lacks
    bench.add_spec(script("net", []).pool("net", 1)); // needs nothing of it
    bench.add_spec(script("plain", []));
    bench.runs("holder net plain");
    bench.runs_at(at_ms(5), "holder big small");
}

#[test]
fn l02_not_overtaken_by_a_work_with_other_pools_that_shares_what_it_lacks() {
    let mut bench = pools(4);
    bench.add_spec(script("holder", [Nap(5)]).pool("disk", 1));
    bench.add_spec(script("big", []).pool("disk", 2));
    bench.add_spec(script("both", []).pool("disk", 1).pool("net", 1)); // all of it is free
    bench.add_spec(script("free", []).pool("disk", 1).no_permit()); // and of this
    bench.runs("holder");
    bench.runs_at(at_ms(5), "holder big both free");
}

/// Two works need both pools. The second of them is the one that lacks `net`.
#[test]
fn l02_not_overtaken_by_a_lower_priority_while_it_waits_behind_its_like() {
    let mut bench = pools(9);
    bench.add_spec(script("holder", [Nap(5)]).pool("disk", 1).pool("net", 1));
    let both = |name, net| {
        script(name, [])
            .pool("disk", 2)
            .pool("net", net)
            .priority(1)
    };
    bench.add_spec(both("first", 1)); // lacks disk
    bench.add_spec(both("second", 2)); // lacks disk and net
    bench.add_spec(script("lower", []).pool("net", 1));
    bench.runs("holder");
    bench.runs_at(at_ms(5), "holder first second lower");
}

#[test]
fn l02_a_work_that_lacks_the_general_permit_lets_only_permitless_works_pass() {
    let mut bench = pools(1);
    bench.script("holder", [Nap(5)]);
    bench.add_spec(script("disk", []).pool("disk", 1));
    bench.add_spec(script("net", []).pool("net", 1));
    bench.add_spec(script("free", []).pool("net", 1).no_permit());
    bench.runs("holder free");
    bench.runs_at(at_ms(5), "holder disk net");
}

#[test]
fn l02_a_high_priority_work_that_lacks_a_pool_holds_it_against_lower_ones() {
    let mut bench = pools(4);
    bench.add_spec(script("holder", [Nap(5)]).pool("disk", 1));
    bench.add_spec(script("small", []).pool("disk", 1).priority(-1));
    // `small` was granted at once: nobody waited. From now on `big` does.
    bench.add_spec(script("big", []).pool("disk", 2).priority(7));
    bench.add_spec(script("later", []).pool("disk", 1).priority(-1));
    bench.add_spec(script("elsewhere", []).pool("net", 2).priority(-1));
    bench.runs("holder small elsewhere");
    bench.runs_at(at_ms(5), "holder big later");
}

#[test]
fn l02_arrival_holds_across_different_sets_of_pools() {
    let mut bench = pools(1);
    bench.script("holder", [Nap(5)]);
    bench.add_spec(script("1 net", []).pool("net", 1));
    bench.add_spec(script("2 disk", []).pool("disk", 1));
    bench.add_spec(script("3 plain", []));
    bench.add_spec(script("4 net", []).pool("net", 1));
    bench.add_spec(script("5 both", []).pool("net", 1).pool("disk", 1));
    bench.crank_at(at_ms(5));
    bench.runs_at(at_ms(10), "holder holder 1 net 2 disk 3 plain 4 net 5 both");
}

#[test]
fn l02_a_weight_of_the_general_pool_comes_on_top_of_the_permit() {
    let mut bench = Bench::with_permits(3);
    let heavy = |name| script(name, [Nap(5)]).pool("max_concurrency", 2);
    bench.script("light", [Nap(5)]);
    // It needs 3 in all, and 2 are free.
    let heavy = bench.add_spec(heavy("heavy"));
    assert_eq!(bench.state(heavy), Queued);
    bench.runs("light");
    bench.runs_at(at_ms(5), "light heavy");
    let other = bench.script("other", []);
    assert_eq!(bench.state(other), Queued, "`heavy` holds all three");
    bench.runs_at(at_ms(10), "heavy other");
}

/// Works that need other pools do not wait for each other, however the sets of pools came to be known.
#[test]
fn l02_works_of_different_pools_do_not_wait_in_one_line() {
    let mut bench = Bench::new(config(9).pool("a", 1).pool("b", 1).pool("c", 1));
    let gate = bench.script("gate", [Nap(5)]);
    let a = bench.add_spec(script("a", []).pool("a", 1).after(gate));
    bench.add_spec(script("has a", [Nap(50)]).pool("a", 1));
    bench.add_spec(script("b", []).pool("b", 1));
    bench.add_spec(script("has c", [Nap(10)]).pool("c", 1));
    bench.crank();
    bench.crank_at(at_ms(5));
    let c = bench.add_spec(script("c", []).pool("c", 1));
    assert_eq!(bench.states([a, c]), [Queued, Queued]);
    bench.crank_at(at_ms(10));
    assert_eq!(bench.states([a, c]), [Queued, Success]);
}
