//! Without the feature `mio` there are no sources of readiness.

use super::Engine;

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

impl Engine {
    #[inline]
    pub(crate) fn has_io_news(&self) -> bool {
        false
    }

    pub(crate) fn take_io_news(&mut self) {}

    pub(crate) fn forget_sources(&mut self, _: u32) {}
}
