//! The room `io` without the feature `mio`: there are no sources of readiness.
//!
//! It has what other rooms use of `io`, so that they need no condition for the feature.

/// An empty list of sources.
#[derive(Default)]
pub(crate) struct SourceList;

impl SourceList {
    /// Returns false: no source is registered.
    pub fn any_live(&self) -> bool {
        false
    }

    /// Returns 0: no source is registered.
    pub fn live(&self) -> usize {
        0
    }
}
