//! Works that are scripts: one [`Step`] a turn.

use super::{Cx, Log, OK, Probe, Turn, fail};
use crate::units::ms;
use crankwork::{Failure, Spec};
use std::collections::VecDeque;
use std::task::Poll;

type Deed = Box<dyn FnOnce(&mut Cx<'_>) -> Step>;

/// One turn of a scripted work.
pub enum Step {
    /// The attempt succeeds.
    Done,
    /// The attempt fails with this message.
    Fail(&'static str),
    Fatal(&'static str),
    Cancel,
    Panic(&'static str),
    Yield,
    /// Pending until this many milliseconds from now.
    Nap(u64),
    /// Pending until somebody wakes it.
    Expect,
    /// Pending, with whatever the turn has said before.
    Pending,
    Then(Deed),
}

/// A turn that does something first.
pub fn then(deed: impl FnOnce(&mut Cx<'_>) -> Step + 'static) -> Step {
    Step::Then(Box::new(deed))
}

/// The spec of a scripted work.
pub fn script(name: &'static str, steps: impl IntoIterator<Item = Step>) -> Spec<Log, Probe> {
    Spec::new(name, acting(steps))
}

/// Takes one step a turn; after the last it succeeds. Later attempts go on where the one before stopped.
pub fn acting(steps: impl IntoIterator<Item = Step>) -> Probe {
    Probe::new(play(steps))
}

impl Probe {
    /// Sets the turns of `on_abort`; after the last step (or `Done`) it is ready.
    pub fn aborting(self, steps: impl IntoIterator<Item = Step>) -> Probe {
        let mut turn = play(steps);
        self.on_abort(move |cx| turn(cx).map(|_| ()))
    }
}

fn play(steps: impl IntoIterator<Item = Step>) -> impl FnMut(&mut Cx<'_>) -> Turn + 'static {
    let mut steps: VecDeque<Step> = steps.into_iter().collect();
    move |cx| perform(steps.pop_front().unwrap_or(Step::Done), cx)
}

fn perform(step: Step, cx: &mut Cx<'_>) -> Turn {
    match step {
        Step::Done => OK,
        Step::Fail(why) => fail(why),
        Step::Fatal(why) => Poll::Ready(Err(Failure::fatal(why))),
        Step::Cancel => Poll::Ready(Err(Failure::cancelled())),
        Step::Panic(why) => panic!("{why}"),
        Step::Yield => cx.yield_now(),
        Step::Nap(millis) => {
            cx.wake_after(ms(millis));
            Poll::Pending
        }
        Step::Expect => {
            cx.expect_wake();
            Poll::Pending
        }
        Step::Pending => Poll::Pending,
        Step::Then(deed) => {
            let step = deed(cx);
            perform(step, cx)
        }
    }
}
