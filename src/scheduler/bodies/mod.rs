//! Where the bodies of works are: a column by slot, each in a box of its own, or, if many of one type came at once, side by
//! side in a column of their type.
//!
//! A column of one type spares each of its works an allocation, and lies in memory in the order in which they came. It is
//! gone once the last of them is.
//!
//! Invariant: the column has a body for each slot whose work the engine knows, except between the engine's word that a body is
//! gone and its drop. A body is called in body_ref.

mod column;

pub(super) use column::Column;

use super::WorkContext;
use super::turn::{call_hook_of, play};
use crate::engine::notes::{Answer, Hook, Part};
use crate::engine::panics::{self, Payload, contain};
use crate::engine::run::prefetch::Ahead;
use crate::work::Work;
use column::AnyColumn;
use slab::Slab;

/// The body of one work.
pub(crate) enum Body<C: ?Sized> {
    Own(Box<dyn Work<C>>),
    Shared(BodyRef),
    Gone,
}

/// Which cell of which column of one type.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct BodyRef {
    pub column: u32,
    pub cell: u32,
}

/// All bodies of a scheduler.
pub(crate) struct Bodies<C: ?Sized> {
    by_slot: Vec<Body<C>>,
    columns: Slab<Box<dyn AnyColumn<C>>>,
}

impl<C: ?Sized> Bodies<C> {
    pub fn new() -> Self {
        Bodies {
            by_slot: Vec::new(),
            columns: Slab::new(),
        }
    }

    /// Enters the body of a new work.
    #[inline]
    pub fn enter(&mut self, slot: u32, body: Body<C>) {
        let slot = slot as usize;
        if slot == self.by_slot.len() {
            return self.by_slot.push(body);
        }
        self.enter_out_of_order(slot, body);
    }

    #[inline(never)]
    fn enter_out_of_order(&mut self, slot: usize, body: Body<C>) {
        if slot > self.by_slot.len() {
            self.by_slot.resize_with(slot + 1, || Body::Gone);
        }
        debug_assert!(matches!(self.by_slot[slot], Body::Gone));
        self.by_slot[slot] = body;
    }

    /// Calls a turn that is `poll` and nothing else. The error is the payload of its panic.
    ///
    /// The body is looked up outside of what is caught: a call that is nothing but a call is inlined.
    #[inline(always)]
    pub fn poll(&mut self, slot: u32, cx: &mut WorkContext<'_, C>) -> Result<Answer, Payload> {
        match self.by_slot.get_mut(slot as usize) {
            Some(Body::Own(body)) => contain(|| body.poll(cx)),
            Some(Body::Shared(body_ref)) => match self.columns.get_mut(body_ref.column as usize) {
                Some(column) => contain(|| column.poll(body_ref.cell, cx)),
                None => Ok(Answer::Pending),
            },
            Some(Body::Gone) | None => Ok(Answer::Pending),
        }
    }

    /// Calls any turn. The error is the payload of its panic.
    #[inline(always)]
    pub fn play(
        &mut self,
        slot: u32,
        cx: &mut WorkContext<'_, C>,
        part: Part,
    ) -> Result<Answer, Payload> {
        match self.by_slot.get_mut(slot as usize) {
            Some(Body::Own(body)) => contain(|| play(&mut **body, cx, part)),
            Some(Body::Shared(body_ref)) => match self.columns.get_mut(body_ref.column as usize) {
                Some(column) => contain(|| column.play(body_ref.cell, cx, part)),
                None => Ok(Answer::Pending),
            },
            Some(Body::Gone) | None => Ok(Answer::Pending),
        }
    }

    #[inline]
    pub fn hook(&mut self, slot: u32, cx: &mut WorkContext<'_, C>, hook: Hook) {
        match &mut self.by_slot[slot as usize] {
            Body::Own(body) => call_hook_of(&mut **body, cx, hook),
            Body::Shared(body_ref) => {
                self.columns[body_ref.column as usize].hook(body_ref.cell, cx, hook);
            }
            Body::Gone => {}
        }
    }

    /// Calls `look` with a body that is there.
    pub fn look(&self, slot: u32, look: &mut dyn FnMut(&dyn Work<C>)) {
        match self.by_slot.get(slot as usize) {
            Some(Body::Own(body)) => look(&**body),
            Some(Body::Shared(body_ref)) => {
                self.columns[body_ref.column as usize].look(body_ref.cell, look);
            }
            Some(Body::Gone) | None => {}
        }
    }

    /// Drops a body; this may panic.
    pub fn discard(&mut self, slot: u32) {
        let Some(body) = self.by_slot.get_mut(slot as usize) else {
            return;
        };
        match std::mem::replace(body, Body::Gone) {
            Body::Own(body) => drop(body),
            Body::Shared(body_ref) => self.clear(body_ref),
            Body::Gone => {}
        }
    }

    fn clear(&mut self, body_ref: BodyRef) {
        let column = body_ref.column as usize;
        match self.columns[column].leave() {
            true => self.columns.remove(column).clear(body_ref.cell),
            false => self.columns[column].clear(body_ref.cell),
        }
    }

    // ---- columns ----

    pub fn reserve(&mut self, works: usize) {
        self.by_slot.reserve(works);
    }

    /// Which one the next column will be.
    pub fn next_column(&self) -> u32 {
        self.columns.vacant_key() as u32
    }

    pub fn add_column<W: Work<C> + 'static>(&mut self, mut column: Column<W>) {
        column.left = column.cells.len();
        if !column.cells.is_empty() {
            self.columns.insert(Box::new(column));
        }
    }

    fn body_ref(&self, slot: u32) -> Option<BodyRef> {
        match self.by_slot.get(slot as usize)? {
            Body::Shared(body_ref) => Some(*body_ref),
            Body::Own(_) | Body::Gone => None,
        }
    }

    /// Reads bodies that will soon be called; see `engine/run/prefetch.rs`.
    pub fn prefetch(&self, ahead: Ahead<'_>) -> u32 {
        match ahead {
            Ahead::Between(one, other, most) => self.prefetch_between(one, other, most),
            Ahead::Each(slots) => self.prefetch_each(slots),
        }
    }

    fn prefetch_each(&self, slots: &[u32]) -> u32 {
        let mut read = 0;
        for &slot in slots {
            if let Some(body_ref) = self.body_ref(slot)
                && let Some(column) = self.columns.get(body_ref.column as usize)
            {
                read ^= column.prefetch(body_ref.cell);
            }
        }
        read
    }

    /// Reads what is between two bodies, if that is one column and no more than `most` cells: slots that have been used before
    /// may come in any order.
    fn prefetch_between(&self, one: u32, other: u32, most: u32) -> u32 {
        let (Some(one), Some(other)) = (self.body_ref(one), self.body_ref(other)) else {
            return 0;
        };
        let (first, last) = (one.cell.min(other.cell), one.cell.max(other.cell));
        match self.columns.get(one.column as usize) {
            Some(column) if one.column == other.column && last - first < most => {
                column.prefetch_between(first, last)
            }
            _ => 0,
        }
    }
}

impl<C: ?Sized> Drop for Bodies<C> {
    /// One by one: a second panic during the first one's unwinding would end the process.
    fn drop(&mut self) {
        let own = self.by_slot.iter_mut();
        let own = own.filter(|body| matches!(body, Body::Own(_)));
        panics::dispose_each(own.map(|body| std::mem::replace(body, Body::Gone)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::Failure;
    use std::task::Poll;

    /// A work as large as a line of the cache.
    struct Large(#[expect(unused)] [u64; 8]);

    impl Work<()> for Large {
        fn poll(&mut self, _: &mut WorkContext<'_, ()>) -> Poll<Result<(), Failure>> {
            Poll::Ready(Ok(()))
        }
    }

    /// An odd number of cells shows in what has been read.
    #[test]
    fn what_is_read_ahead_is_near_and_in_one_column() {
        let mut bodies = Bodies::<()>::new();
        for first in [0, 3] {
            let mut column = Column::with_capacity(3);
            let number = bodies.next_column();
            for slot in 0..3 {
                let cell = column.push(Large([0; 8]));
                let column = number;
                bodies.enter(first + slot, Body::Shared(BodyRef { column, cell }));
            }
            bodies.add_column(column);
        }
        let between = |one, other, most| bodies.prefetch(Ahead::Between(one, other, most));
        assert_eq!(between(0, 2, 3), 1);
        assert_eq!(between(2, 0, 3), 1);
        assert_eq!(between(0, 2, 2), 0, "far");
        assert_eq!(between(0, 5, 3), 0, "apart");
        assert_eq!(between(0, 9, 3), 0, "not there");
        assert_eq!(bodies.prefetch(Ahead::Each(&[2])), 1);
    }
}
