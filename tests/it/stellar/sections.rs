//! The sections of stellar-core's own work tests, in our words.
//!
//! Eight test cases there, 32 sections. What other tests here show already is not written twice:
//!
//! | section | test |
//! | --- | --- |
//! | work sequence: basic; empty | `compose::sequence::members_run_one_after_another`, `an_empty_one_succeeds_at_once` |
//! | batching: success | `compose::batch::so_many_at_a_time_refilled_as_they_settle` |
//! | conditional: condition satisfied | `compose::conditional::it_looks_every_100_ms_and_not_again_once_true` |
//! | commands: four sections | need processes |

use crate::workbench::*;
use crankwork::compose::{BatchSource, BatchWork, ConditionalWork, WorkSequence};
use crankwork::{AddError, Backoff, Budget, Next, Retry, Spec, Work, WorkId, WorkState};

/// Takes so many turns, then succeeds.
fn steps(n: u32) -> Probe {
    stepping(n, false)
}

/// Takes so many turns, then fails.
fn bad_steps(n: u32) -> Probe {
    stepping(n, true)
}

fn stepping(n: u32, bad: bool) -> Probe {
    let mut step = 0;
    Probe::new(move |cx| {
        step += 1;
        if step < n {
            return cx.yield_now();
        }
        step = 0;
        if bad { fail("no luck") } else { OK }
    })
}

fn bench() -> Bench {
    Bench::with_permits(100)
}

/// One turn, at the time of the next timer if there is none before.
fn step(b: &mut Bench) {
    let now = match b.s.next() {
        Next::At(at) => at,
        _ => b.s.now(),
    };
    let _ = b.s.crank_work(now, &mut b.log, Budget::turns(1));
}

/// How often `name` had a turn in the log.
fn turns_of(log: &Log, name: &str) -> usize {
    let prefix = format!("{name}: poll");
    log.iter().filter(|line| line.starts_with(&prefix)).count()
}

/// The names in the order of their turns.
fn turns(log: &Log) -> String {
    let turns = log.iter().filter_map(|line| line.split_once(": poll"));
    turns.map(|(name, _)| name).collect::<Vec<_>>().join(" ")
}

fn add<W: Work<Log> + 'static>(b: &mut Bench, spec: Spec<Log, W>) -> WorkId {
    b.s.add(spec).unwrap().id()
}

// ---- basic work ----

#[test]
fn one_work_runs_to_success() {
    let mut b = bench();
    let work = b.add("work", steps(3));
    b.run();
    assert_eq!(b.state(work), WorkState::Success);
    let expected = ["on_reset", "poll 1", "poll 1", "poll 1", "on_success"];
    assert_eq!(b.lines_of("work"), expected);
}

#[test]
fn two_works_take_turns() {
    let mut b = bench();
    for name in ["a", "b"] {
        b.add(name, steps(3));
    }
    b.run();
    assert_eq!(turns(&b.log), "a b a b a b");
}

#[test]
fn a_work_that_waits_is_woken_by_its_timer_each_time() {
    let mut b = bench();
    let mut naps = 2;
    let work = Probe::new(move |cx| {
        while naps > 0 {
            std::task::ready!(cx.sleep(secs(1)));
            naps -= 1;
        }
        OK
    });
    b.add("work", work);
    b.run();
    assert_eq!((turns_of(&b.log, "work"), b.s.now()), (3, at(2)));
}

#[test]
fn a_work_that_waits_when_the_scheduler_is_shut_down_is_never_woken() {
    let mut b = bench();
    let work = b.add("work", napping(secs(5)));
    assert_eq!(b.crank(), Next::At(at(5)));
    b.s.shutdown();
    b.run();
    assert_eq!((b.state(work), b.s.now()), (WorkState::Cancelled, at(0)));
    let expected = ["on_reset", "poll 1", "on_abort", "on_reset"];
    assert_eq!(b.lines_of("work"), expected);
}

#[test]
fn a_work_may_come_while_others_run() {
    let mut b = bench();
    b.add("a", steps(3));
    b.add("b", steps(3));
    b.turn();
    let late = b.add("c", steps(3));
    b.run();
    assert_eq!(b.state(late), WorkState::Success);
    assert_eq!(turns(&b.log), "a b a c b a c b c");
}

#[test]
fn a_new_work_ends_the_idleness_of_the_scheduler() {
    let mut b = bench();
    assert_eq!(b.crank(), Next::Idle);
    let work = b.add("work", steps(3));
    assert_eq!((b.s.next(), b.state(work)), (Next::Now, WorkState::Running));
    assert_eq!(b.crank(), Next::Idle);
    assert_eq!(b.state(work), WorkState::Success);
}

#[test]
fn a_work_is_tried_again_and_then_fails() {
    let mut b = bench();
    let retry = Retry::ONCE.with_backoff(Backoff::exponential());
    let work = b.add_spec(Spec::new("work", bad_steps(3)).retry(retry));
    b.run();
    assert_eq!((b.state(work), b.s.now()), (WorkState::Failed, at(1)));
    assert_eq!(turns_of(&b.log, "work"), 6);
    let hooks = b.lines_of("work");
    let hooks: Vec<_> = hooks
        .iter()
        .filter(|line| line.starts_with("on_"))
        .collect();
    let expected = [
        "on_reset",
        "on_failure_retry",
        "on_reset",
        "on_failure_raise",
        "on_reset",
    ];
    assert_eq!(hooks, expected);
}

#[test]
fn one_work_can_be_shut_down_and_the_scheduler_lives_on() {
    let mut b = bench();
    let work = b.add("work", steps(100));
    b.turn();
    while b.state(work) != WorkState::Cancelled {
        // Again and again, which changes nothing.
        b.s.cancel(work).unwrap();
        b.turn();
    }
    assert!(!b.s.cancel(work).unwrap());
    assert_eq!(
        b.lines_of("work"),
        ["on_reset", "poll 1", "on_abort", "on_reset"]
    );
    assert!(b.s.add(Spec::new("next", done())).is_ok());
}

// ---- work with children ----

/// A name, and how it is made.
type Child = (&'static str, fn() -> Probe);

/// Two parents: the first with two leaves, the second with those that are given.
fn families(b: &mut Bench, second: &'static [Child]) -> [WorkId; 2] {
    let first: &[Child] = &[("leaf 1", || steps(3)), ("leaf 2", || steps(3))];
    [("first", first), ("second", second)].map(|(name, children)| {
        let parent = Probe::new(move |cx| {
            for &(name, make) in children {
                cx.spawn(Spec::new(name, make())).unwrap();
            }
            OK
        });
        b.add(name, parent)
    })
}

#[test]
fn parents_succeed_with_their_children_or_without_any() {
    let mut b = bench();
    let both = families(&mut b, &[]);
    b.run();
    assert_eq!(both.map(|id| b.state(id)), [WorkState::Success; 2]);
    assert_eq!(
        (turns_of(&b.log, "leaf 1"), turns_of(&b.log, "leaf 2")),
        (3, 3)
    );
}

#[test]
fn a_failed_child_fails_its_parent_alone() {
    let mut b = bench();
    let both = families(&mut b, &[("bad", || bad_steps(3))]);
    b.run();
    let states = both.map(|id| b.state(id));
    assert_eq!(states, [WorkState::Success, WorkState::Failed]);
}

#[test]
fn a_failed_childs_siblings_are_aborted_first() {
    let mut b = bench();
    let both = families(&mut b, &[("bad", || bad_steps(3)), ("long", || steps(100))]);
    b.run();
    let states = both.map(|id| b.state(id));
    assert_eq!(states, [WorkState::Success, WorkState::Failed]);
    let log = &b.log;
    let place = |line: &str| log.iter().position(|l| l == line).unwrap();
    assert!(place("long: on_abort") < place("second: on_failure_raise"));
    assert!(turns_of(log, "long") <= 4);
}

#[test]
fn a_shutdown_before_anything_ran_ends_all_of_it() {
    let mut b = bench();
    let both = families(&mut b, &[]);
    let leaf = b.add_spec(Spec::new("leaf", steps(3)).parent(both[0]));
    b.s.shutdown();
    b.s.wake(leaf).unwrap();
    let late = b.s.add(Spec::new("late", done()).parent(both[0]));
    assert_eq!(late.unwrap_err(), AddError::ShutDown);
    b.run();
    assert_eq!(both.map(|id| b.state(id)), [WorkState::Cancelled; 2]);
    assert_eq!(turns(&b.log), "");
    assert_eq!(
        b.s.add(Spec::new("next", done())).unwrap_err(),
        AddError::ShutDown
    );
}

// ---- how often parents have a turn ----

/// `depth` parents above `leaves` leaves of three turns.
fn tower(depth: u32, leaves: u32) -> Probe {
    let mut begun = false;
    Probe::new(move |cx| {
        if !std::mem::replace(&mut begun, true) {
            for _ in 0..if depth == 0 { leaves } else { 1 } {
                let (name, child) = match depth {
                    0 => ("leaf", steps(3)),
                    _ => ("parent", tower(depth - 1, leaves)),
                };
                cx.spawn(Spec::new(name, child)).unwrap();
            }
        }
        OK
    })
}

#[test]
fn parents_have_one_turn_each_however_many_leaves_are_below_them() {
    for leaves in [1, 2, 4, 50] {
        let mut b = bench();
        b.add("parent", tower(1, leaves));
        b.run();
        assert_eq!(turns_of(&b.log, "parent"), 2);
        assert_eq!(turns_of(&b.log, "leaf"), 3 * leaves as usize);
    }
}

#[test]
fn parents_have_one_turn_each_on_every_level() {
    for depth in [1, 2, 3, 10] {
        let mut b = bench();
        b.add("parent", tower(depth, 1));
        b.run();
        assert_eq!(turns_of(&b.log, "parent"), depth as usize + 1);
    }
}

// ---- trees ----

#[test]
fn a_line_of_owners_and_a_sequence_of_the_same_works_take_the_same_steps() {
    let mut line = bench();
    line.add("parent", tower(1, 1));
    line.run();
    let mut flat = bench();
    let all = WorkSequence::new().then(|| Spec::new("leaf", steps(3)));
    let all = all
        .then(|| Spec::new("parent", done()))
        .then(|| Spec::new("parent", done()));
    add(&mut flat, Spec::new("all", all));
    flat.run();
    for name in ["leaf", "parent"] {
        assert_eq!(turns_of(&line.log, name), turns_of(&flat.log, name));
    }
    assert_eq!(turns(&line.log), "parent parent leaf leaf leaf");
    assert_eq!(turns(&flat.log), "leaf leaf leaf parent parent");
}

// ---- work sequence ----

/// Three members of so many turns; the `bad`th fails. Each has one retry, the sequence five.
fn sequence(b: &mut Bench, n: u32, bad: usize) -> WorkId {
    let all = ["a", "b", "c"].into_iter().enumerate();
    let all = all.fold(WorkSequence::new(), |all, (i, name)| {
        all.then(move || Spec::new(name, stepping(n, i == bad)).retry(Retry::ONCE))
    });
    add(b, Spec::new("all", all).retry(Retry::A_FEW))
}

#[test]
fn a_first_member_that_fails_is_tried_in_each_attempt_and_no_other_is() {
    let mut b = bench();
    let all = sequence(&mut b, 3, 0);
    b.run();
    assert_eq!(b.state(all), WorkState::Failed);
    assert_eq!(
        ["a", "b", "c"].map(|name| turns_of(&b.log, name)),
        [3 * 2 * 6, 0, 0]
    );
}

#[test]
fn a_member_that_fails_midway_has_those_before_it_run_again_each_time() {
    let mut b = bench();
    let all = sequence(&mut b, 3, 1);
    b.run();
    assert_eq!(b.state(all), WorkState::Failed);
    assert_eq!(
        ["a", "b", "c"].map(|name| turns_of(&b.log, name)),
        [3 * 6, 3 * 2 * 6, 0]
    );
}

#[test]
fn a_shutdown_stops_a_sequence_at_its_current_member() {
    let mut b = bench();
    let all = sequence(&mut b, 100, 9);
    for _ in 0..5 {
        b.turn();
    }
    b.s.shutdown();
    b.run();
    assert_eq!(b.state(all), WorkState::Cancelled);
    assert_eq!(
        ["a", "b", "c"].map(|name| turns_of(&b.log, name)),
        [4, 0, 0]
    );
}

// ---- batching ----

#[test]
fn a_shutdown_ends_a_batch_and_its_members_in_flight() {
    let mut b = bench();
    let batch = BatchWork::each(16, || (0..32).map(|i| Spec::new("m", stepping(3, i == 31))));
    let batch = add(&mut b, Spec::new("batch", batch));
    for _ in 0..10 {
        b.turn();
    }
    b.s.shutdown();
    b.run();
    assert_eq!(b.state(batch), WorkState::Cancelled);
    let metrics = b.s.metrics();
    assert_eq!(
        (metrics.failed, metrics.cancelled, metrics.total),
        (0, 17, 17)
    );
}

// ---- conditional ----

fn gated_on(other: WorkId, n: u32) -> ConditionalWork<Log> {
    let gate = move |cx: &mut Cx<'_>| cx.state(other) == Some(WorkState::Success);
    ConditionalWork::with_context(gate, move || Spec::new("gated", steps(n)))
}

#[test]
fn a_condition_that_never_holds_goes_with_its_parent_and_nothing_is_started() {
    let mut b = bench();
    let parent = Probe::new(|cx| {
        if cx.children().is_empty() {
            let other = Spec::new("other", bad_steps(100)).retry(Retry::ONCE);
            let other = cx.spawn(other).unwrap();
            let spec = Spec::new("cond", gated_on(other.id(), 3));
            cx.spawn(spec).unwrap();
        }
        std::task::Poll::Pending
    });
    let parent = b.add("parent", parent);
    b.crank();
    assert_eq!(b.state(b.find("cond")), WorkState::Waiting);
    b.run();
    assert_eq!(b.state(parent), WorkState::Failed);
    assert_eq!(
        (turns_of(&b.log, "other"), turns_of(&b.log, "gated")),
        (200, 0)
    );
}

#[test]
fn a_shutdown_while_it_polls_starts_nothing() {
    let mut b = bench();
    let other = b.add("other", steps(100));
    let cond = add(&mut b, Spec::new("cond", gated_on(other, 3)));
    b.turn();
    b.turn();
    assert_eq!(b.state(cond), WorkState::Waiting);
    b.s.shutdown();
    b.run();
    assert_eq!(
        [other, cond].map(|id| b.state(id)),
        [WorkState::Cancelled; 2]
    );
    assert_eq!(turns_of(&b.log, "gated"), 0);
}

#[test]
fn a_shutdown_after_the_condition_held_aborts_what_it_started() {
    let mut b = bench();
    let other = b.add("other", steps(3));
    let cond = add(&mut b, Spec::new("cond", gated_on(other, 100)));
    while turns_of(&b.log, "gated") == 0 {
        step(&mut b);
    }
    b.s.shutdown();
    b.run();
    let states = [other, cond].map(|id| b.state(id));
    assert_eq!(states, [WorkState::Success, WorkState::Cancelled]);
    assert!(b.log.contains(&"gated: on_abort".into()));
}

/// Each member but the first starts when the one before has succeeded.
struct ChainOfConditions {
    yielded: u32,
    before: Option<WorkId>,
}

impl BatchSource<Log> for ChainOfConditions {
    type Work = ConditionalWork<Log>;

    fn has_next(&mut self, cx: &mut Cx<'_>) -> bool {
        // The one before is the youngest child.
        self.before = cx.children().iter().last().map(|(id, _)| id);
        self.yielded < 32
    }

    fn next(&mut self, _: &mut Cx<'_>) -> Spec<Log, ConditionalWork<Log>> {
        self.yielded += 1;
        let before = self.before;
        // A member that has succeeded is gone; one that has not is there.
        let gate = move |cx: &mut Cx<'_>| before.is_none_or(|id| cx.state(id).is_none());
        let member = format!("member {}", self.yielded);
        let work = ConditionalWork::with_context(gate, move || Spec::new(member.clone(), steps(3)));
        Spec::new("cond", work)
    }

    fn reset(&mut self) {
        (self.yielded, self.before) = (0, None);
    }
}

#[test]
fn a_chain_of_conditions_in_a_batch_keeps_to_its_width() {
    let mut b = bench();
    let source = ChainOfConditions {
        yielded: 0,
        before: None,
    };
    let batch = add(&mut b, Spec::new("batch", BatchWork::new(16, source)));
    let mut most = 0;
    while b.state(batch) != WorkState::Success {
        step(&mut b);
        most = most.max(b.s.metrics().unsettled());
    }
    // The batch, its sixteen, and the one work that one of them has started.
    assert_eq!(most, 1 + 16 + 1);
    let order = turns(&b.log);
    let expected: Vec<_> = (1..=32)
        .flat_map(|i| vec![format!("member {i}"); 3])
        .collect();
    assert_eq!(order, expected.join(" "));
}
