//! The works that a new work is after, while they are listed in its [`Spec`](super::Spec).

use super::WorkId;

/// A list of works of which the first three need no memory of their own.
///
/// It has fixed places, and what has an address (the vector) is taken out to be changed: so a compiler can keep a whole
/// spec in registers while its builder hands it from call to call. With one array and one length, as in a `SmallVec`,
/// every such call copied the spec twice.
#[derive(Debug, Default)]
pub(crate) struct Before {
    near: [Option<WorkId>; 3],
    more: Vec<WorkId>,
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
            let mut more = std::mem::take(&mut self.more);
            more.push(id);
            self.more = more;
        }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.near.iter().flatten().count() + self.more.len()
    }

    /// In the order in which they were given.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = WorkId> + '_ {
        let near = self.near.iter().map_while(|&id| id);
        near.chain(self.more.iter().copied())
    }
}

impl FromIterator<WorkId> for Before {
    fn from_iter<I: IntoIterator<Item = WorkId>>(ids: I) -> Self {
        let mut before = Before::default();
        ids.into_iter().for_each(|id| before.push(id));
        before
    }
}
