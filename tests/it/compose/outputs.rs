//! What passes between works: outputs of a sequence's and a repeat's members.

use crate::on_purpose::noted;
use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::WorkState::{Cancelled, Failed, Success};
use crankwork::compose::{Members, NoOutput, WorkSequence, repeat_with};
use crankwork::{FailureKind, Retry, Spec, Work};
use std::task::{Poll, ready};

/// A member that returns `value` after so many seconds.
pub fn value(value: u64, after: u64) -> Spec<Log, impl Work<Log, u64>> {
    Spec::<Log, _>::from_fn(format!("m{value}"), move |cx| {
        ready!(cx.sleep(secs(after)));
        Poll::Ready(Ok(value))
    })
}

// ---- sequences ----

#[test]
fn a_sequence_hands_outputs_and_ids_to_later_members() {
    let mut b = Bench::with_permits(1);
    let sequence = WorkSequence::new()
        .then(|| value(7, 1))
        .then_fn("text", |_| Poll::Ready(Ok("seven".to_owned())))
        .then_with(|done: &Members<'_, Log>| {
            assert_eq!((done.len(), done.is_empty()), (2, false));
            assert_eq!(format!("{done:?}"), r#"["m7", "text"]"#);
            let (number, text) = (*done.output::<u64>(0), done.output::<String>(1).clone());
            let (first, lines) = (done.id(0), done.app().lines.len());
            Spec::<Log, _>::from_fn("last", move |cx| {
                assert_eq!(cx.state(first), Some(Success));
                assert_eq!(cx.app.lines.len(), lines);
                cx.app.push(format!("{number} is {text}"));
                OK
            })
        });
    let all = b.add_spec(Spec::new("all", sequence));
    b.run();
    assert_eq!(b.state(all), Success);
    assert_eq!(b.lines(), ["7 is seven"]);
}

#[test]
fn a_retry_of_a_sequence_hands_out_what_the_new_members_return() {
    let mut b = Bench::with_permits(1);
    let mut attempt = 0;
    let sequence = WorkSequence::new()
        .then(move || {
            attempt += 1;
            value(attempt, 0)
        })
        .then_with(|done| {
            let got = *done.output::<u64>(0);
            Spec::<Log, _>::from_fn("last", move |cx| {
                cx.app.push(format!("got {got}"));
                if got == 1 { fail("once") } else { OK }
            })
        });
    let all = b.add_spec(Spec::new("all", sequence).retry(Retry::ONCE));
    b.run();
    assert_eq!(b.state(all), Success);
    assert_eq!(b.lines(), ["got 1", "got 2"]);
}

#[test]
fn a_sequence_says_why_there_is_no_output() {
    let mut b = Bench::with_permits(1);
    let sequence = WorkSequence::new()
        .stop_at_first_failure(false)
        .then(|| value(7, 0))
        .then(|| Spec::new("bad", failing()))
        .then_with(|done| {
            let errors = [
                done.try_output::<u32>(0).unwrap_err(),
                done.try_output::<()>(1).unwrap_err(),
                done.try_output::<()>(2).unwrap_err(),
            ];
            assert_eq!(done.try_output::<u64>(0), Ok(&7));
            assert!(matches!(
                errors[2],
                NoOutput::NotRun {
                    index: 2,
                    started: 2
                }
            ));
            Spec::<Log, _>::from_fn("last", move |cx| {
                for error in &errors {
                    cx.app.push(error.to_string());
                }
                OK
            })
        });
    b.add_spec(Spec::new("all", sequence));
    b.run();
    let lines = b.lines();
    assert_eq!(
        lines[lines.len() - 3..],
        [
            "member `m7` returns `u64`, not `u32`: ask for what it returns",
            "member `bad` has not succeeded, so it has no output",
            "member 2 has not run: 2 members have, counted from 0",
        ]
    );
}

#[test]
fn an_output_of_another_type_fails_the_sequence_by_name() {
    quiet_panics();
    let mut b = Bench::with_permits(1);
    let sequence = WorkSequence::new()
        .then(|| value(7, 0))
        .then_with(|before| Spec::new(before.output::<u32>(0).to_string(), done()));
    let all = b.add_spec(Spec::new("all", sequence).retry(Retry::A_FEW));
    b.run();
    assert_eq!(b.state(all), Failed);
    let failure = b.failed(all);
    assert!(matches!(failure.kind(), FailureKind::Panicked { .. }));
    let why = "member `m7` returns `u64`, not `u32`";
    assert!(failure.to_string().contains(why));
    assert!(noted().is_some_and(|panic| panic.contains(why)));
}

// ---- repeats ----

#[test]
fn a_repeat_hands_out_what_its_runs_return() {
    let mut b = Bench::with_permits(4);
    let mut run = 0;
    let beat = repeat_with(
        secs(10),
        move || {
            run += 1;
            Spec::<Log, _>::from_fn("run", move |cx| {
                ready!(cx.sleep(secs(1)));
                if run == 2 {
                    fail("no luck")
                } else {
                    Poll::Ready(Ok(run))
                }
            })
        },
        |cx, run: u32| {
            let now = cx.now();
            cx.app.push(format!("{now}: {run}"));
        },
    );
    let beat = b.add_spec(Spec::new("beat", beat.keep_going().times(3)));
    b.run();
    assert_eq!(b.state(beat), Success);
    assert_eq!(b.lines(), ["00:00:01.000: 1", "00:00:21.000: 3"]);
}

#[test]
fn a_repeat_that_is_aborted_hands_out_what_had_been_returned() {
    let mut b = Bench::with_permits(4);
    let beat = repeat_with(
        secs(10),
        || value(7, 1),
        |cx: &mut Cx<'_>, n| say(cx, &format!("{n}")),
    );
    let beat = b.add_spec(Spec::new("beat", beat));
    b.crank();
    // The run's turn, in which it succeeds, and then the cancel before the turn of the repeat.
    b.turns_at(at_secs(1), 1);
    b.s.cancel(beat).unwrap();
    b.run();
    assert_eq!(b.state(beat), Cancelled);
    assert_eq!(b.lines(), ["beat: 7"]);
}
