//! The works that a new work is after, as listed in its [`Spec`](super::Spec).

use super::WorkId;
use smallvec::SmallVec;

/// A list of works. The first three need no allocation.
///
/// The places are fixed, and a change takes the box out and puts it back. So the compiler keeps a whole spec in
/// registers while its builder hands it on. A spec above 128 bytes would be copied by a call of `memcpy`.
#[derive(Debug, Default)]
pub(crate) struct Before {
    near: [Option<WorkId>; 3],
    more: Option<Box<SmallVec<[WorkId; 8]>>>,
}

impl Before {
    #[inline]
    pub fn push(&mut self, id: WorkId) {
        if self.near[0].is_none() {
            self.near[0] = Some(id);
        } else if self.near[1].is_none() {
            self.near[1] = Some(id);
        } else if self.near[2].is_none() {
            self.near[2] = Some(id);
        } else {
            let mut more = self.more.take().unwrap_or_default();
            more.push(id);
            self.more = Some(more);
        }
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.near[0].is_none()
    }

    #[inline]
    pub fn len(&self) -> usize {
        let more = self.more.as_ref().map_or(0, |more| more.len());
        self.near.iter().flatten().count() + more
    }

    /// Returns the works in the order in which they were given.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = WorkId> + '_ {
        (0..).map_while(|index| self.get(index))
    }

    #[inline]
    fn get(&self, index: usize) -> Option<WorkId> {
        match self.near.get(index) {
            Some(&near) => near,
            None => self.more.as_ref()?.get(index - self.near.len()).copied(),
        }
    }
}

impl FromIterator<WorkId> for Before {
    fn from_iter<I: IntoIterator<Item = WorkId>>(ids: I) -> Self {
        let mut before = Before::default();
        ids.into_iter().for_each(|id| before.push(id));
        before
    }
}
