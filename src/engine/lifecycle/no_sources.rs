//! The file `sources.rs` without the feature `mio`: no attempt has a source.

use crate::engine::Engine;

impl Engine {
    /// Returns false: there are no sources.
    #[inline]
    pub(crate) fn has_io_news(&self) -> bool {
        false
    }

    /// Does nothing: there are no sources.
    pub(crate) fn take_io_news(&mut self) {}

    /// Does nothing: there are no sources.
    pub(crate) fn forget_sources(&mut self, _: u32) {}
}
