//! Without the feature `mio` no attempt has a source.

use crate::engine::Engine;

impl Engine {
    #[inline]
    pub(crate) fn has_io_news(&self) -> bool {
        false
    }

    pub(crate) fn take_io_news(&mut self) {}

    pub(crate) fn forget_sources(&mut self, _: u32) {}
}
