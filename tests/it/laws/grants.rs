//! L2: what comes when in a round, and who gets the permits.

use super::Step::{Expect, Fail, Nap, Pending, Yield};
use super::{Lab, Script, config, lab, lab_with, script, then};
use crate::units::{at_ms, ms};
use crankwork::WorkState::{Queued, Running, Success, Waiting};
use crankwork::{Retry, Spec};

#[test]
fn l02_the_inbox_comes_before_the_timers() {
    let mut lab = lab(9);
    let a = lab.work("a", [Nap(5)]);
    lab.crank(0);
    lab.ran();
    // Had the timer come first, `a` would be Running by now.
    lab.s
        .remote()
        .post(move |log, s| log.say(s.state(a).unwrap()))
        .unwrap();
    lab.runs(5, "Waiting a");
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
    // A closure that is posted while the inbox is being taken waits for the next round.
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
    lab.runs(10, "early tie 1 tie 2 late busy");
}

#[test]
fn l02_permits_are_granted_after_the_timers() {
    let mut lab = lab(1);
    let limit = script("limited", [Expect]).attempt_timeout(ms(5));
    let limited = lab.add(limit.retry(Retry::NEVER));
    let other = lab.work("other", [Expect]);
    lab.crank(0);
    assert_eq!(lab.states(&[limited, other]), [Waiting, Queued]);
    lab.add(script("never granted", []).deadline(at_ms(5)).priority(9));
    // At 5 the deadline removes a waiting work of high priority before anything is granted.
    lab.ran();
    lab.runs(5, "limited! other");
}

#[test]
fn l02_a_back_off_that_ends_is_granted_in_its_round() {
    let mut lab = lab(1);
    lab.add(script("a", [Fail("once")]).retry(Retry::ONCE));
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
    lab.runs(5, "holder high returner new");
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
    lab.runs(5, "holder two one");
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
    lab.runs(5, "net disk both");
}

#[test]
fn l02_overtaken_only_by_works_that_need_nothing_it_lacks() {
    let mut lab = pools(4);
    lab.add(script("holder", [Nap(5)]).pool("disk", 1));
    lab.add(script("big", []).pool("disk", 2));
    lab.add(script("small", []).pool("disk", 1)); // fits, but needs what `big` lacks
    lab.add(script("net", []).pool("net", 1)); // needs nothing of it
    lab.add(script("plain", []));
    lab.runs(0, "holder net plain");
    lab.runs(5, "holder big small");
}

#[test]
fn l02_not_overtaken_by_a_work_with_other_pools_that_shares_what_it_lacks() {
    let mut lab = pools(4);
    lab.add(script("holder", [Nap(5)]).pool("disk", 1));
    lab.add(script("big", []).pool("disk", 2));
    lab.add(script("both", []).pool("disk", 1).pool("net", 1)); // all of it is free
    lab.add(script("free", []).pool("disk", 1).no_permit()); // and of this
    lab.runs(0, "holder");
    lab.runs(5, "holder big both free");
}

/// Two works need both pools. The second of them is the one that lacks `net`.
#[test]
fn l02_not_overtaken_by_a_lower_priority_while_it_waits_behind_its_like() {
    let mut lab = pools(9);
    lab.add(script("holder", [Nap(5)]).pool("disk", 1).pool("net", 1));
    let both = |name, net| {
        script(name, [])
            .pool("disk", 2)
            .pool("net", net)
            .priority(1)
    };
    lab.add(both("first", 1)); // lacks disk
    lab.add(both("second", 2)); // lacks disk and net
    lab.add(script("lower", []).pool("net", 1));
    lab.runs(0, "holder");
    lab.runs(5, "holder first second lower");
}

#[test]
fn l02_a_work_that_lacks_the_general_permit_lets_only_permitless_works_pass() {
    let mut lab = pools(1);
    lab.work("holder", [Nap(5)]);
    lab.add(script("disk", []).pool("disk", 1));
    lab.add(script("net", []).pool("net", 1));
    lab.add(script("free", []).pool("net", 1).no_permit());
    lab.runs(0, "holder free");
    lab.runs(5, "holder disk net");
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
    lab.runs(0, "holder small elsewhere");
    lab.runs(5, "holder big later");
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
    lab.runs(10, "holder holder 1 net 2 disk 3 plain 4 net 5 both");
}

#[test]
fn l02_a_weight_of_the_general_pool_comes_on_top_of_the_permit() {
    let mut lab = lab(3);
    let heavy = |name| script(name, [Nap(5)]).pool("max_concurrency", 2);
    lab.work("light", [Nap(5)]);
    // It needs 3 in all, and 2 are free.
    let heavy = lab.add(heavy("heavy"));
    assert_eq!(lab.state(heavy), Queued);
    lab.runs(0, "light");
    lab.runs(5, "light heavy");
    let other = lab.work("other", []);
    assert_eq!(lab.state(other), Queued, "`heavy` holds all three");
    lab.runs(10, "heavy other");
}

/// Works that need other pools do not wait for each other, however the sets of pools came to be known.
#[test]
fn l02_works_of_different_pools_do_not_wait_in_one_line() {
    let mut lab = lab_with(config(9).pool("a", 1).pool("b", 1).pool("c", 1));
    let gate = lab.work("gate", [Nap(5)]);
    let a = lab.add(script("a", []).pool("a", 1).after(gate));
    lab.add(script("has a", [Nap(50)]).pool("a", 1));
    lab.add(script("b", []).pool("b", 1));
    lab.add(script("has c", [Nap(10)]).pool("c", 1));
    lab.crank(0);
    lab.crank(5);
    let c = lab.add(script("c", []).pool("c", 1));
    assert_eq!(lab.states(&[a, c]), [Queued, Queued]);
    lab.crank(10);
    assert_eq!(lab.states(&[a, c]), [Queued, Success]);
}
