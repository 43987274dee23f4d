//! Where the bodies of works are: each in a box of its own, or, if many of one type came at once, side by side on a shelf.
//!
//! A shelf spares each of its works an allocation, and lies in memory in the order in which they came. It is gone once
//! the last of them is.

use super::panics;
use super::turn::{Answer, Hook, Part, call_hook_of, play};
use super::{WorkContext, WorkScheduler};
use crate::engine::record::NONE;
use crate::work::Work;
use slab::Slab;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What a work's record has of its body. Not [`Option`]al: that would take another word.
pub(crate) enum Body<C: ?Sized> {
    Own(Box<dyn Work<C>>),
    Shelved(Place),
}

/// Which cell of which shelf.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub shelf: u32,
    pub cell: u32,
}

impl Place {
    pub const NOWHERE: Self = Place {
        shelf: NONE,
        cell: NONE,
    };
}

impl<C: ?Sized> Body<C> {
    /// No body: it is having a turn, or it is no more.
    pub const GONE: Self = Body::Shelved(Place::NOWHERE);

    #[inline]
    pub fn is_there(&self) -> bool {
        match self {
            Body::Own(_) => true,
            Body::Shelved(place) => *place != Place::NOWHERE,
        }
    }

    /// Where it is, if it is on a shelf.
    #[inline]
    pub fn place(&self) -> Place {
        match self {
            Body::Own(_) => Place::NOWHERE,
            Body::Shelved(place) => *place,
        }
    }

    #[inline]
    pub fn take(&mut self) -> Self {
        std::mem::replace(self, Self::GONE)
    }
}

/// A body out of its record, that can be called.
pub(super) trait Held<C: ?Sized> {
    fn play(&mut self, cx: &mut WorkContext<'_, C>, part: Part) -> Answer;
    fn hook(&mut self, cx: &mut WorkContext<'_, C>, hook: Hook);
    fn into_body(self) -> Body<C>;
}

impl<C: ?Sized> Held<C> for Box<dyn Work<C>> {
    #[inline]
    fn play(&mut self, cx: &mut WorkContext<'_, C>, part: Part) -> Answer {
        play(&mut **self, cx, part)
    }

    #[inline]
    fn hook(&mut self, cx: &mut WorkContext<'_, C>, hook: Hook) {
        call_hook_of(&mut **self, cx, hook);
    }

    #[inline]
    fn into_body(self) -> Body<C> {
        Body::Own(self)
    }
}

impl<C: ?Sized> Held<C> for Place {
    #[inline]
    fn play(&mut self, cx: &mut WorkContext<'_, C>, part: Part) -> Answer {
        cx.engine.shelves.at(*self).play(self.cell, cx, part)
    }

    #[inline]
    fn hook(&mut self, cx: &mut WorkContext<'_, C>, hook: Hook) {
        cx.engine.shelves.at(*self).hook(self.cell, cx, hook);
    }

    #[inline]
    fn into_body(self) -> Body<C> {
        Body::Shelved(self)
    }
}

impl<C: ?Sized> Held<C> for Body<C> {
    #[inline]
    fn play(&mut self, cx: &mut WorkContext<'_, C>, part: Part) -> Answer {
        match self {
            Body::Own(body) => body.play(cx, part),
            Body::Shelved(place) => place.play(cx, part),
        }
    }

    #[inline]
    fn hook(&mut self, cx: &mut WorkContext<'_, C>, hook: Hook) {
        match self {
            Body::Own(body) => body.hook(cx, hook),
            Body::Shelved(place) => place.hook(cx, hook),
        }
    }

    #[inline]
    fn into_body(self) -> Body<C> {
        self
    }
}

/// Bytes of a line of the cache, on most processors.
const LINE: usize = 64;

/// Works of one type. Each is borrowed for its own calls only.
pub(crate) struct Shelf<W> {
    cells: Vec<RefCell<Option<W>>>,
    /// How many are not cleared.
    left: Cell<usize>,
}

impl<W> Shelf<W> {
    pub fn with_capacity(works: usize) -> Self {
        Shelf {
            cells: Vec::with_capacity(works),
            left: Cell::new(0),
        }
    }

    /// Puts a work into the next cell.
    #[inline]
    pub fn push(&mut self, work: W) -> u32 {
        let cell = self.cells.len() as u32;
        self.cells.push(RefCell::new(Some(work)));
        cell
    }
}

impl<W> Drop for Shelf<W> {
    fn drop(&mut self) {
        if std::mem::needs_drop::<W>() {
            panics::dispose_each(self.cells.iter_mut().map(|cell| cell.get_mut().take()));
        }
    }
}

impl<W> Shelf<W> {
    /// Drops the work that was put here last; a panic in its drop is counted.
    #[cold]
    pub fn discard_last(&mut self) {
        panics::dispose(self.cells.pop());
    }
}

/// A shelf of whatever type.
trait AnyShelf<C: ?Sized> {
    fn play(&self, cell: u32, cx: &mut WorkContext<'_, C>, part: Part) -> Answer;
    fn hook(&self, cell: u32, cx: &mut WorkContext<'_, C>, hook: Hook);
    fn look(&self, cell: u32, look: &mut dyn FnMut(&dyn Work<C>));
    /// Reads what lies from one cell to another: a cell in each line of the cache.
    fn prefetch_between(&self, first: u32, last: u32) -> u32;
    /// Reads the cells of these places that are on the first one's shelf, which this is.
    fn prefetch(&self, places: &[Place]) -> u32;
    /// One work less is here; whether it was the last. To be cleared next.
    fn leave(&self) -> bool;
    fn clear(&self, cell: u32);
}

impl<C: ?Sized, W: Work<C>> AnyShelf<C> for Shelf<W> {
    fn play(&self, cell: u32, cx: &mut WorkContext<'_, C>, part: Part) -> Answer {
        match &mut *self.cells[cell as usize].borrow_mut() {
            Some(work) => play(work, cx, part),
            None => Answer::Pending,
        }
    }

    fn hook(&self, cell: u32, cx: &mut WorkContext<'_, C>, hook: Hook) {
        if let Some(work) = &mut *self.cells[cell as usize].borrow_mut() {
            call_hook_of(work, cx, hook);
        }
    }

    fn look(&self, cell: u32, look: &mut dyn FnMut(&dyn Work<C>)) {
        if let Some(work) = &*self.cells[cell as usize].borrow() {
            look(work);
        }
    }

    fn prefetch_between(&self, first: u32, last: u32) -> u32 {
        let cells = self.cells.get(first as usize..last as usize + 1);
        let in_a_line = (LINE / size_of::<RefCell<Option<W>>>()).max(1);
        let cells = cells.unwrap_or_default().iter().step_by(in_a_line);
        cells.fold(0, |read, cell| read ^ cell.try_borrow().is_ok() as u32)
    }

    fn prefetch(&self, places: &[Place]) -> u32 {
        let shelf = places[0].shelf;
        let cells = places.iter().filter(|place| place.shelf == shelf);
        // A cell ends in the line in which the next begins, if not before.
        let cells = cells.flat_map(|place| [place.cell as usize, place.cell as usize + 1]);
        let free = |cell: usize| {
            self.cells
                .get(cell)
                .is_some_and(|cell| cell.try_borrow().is_ok())
        };
        cells.fold(0, |read, cell| read ^ free(cell) as u32)
    }

    fn leave(&self) -> bool {
        self.left.set(self.left.get() - 1);
        self.left.get() == 0
    }

    fn clear(&self, cell: u32) {
        let work = self.cells[cell as usize].borrow_mut().take();
        // Its drop may panic, and the cell is free by then.
        drop(work);
    }
}

/// All shelves of a scheduler.
pub(crate) struct Shelves<C: ?Sized>(Slab<Rc<dyn AnyShelf<C>>>);

impl<C: ?Sized> Shelves<C> {
    pub fn new() -> Self {
        Shelves(Slab::new())
    }

    /// Which one the next will be.
    pub fn next(&self) -> u32 {
        self.0.vacant_key() as u32
    }

    pub fn add<W: Work<C> + 'static>(&mut self, shelf: Shelf<W>) {
        shelf.left.set(shelf.cells.len());
        if !shelf.cells.is_empty() {
            self.0.insert(Rc::new(shelf));
        }
    }

    /// Reads what is between two places, if that is one shelf and no more than so many cells; see `prefetch.rs`. (Slots that have
    /// been used before may come in any order.)
    pub fn prefetch_between(&self, one: Place, other: Place, most: u32) -> u32 {
        let (first, last) = (one.cell.min(other.cell), one.cell.max(other.cell));
        match self.0.get(one.shelf as usize) {
            Some(shelf) if one.shelf == other.shelf && last - first < most => {
                shelf.prefetch_between(first, last)
            }
            _ => 0,
        }
    }

    /// Reads what is at these places, but only what is on the shelf of the first; see `prefetch.rs`.
    pub fn prefetch(&self, places: &[Place]) -> u32 {
        let shelf = places
            .first()
            .and_then(|place| self.0.get(place.shelf as usize));
        shelf.map_or(0, |shelf| shelf.prefetch(places))
    }

    /// Held for the length of a call, in which works may come and go.
    #[inline]
    fn at(&self, place: Place) -> Rc<dyn AnyShelf<C>> {
        self.0[place.shelf as usize].clone()
    }
}

impl<C: ?Sized> WorkScheduler<C> {
    /// Calls `look` with a body that is there.
    pub(crate) fn look_at_body(&self, body: &Body<C>, mut look: impl FnMut(&dyn Work<C>)) {
        match body {
            Body::Own(body) => look(&**body),
            body if !body.is_there() => {}
            Body::Shelved(place) => self.shelves.at(*place).look(place.cell, &mut look),
        }
    }

    /// Drops a body; this may panic.
    pub(super) fn discard(&mut self, body: Body<C>) {
        match body {
            Body::Own(body) => drop(body),
            body if !body.is_there() => {}
            Body::Shelved(place) => {
                let shelf = self.shelves.at(place);
                if shelf.leave() {
                    self.shelves.0.remove(place.shelf as usize);
                }
                shelf.clear(place.cell);
            }
        }
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
    fn what_is_read_ahead_is_near_and_on_one_shelf() {
        let mut shelves = Shelves::<()>::new();
        for _ in 0..2 {
            let mut shelf = Shelf::with_capacity(3);
            (0..3).for_each(|_| _ = shelf.push(Large([0; 8])));
            shelves.add(shelf);
        }
        let at = |shelf, cell| Place { shelf, cell };
        assert_eq!(shelves.prefetch_between(at(0, 0), at(0, 2), 3), 1);
        assert_eq!(shelves.prefetch_between(at(0, 2), at(0, 0), 3), 1);
        assert_eq!(shelves.prefetch_between(at(0, 0), at(0, 2), 2), 0, "far");
        assert_eq!(shelves.prefetch_between(at(0, 0), at(1, 2), 3), 0, "apart");
        let nowhere = Place::NOWHERE;
        assert_eq!(shelves.prefetch_between(nowhere, nowhere, 3), 0);
    }
}
