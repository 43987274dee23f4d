//! The bodies of works, in a vector by slot. Each body has a box of its own, or a cell in a column of its type if many
//! works of one type were added together.
//!
//! A column saves an allocation per work, and keeps the bodies in memory in the order in which they were added. It is
//! freed with the last of its works.
//!
//! Invariant: `by_slot` has a body for each work that the engine knows, except between the engine's word that a body is
//! gone and its drop. A body is called in place.

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
}

impl<C: ?Sized> Body<C> {
    /// What is left of a body that was dropped: a place in no column. As a variant it would make each body 24 bytes.
    const GONE: Body<C> = Body::Shared(BodyRef {
        column: u32::MAX,
        cell: 0,
    });

    fn is_gone(&self) -> bool {
        matches!(self, Body::Shared(body_ref) if body_ref.column == u32::MAX)
    }
}

/// The place of a body: a cell of a column.
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
        while slot >= self.by_slot.len() {
            self.by_slot.push(Body::GONE);
        }
        debug_assert!(self.by_slot[slot].is_gone());
        self.by_slot[slot] = body;
    }

    /// Calls a turn that is `poll` and nothing else. The error is the payload of a panic.
    ///
    /// The lookup stays outside of `contain`, so that the compiler inlines the call.
    #[inline(always)]
    pub fn poll(&mut self, slot: u32, cx: &mut WorkContext<'_, C>) -> Result<Answer, Payload> {
        match self.by_slot.get_mut(slot as usize) {
            Some(Body::Own(body)) => contain(|| body.poll(cx)),
            Some(Body::Shared(body_ref)) => match self.columns.get_mut(body_ref.column as usize) {
                Some(column) => contain(|| column.poll(body_ref.cell, cx)),
                None => Ok(Answer::Pending),
            },
            None => Ok(Answer::Pending),
        }
    }

    /// Calls any turn. The error is the payload of a panic.
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
            None => Ok(Answer::Pending),
        }
    }

    #[inline]
    pub fn hook(&mut self, slot: u32, cx: &mut WorkContext<'_, C>, hook: Hook) {
        match &mut self.by_slot[slot as usize] {
            Body::Own(body) => call_hook_of(&mut **body, cx, hook),
            Body::Shared(body_ref) => {
                if let Some(column) = self.columns.get_mut(body_ref.column as usize) {
                    column.hook(body_ref.cell, cx, hook);
                }
            }
        }
    }

    /// Calls `look` with the body, if it is there.
    pub fn look(&self, slot: u32, look: &mut dyn FnMut(&dyn Work<C>)) {
        match self.by_slot.get(slot as usize) {
            Some(Body::Own(body)) => look(&**body),
            Some(Body::Shared(body_ref)) => {
                if let Some(column) = self.columns.get(body_ref.column as usize) {
                    column.look(body_ref.cell, look);
                }
            }
            None => {}
        }
    }

    /// Drops a body. Its drop may panic.
    pub fn discard(&mut self, slot: u32) {
        let Some(body) = self.by_slot.get_mut(slot as usize) else {
            return;
        };
        match std::mem::replace(body, Body::GONE) {
            Body::Own(body) => drop(body),
            Body::Shared(body_ref) => self.clear(body_ref),
        }
    }

    fn clear(&mut self, body_ref: BodyRef) {
        let number = body_ref.column as usize;
        let Some(column) = self.columns.get_mut(number) else {
            return;
        };
        match column.leave() {
            true => self.columns.remove(number).clear(body_ref.cell),
            false => column.clear(body_ref.cell),
        }
    }

    // ---- columns ----

    pub fn reserve(&mut self, works: usize) {
        self.by_slot.reserve(works);
    }

    /// Returns the number that the next column will have.
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
            Body::Own(_) => None,
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

    /// Reads the cells between two bodies, if they are in one column and fewer than `most` apart. Slots that have been
    /// used before may come in any order.
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

impl<C: ?Sized> Bodies<C> {
    /// Drops all bodies, but keeps the room.
    pub fn reset(&mut self) {
        self.dispose_own();
        self.by_slot.clear();
        self.columns.clear();
    }

    /// Drops the bodies one by one, since a second panic while the first unwinds would end the process.
    fn dispose_own(&mut self) {
        let own = self.by_slot.iter_mut();
        let own = own.filter(|body| matches!(body, Body::Own(_)));
        panics::dispose_each(own.map(|body| std::mem::replace(body, Body::GONE)));
    }
}

impl<C: ?Sized> Drop for Bodies<C> {
    fn drop(&mut self) {
        self.dispose_own();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::Failure;
    use std::task::Poll;

    /// A work as large as a cache line.
    struct Large(#[expect(unused)] [u64; 8]);

    impl Work<()> for Large {
        fn poll(&mut self, _: &mut WorkContext<'_, ()>) -> Poll<Result<(), Failure>> {
            Poll::Ready(Ok(()))
        }
    }

    #[test]
    fn a_body_takes_two_words() {
        assert_eq!(size_of::<Body<()>>(), 2 * size_of::<usize>());
        assert!(Body::<()>::GONE.is_gone());
    }

    /// The sum of what was read is 1 if the number of cells is odd.
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
