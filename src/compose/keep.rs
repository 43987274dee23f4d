//! Hands the output of a member to its composite.

use super::wrapped::{Wrap, Wrapped};
use crate::{Failure, Spec, Work, WorkContext};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

/// The outputs of members that have succeeded, each with its member's number, in the order of their ends.
///
/// A member that has succeeded may be reclaimed before its composite has a turn, so its output goes here first.
pub(super) type Kept<T> = Rc<RefCell<Vec<(u64, T)>>>;

/// Runs a member, and keeps its output when it has succeeded.
pub(super) struct Keep<W, T> {
    work: W,
    number: u64,
    /// What the last turn returned. The attempt may still fail, by a child that has not ended.
    returned: Option<T>,
    kept: Kept<T>,
}

/// Returns the spec of a member whose output goes to `kept`.
pub(super) fn keeping<C: ?Sized, W, T>(
    spec: Spec<C, W>,
    number: u64,
    kept: &Kept<T>,
) -> Spec<C, Wrapped<Keep<W, T>>> {
    let kept = kept.clone();
    spec.wrap(|work| {
        Wrapped(Keep {
            work,
            number,
            returned: None,
            kept,
        })
    })
}

impl<C: ?Sized, T, W: Work<C, T> + 'static> Wrap<C> for Keep<W, T> {
    type Output = T;
    type Inner = W;

    fn inner(&self) -> &W {
        &self.work
    }

    fn inner_mut(&mut self) -> &mut W {
        &mut self.work
    }

    fn poll(&mut self, cx: &mut WorkContext<'_, C>) -> Poll<Result<(), Failure>> {
        self.work.poll(cx).map_ok(|output| {
            self.returned = Some(output);
        })
    }

    fn on_reset(&mut self, cx: &mut WorkContext<'_, C>) {
        self.returned = None;
        self.work.on_reset(cx);
    }

    fn on_success(&mut self, cx: &mut WorkContext<'_, C>) {
        self.work.on_success(cx);
        if let Some(output) = self.returned.take() {
            self.kept.borrow_mut().push((self.number, output));
        }
    }
}
