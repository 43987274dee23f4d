//! Without the feature `mio` there are no sources of readiness.

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
