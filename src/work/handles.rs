//! [`Handles`]: the names of the works of a graph.

use super::{Handle, WorkId};
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::ops::Range;

/// The [`Handle`]s of the works of a graph, by position. Each takes 4 bytes and is made when asked for.
pub struct Handles<T> {
    scheduler_id: NonZeroU32,
    /// The serial number of the first work. The others follow.
    first: u64,
    slots: Vec<u32>,
    output: PhantomData<fn() -> T>,
}

impl<T> Handles<T> {
    pub(crate) fn new(scheduler_id: NonZeroU32, first: u64, room: usize) -> Self {
        Handles {
            scheduler_id,
            first,
            slots: Vec::with_capacity(room),
            output: PhantomData,
        }
    }

    /// Returns these handles for works with outputs of the type `U`.
    pub(crate) fn typed<U>(self) -> Handles<U> {
        Handles {
            scheduler_id: self.scheduler_id,
            first: self.first,
            slots: self.slots,
            output: PhantomData,
        }
    }

    #[inline]
    pub(crate) fn push(&mut self, slot: u32) {
        self.slots.push(slot);
    }

    #[inline]
    pub(crate) fn slots(&self) -> &[u32] {
        &self.slots
    }

    /// Returns the serial number of the first work.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// Returns whether `id` is one of these works.
    pub(crate) fn contain(&self, id: WorkId) -> bool {
        let place = id.serial.checked_sub(self.first);
        id.scheduler_id == self.scheduler_id
            && place.is_some_and(|place| place < self.slots.len() as u64)
    }

    /// Returns how many works the graph has.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Returns whether the graph has no work.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Returns the handle of the work at `position`, counted from 0. O(1).
    pub fn get(&self, position: usize) -> Option<Handle<T>> {
        let slot = *self.slots.get(position)?;
        Some(Handle::new(WorkId {
            serial: self.first + position as u64,
            scheduler_id: self.scheduler_id,
            slot,
        }))
    }

    /// Returns all handles, in the order of positions.
    pub fn iter(&self) -> HandlesIter<'_, T> {
        HandlesIter {
            handles: self,
            places: 0..self.len(),
        }
    }
}

impl<T> fmt::Debug for Handles<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

impl<'a, T> IntoIterator for &'a Handles<T> {
    type Item = Handle<T>;
    type IntoIter = HandlesIter<'a, T>;

    fn into_iter(self) -> HandlesIter<'a, T> {
        self.iter()
    }
}

/// The handles of a graph in their order; see [`Handles::iter`].
pub struct HandlesIter<'a, T> {
    handles: &'a Handles<T>,
    places: Range<usize>,
}

impl<T> Iterator for HandlesIter<'_, T> {
    type Item = Handle<T>;

    fn next(&mut self) -> Option<Handle<T>> {
        self.handles.get(self.places.next()?)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.places.size_hint()
    }
}

/// Prints the handles that are left.
impl<T> fmt::Debug for HandlesIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = self.places.clone();
        let left = left.filter_map(|place| self.handles.get(place));
        f.debug_list().entries(left).finish()
    }
}

impl<T> DoubleEndedIterator for HandlesIter<'_, T> {
    fn next_back(&mut self) -> Option<Handle<T>> {
        self.handles.get(self.places.next_back()?)
    }
}

impl<T> ExactSizeIterator for HandlesIter<'_, T> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_those_of_consecutive_works() {
        let scheduler_id = NonZeroU32::MIN;
        let mut handles = Handles::<()>::new(scheduler_id, 7, 3);
        for slot in [4, 0, 9] {
            handles.push(slot);
        }
        let id = |serial, slot| WorkId {
            serial,
            scheduler_id,
            slot,
        };
        let ids = [id(7, 4), id(8, 0), id(9, 9)];
        assert!(handles.iter().map(Handle::id).eq(ids));
        assert!(
            handles
                .iter()
                .rev()
                .map(Handle::id)
                .eq([ids[2], ids[1], ids[0]])
        );
        assert_eq!((handles.len(), handles.iter().len()), (3, 3));
        assert_eq!(handles.get(2).map(Handle::id), Some(ids[2]));
        assert_eq!(handles.get(3), None);
        assert!(ids.iter().all(|&id| handles.contain(id)));
        assert!(!handles.contain(id(6, 1)) && !handles.contain(id(10, 1)));
        let other = NonZeroU32::new(2).unwrap();
        assert!(!handles.contain(WorkId {
            scheduler_id: other,
            ..ids[0]
        }));
        assert_eq!(format!("{handles:?}"), "[#7, #8, #9]");
    }
}
