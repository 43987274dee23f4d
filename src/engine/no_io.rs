//! Without the feature `mio` there are no sources of readiness.

use super::WorkScheduler;

#[derive(Default)]
pub(crate) struct SourceList;

impl SourceList {
    pub fn any_live(&self) -> bool {
        false
    }

    pub fn live(&self) -> usize {
        0
    }
}

impl<C: ?Sized> WorkScheduler<C> {
    #[inline]
    pub(super) fn has_io_news(&self) -> bool {
        false
    }

    pub(super) fn take_io_news(&mut self) {}

    pub(super) fn forget_sources(&mut self, _: u32) {}
}
