//! Children that somebody else adds to a composite.

use crate::units::secs;
use crate::workbench::*;
use crankwork::compose::{BatchWork, WorkSequence, repeat};
use crankwork::{OnChildFailure, Spec, Work, WorkOutcome};

/// Adds the composite, and to it a child that can never run, before its first turn; its spec would let that be.
fn with_a_blocked_guest<W: Work<Log> + 'static>(composite: W) -> WorkOutcome {
    let mut b = Bench::with_permits(4);
    let bad = b.add_spec(Spec::new("bad", failing()));
    b.run();
    let spec = Spec::new("composite", composite).on_child_failure(OnChildFailure::Collect);
    let composite = b.add_spec(spec);
    b.add_spec(Spec::new("guest", done()).parent(composite).after(bad));
    b.run();
    b.outcome(composite)
}

#[test]
fn one_that_has_failed_before_the_first_turn_fails_the_attempt() {
    let outcomes = [
        with_a_blocked_guest(WorkSequence::new().then(|| Spec::new("member", done()))),
        with_a_blocked_guest(BatchWork::each(2, || [Spec::new("member", done())])),
        with_a_blocked_guest(repeat(secs(1), || Spec::new("member", done())).times(1)),
    ];
    for outcome in outcomes {
        let failure = outcome.failure().expect("a failure");
        assert_eq!(failure.root().to_string(), "no luck");
    }
}

#[test]
fn a_sequence_that_goes_on_runs_its_members_all_the_same() {
    let sequence = WorkSequence::new().then(|| Spec::new("member", done()));
    let outcome = with_a_blocked_guest(sequence.stop_at_first_failure(false));
    assert!(matches!(outcome, WorkOutcome::Success), "{outcome:?}");
}
