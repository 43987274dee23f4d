//! Runs a work every period.

use super::keep::{Kept, keeping};
use super::member::{Make, maker, none_has_failed};
use crate::{
    Failure, OnChildFailure, Progress, Retain, Spec, StatusContext, Time, Work, WorkContext,
};
use std::fmt;
use std::mem::take;
use std::task::Poll;
use std::time::Duration;

/// Runs a work from `make` every `period`, for ever: the first run at once, the next ones at whole periods after it.
///
/// Runs never overlap. Several may have fallen due, because a run took longer than the period or the host did not crank
/// for long. Then one is made up for and the others are left out; see [`Repeat::catching_up`].
///
/// A run that fails fails the repeat, unless it [keeps going](Repeat::keep_going). Runs that have ended are reclaimed
/// at once. Each run draws its own random numbers. A period of zero is one nanosecond.
///
/// ```
/// use crankwork::compose::repeat;
/// use crankwork::{Spec, VirtualDriver, WorkContext, WorkScheduler};
/// use std::task::Poll;
/// use std::time::Duration;
///
/// type Beats = Vec<u64>;
/// let mut s = WorkScheduler::<Beats>::new(Default::default());
/// let heartbeat = repeat(Duration::from_secs(30), || {
///     Spec::new("beat", |cx: &mut WorkContext<'_, Beats>| {
///         cx.app.push(cx.now().as_nanos() / 1_000_000_000);
///         Poll::Ready(Ok(()))
///     })
/// });
/// s.add(Spec::new("heartbeat", heartbeat.times(3)))?;
///
/// let mut beats = Beats::new();
/// s.run_until_done(&mut beats, &mut VirtualDriver::new())?;
/// assert_eq!(beats, [0, 30, 60]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn repeat<C, W, T>(
    period: Duration,
    mut make: impl FnMut() -> Spec<C, W> + 'static,
) -> Repeat<C>
where
    C: ?Sized + 'static,
    W: Work<C, T> + 'static,
    T: 'static,
{
    let mut run = 0;
    let numbered = move || {
        run += 1;
        make().run_number(run)
    };
    Repeat {
        make: maker(numbered),
        period: period.max(Duration::from_nanos(1)),
        catches_up: false,
        keeps_going: false,
        times: None,
        started: 0,
        due: None,
        hand_on: None,
    }
}

/// Runs a work every period as [`repeat`] does, and hands what each run returns to `each`.
///
/// The call comes in a turn of the repeat after the run has succeeded, and before the next run. If the attempt of the
/// repeat is aborted before that turn, the call comes in the repeat's `on_reset`, where `each` cannot spawn works.
///
/// ```
/// use crankwork::compose::repeat_with;
/// use crankwork::{Spec, VirtualDriver, WorkScheduler};
/// use std::task::Poll;
/// use std::time::Duration;
///
/// type Loads = Vec<u64>;
/// let mut s = WorkScheduler::<Loads>::new(Default::default());
/// let measure = repeat_with(
///     Duration::from_secs(30),
///     || {
///         Spec::<Loads, _>::from_fn("measure", |cx| {
///             Poll::Ready(Ok(cx.now().as_nanos() / 1_000_000_000))
///         })
///     },
///     |cx, load| cx.app.push(load),
/// );
/// s.add(Spec::new("load", measure.times(3)))?;
///
/// let mut loads = Loads::new();
/// s.run_until_done(&mut loads, &mut VirtualDriver::new())?;
/// assert_eq!(loads, [0, 30, 60]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn repeat_with<C, W, T>(
    period: Duration,
    mut make: impl FnMut() -> Spec<C, W> + 'static,
    mut each: impl FnMut(&mut WorkContext<'_, C>, T) + 'static,
) -> Repeat<C>
where
    C: ?Sized + 'static,
    W: Work<C, T> + 'static,
    T: 'static,
{
    let kept = Kept::<T>::default();
    let come = kept.clone();
    let mut repeat = repeat(period, move || keeping(make(), 0, &kept));
    repeat.hand_on = Some(Box::new(move |cx| {
        let come = take(&mut *come.borrow_mut());
        come.into_iter().for_each(|(_, output)| each(cx, output));
    }));
    repeat
}

type HandOn<C> = Box<dyn FnMut(&mut WorkContext<'_, C>)>;

/// A work that runs another every period; see [`repeat`].
pub struct Repeat<C: ?Sized> {
    make: Make<C>,
    period: Duration,
    catches_up: bool,
    keeps_going: bool,
    times: Option<u64>,
    /// The number of runs that this attempt has started.
    started: u64,
    /// When the next run is due; `None` before the first.
    due: Option<Time>,
    /// Hands on what runs have returned.
    hand_on: Option<HandOn<C>>,
}

impl<C: ?Sized + 'static> Repeat<C> {
    /// Makes up for every run that has fallen due, one right after the other.
    pub fn catching_up(mut self) -> Self {
        self.catches_up = true;
        self
    }

    /// Goes on after runs that fail or are cancelled.
    pub fn keep_going(mut self) -> Self {
        self.keeps_going = true;
        self
    }

    /// Succeeds after `runs` runs.
    pub fn times(mut self, runs: u64) -> Self {
        self.times = Some(runs);
        self
    }

    fn hand_on(&mut self, cx: &mut WorkContext<'_, C>) {
        if let Some(hand_on) = &mut self.hand_on {
            hand_on(cx);
        }
    }

    /// Returns when the run is due that follows the one due at `due` and made at `now`.
    fn following(&self, due: Time, now: Time) -> Time {
        let next = due.saturating_add(self.period);
        if self.catches_up || next > now {
            return next;
        }
        let period = self.period.as_nanos();
        let behind = now.saturating_since(due).as_nanos();
        let missed = behind - behind % period;
        let missed = Duration::from_nanos(u64::try_from(missed).unwrap_or(u64::MAX));
        next.saturating_add(missed)
    }
}

impl<C: ?Sized + 'static> Work<C> for Repeat<C> {
    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<(), Failure>> {
        self.hand_on(cx);
        if self.keeps_going {
            cx.on_child_failure(OnChildFailure::Collect);
            cx.retain_children(Retain::Nothing);
        } else {
            cx.on_child_failure(OnChildFailure::FailFast);
            cx.retain_children(Retain::Failures);
            if self.started == 0 {
                none_has_failed(cx)?;
            }
        }
        if cx.children().any_running() || cx.children().any_failed() {
            return Poll::Pending;
        }
        if self.times.is_some_and(|times| self.started >= times) {
            self.due = None;
            return Poll::Ready(Ok(()));
        }
        let (now, due) = (cx.now(), self.due.unwrap_or(cx.now()));
        if due > now {
            cx.wake_at(due);
            return Poll::Pending;
        }
        (self.make)().spawn(cx)?;
        self.started += 1;
        self.due = Some(self.following(due, now));
        Poll::Pending
    }

    /// Returns `false`: the runs need permits of their own.
    fn needs_permit(&self) -> bool {
        false
    }

    fn on_reset(&mut self, cx: &mut WorkContext<'_, C>) {
        self.hand_on(cx);
        self.started = 0;
        self.due = None;
    }

    /// Writes a line such as `run 17, the next at 00:08:30.000`.
    fn status(&self, _: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.due {
            Some(due) => write!(f, "run {}, the next at {due}", self.started),
            None => Ok(()),
        }
    }

    fn progress(&self) -> Option<Progress> {
        let total = self.times?;
        let done = self.started - self.due.is_some() as u64;
        Some(Progress { done, total })
    }
}

impl<C: ?Sized> fmt::Debug for Repeat<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repeat")
            .field("period", &self.period)
            .field("started", &self.started)
            .field("due", &self.due)
            .finish_non_exhaustive()
    }
}
