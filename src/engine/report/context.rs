//! What a work's own status can see.

use super::Written;
use super::status::Report;
use crate::time::Time;
use crate::work::{Name, Progress, WorkId, WorkState};
use std::fmt;

/// How many children [`StatusContext::under_way`] names.
const NAMED: usize = 3;

/// A work as its [`status`](crate::Work::status) sees it: id, name and state, progress, children, and the time.
///
/// Its children are seen in the same way, so a parent can say what a child is doing. It prints as the work's name and
/// [progress](Self::progress), such as `verify 3/8`.
///
/// ```
/// use crankwork::compose::BatchWork;
/// use crankwork::{Budget, Failure, Spec, StatusContext, Time, Work, WorkContext, WorkScheduler};
/// use std::fmt;
/// use std::task::Poll;
/// use std::time::Duration;
///
/// struct CatchUp {
///     ledger: u32,
/// }
///
/// impl Work<()> for CatchUp {
///     fn poll(&mut self, cx: &mut WorkContext<'_, ()>) -> Poll<Result<(), Failure>> {
///         let verify = BatchWork::each(4, || {
///             (1..=8).map(|n| {
///                 Spec::<(), _>::from_fn(format!("checkpoint {n}"), move |cx| {
///                     cx.sleep(Duration::from_secs(n)).map(Ok)
///                 })
///             })
///         });
///         cx.spawn(Spec::new("verifying", verify))?;
///         Poll::Ready(Ok(()))
///     }
///
///     fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         write!(f, "Catching up to ledger {}: {}", self.ledger, cx.under_way())
///     }
/// }
///
/// let mut work = WorkScheduler::<()>::new(Default::default());
/// let id = work.add(Spec::new("catch-up", CatchUp { ledger: 23 }))?;
/// for second in 0..=3 {
///     let _ = work.crank_work(Time::from_secs(second), &mut (), Budget::unlimited());
/// }
/// let line = work.status_of(id).unwrap();
/// assert!(line.ends_with(" : Catching up to ledger 23: verifying 3/8"), "{line}");
/// # Ok::<(), crankwork::AddError>(())
/// ```
#[derive(Clone, Copy)]
pub struct StatusContext<'a> {
    report: &'a Report<'a>,
    slot: u32,
    /// How many statuses are being written above this one, each asked for by the one before.
    depth: u32,
}

impl<'a> StatusContext<'a> {
    pub(super) fn new(report: &'a Report<'a>, slot: u32, depth: u32) -> Self {
        StatusContext {
            report,
            slot,
            depth,
        }
    }

    /// Returns the scheduler's time: that of its last crank. O(1).
    pub fn now(&self) -> Time {
        self.report.engine.now
    }

    /// Returns the work's id. O(1).
    pub fn id(&self) -> WorkId {
        self.report.engine.id(self.slot)
    }

    /// Returns the work's name. O(1).
    pub fn name(&self) -> &'a Name {
        self.report.engine.arena.cold(self.slot).name
    }

    /// Returns the work's state. O(1).
    pub fn state(&self) -> WorkState {
        self.report.engine.arena.at(self.slot).state
    }

    /// Returns how far the work is, by itself or as the sum over its children: see
    /// [`WorkScheduler::progress_of`](crate::WorkScheduler::progress_of). O(works below it), but each work is asked
    /// once per report.
    pub fn progress(&self) -> Option<Progress> {
        self.report.progress(self.slot)
    }

    /// Returns what the work says of itself: the line that its [`status`](crate::Work::status) writes. It is empty if
    /// the work says nothing or has settled.
    ///
    /// Statuses nest up to 8 levels deep; a status that is asked for from farther above is `...`. So a deep tree
    /// cannot overflow the stack. A report calls a work's `status` at most once for each level from which it is asked.
    pub fn status(&self) -> String {
        self.report.words(self.slot, self.depth + 1).to_string()
    }

    /// Returns the children of the work's present attempt, in the order in which they were added. Settled children that
    /// the work keeps are among them. O(1) for each step.
    pub fn children(&self) -> impl Iterator<Item = StatusContext<'a>> + use<'a> {
        let StatusContext { report, depth, .. } = *self;
        let children = report.engine.arena.children(self.slot);
        children.map(move |slot| StatusContext::new(report, slot, depth))
    }

    /// Returns the children whose attempts have begun and that have not settled, as text: `fetch 1/2, verify 3/8`. It
    /// names the first three, and then says how many more there are. O(children), besides their progress.
    pub fn under_way(&self) -> impl fmt::Display + use<'a> {
        let cx = *self;
        Written(move |f| {
            let mut children = cx.children().filter(Self::is_under_way);
            for (index, child) in children.by_ref().take(NAMED).enumerate() {
                let comma = if index == 0 { "" } else { ", " };
                write!(f, "{comma}{child}")?;
            }
            match children.count() {
                0 => Ok(()),
                more => write!(f, " and {more} more"),
            }
        })
    }

    fn is_under_way(&self) -> bool {
        let began = matches!(self.state(), WorkState::Retrying | WorkState::Aborting);
        began || self.report.engine.is_in_attempt(self.slot)
    }
}

/// Prints the name, and the progress if there is any.
impl fmt::Display for StatusContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name())?;
        match self.progress() {
            Some(progress) => write!(f, " {progress}"),
            None => Ok(()),
        }
    }
}

/// Prints id, name and state.
impl fmt::Debug for StatusContext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatusContext")
            .field("id", &self.id())
            .field("name", self.name())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
