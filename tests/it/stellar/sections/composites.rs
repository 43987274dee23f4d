//! Work sequence, batching, conditional work.

use super::{bad_steps, bench, stepping, steps};
use crate::workbench::*;
use crankwork::WorkState::{Cancelled, Failed, Success, Waiting};
use crankwork::compose::{BatchSource, BatchWork, ConditionalWork, WorkSequence};
use crankwork::{Retry, Spec, WorkId};

/// Three members of `n` turns each; member `bad` fails. Each has one retry, the sequence five.
fn sequence(b: &mut Bench, n: u32, bad: usize) -> WorkId {
    let all = ["a", "b", "c"].into_iter().enumerate();
    let all = all.fold(WorkSequence::new(), |all, (i, name)| {
        all.then(move || Spec::new(name, stepping(n, i == bad)).retry(Retry::ONCE))
    });
    b.add_spec(Spec::new("all", all).retry(Retry::A_FEW))
}

#[test]
fn a_first_member_that_fails_is_tried_in_each_attempt_and_no_other_is() {
    let mut b = bench();
    let all = sequence(&mut b, 3, 0);
    b.run();
    assert_eq!(b.state(all), Failed);
    assert_eq!(
        ["a", "b", "c"].map(|name| b.log.turns_of(name)),
        [3 * 2 * 6, 0, 0]
    );
}

#[test]
fn a_member_that_fails_midway_has_those_before_it_run_again_each_time() {
    let mut b = bench();
    let all = sequence(&mut b, 3, 1);
    b.run();
    assert_eq!(b.state(all), Failed);
    assert_eq!(
        ["a", "b", "c"].map(|name| b.log.turns_of(name)),
        [3 * 6, 3 * 2 * 6, 0]
    );
}

#[test]
fn a_shutdown_stops_a_sequence_at_its_current_member() {
    let mut b = bench();
    let all = sequence(&mut b, 100, 9);
    for _ in 0..5 {
        b.turns(1);
    }
    b.s.shutdown();
    b.run();
    assert_eq!(b.state(all), Cancelled);
    assert_eq!(["a", "b", "c"].map(|name| b.log.turns_of(name)), [4, 0, 0]);
}

#[test]
fn a_shutdown_ends_a_batch_and_its_members_in_flight() {
    let mut b = bench();
    let batch = BatchWork::each(16, || (0..32).map(|i| Spec::new("m", stepping(3, i == 31))));
    let batch = b.add_spec(Spec::new("batch", batch));
    for _ in 0..10 {
        b.turns(1);
    }
    b.s.shutdown();
    b.run();
    assert_eq!(b.state(batch), Cancelled);
    let metrics = b.s.metrics();
    assert_eq!(
        (metrics.failed, metrics.cancelled, metrics.total),
        (0, 17, 17)
    );
}

fn gated_on(other: WorkId, n: u32) -> ConditionalWork<Log> {
    let gate = move |cx: &mut Cx<'_>| cx.state(other) == Some(Success);
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
    assert_eq!(b.state(b.find("cond")), Waiting);
    b.run();
    assert_eq!(b.state(parent), Failed);
    assert_eq!((b.log.turns_of("other"), b.log.turns_of("gated")), (200, 0));
}

#[test]
fn a_shutdown_while_it_polls_starts_nothing() {
    let mut b = bench();
    let other = b.add("other", steps(100));
    let cond = b.add_spec(Spec::new("cond", gated_on(other, 3)));
    b.turns(1);
    b.turns(1);
    assert_eq!(b.state(cond), Waiting);
    b.s.shutdown();
    b.run();
    assert_eq!(b.states([other, cond]), [Cancelled; 2]);
    assert_eq!(b.log.turns_of("gated"), 0);
}

#[test]
fn a_shutdown_after_the_condition_held_aborts_what_it_started() {
    let mut b = bench();
    let other = b.add("other", steps(3));
    let cond = b.add_spec(Spec::new("cond", gated_on(other, 100)));
    while b.log.turns_of("gated") == 0 {
        b.step();
    }
    b.s.shutdown();
    b.run();
    let states = b.states([other, cond]);
    assert_eq!(states, [Success, Cancelled]);
    assert!(b.log.lines.contains(&"gated: on_abort".into()));
}

/// Each member but the first starts when the one before has succeeded.
struct ChainOfConditions {
    yielded: u32,
    before: Option<WorkId>,
}

impl BatchSource<Log> for ChainOfConditions {
    type Output = ();
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
    let batch = b.add_spec(Spec::new("batch", BatchWork::new(16, source)));
    let mut most = 0;
    while b.state(batch) != Success {
        b.step();
        most = most.max(b.s.metrics().unsettled());
    }
    // The batch, its sixteen members, and the work that one of them has started.
    assert_eq!(most, 1 + 16 + 1);
    let order = b.log.ran();
    let expected: Vec<_> = (1..=32)
        .flat_map(|i| vec![format!("member {i}"); 3])
        .collect();
    assert_eq!(order, expected.join(" "));
}
