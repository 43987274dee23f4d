//! A column: the bodies of works of one type that were added together.

use crate::engine::notes::{Answer, Hook, Part};
use crate::engine::panics;
use crate::scheduler::WorkContext;
use crate::scheduler::turn::{call_hook_of, play};
use crate::work::Work;

/// Bytes of a cache line on most processors.
const LINE: usize = 64;

/// Works of one type, a cell for each.
pub(crate) struct Column<W> {
    pub(super) cells: Vec<Option<W>>,
    /// How many cells are not cleared. `Bodies::add_column` sets it.
    pub(super) left: usize,
}

impl<W> Column<W> {
    pub fn with_capacity(works: usize) -> Self {
        Column {
            cells: Vec::with_capacity(works),
            left: 0,
        }
    }

    /// Puts a work into the next cell and returns the number of the cell.
    #[inline]
    pub fn push(&mut self, work: W) -> u32 {
        let cell = self.cells.len() as u32;
        self.cells.push(Some(work));
        cell
    }

    /// Drops the work that was pushed last; a panic in its drop is counted.
    #[cold]
    pub fn discard_last(&mut self) {
        panics::dispose(self.cells.pop());
    }
}

impl<W> Drop for Column<W> {
    fn drop(&mut self) {
        if std::mem::needs_drop::<W>() {
            panics::dispose_each(self.cells.iter_mut().map(Option::take));
        }
    }
}

/// A column whose type of work is not known.
pub(super) trait AnyColumn<C: ?Sized> {
    fn poll(&mut self, cell: u32, cx: &mut WorkContext<'_, C>) -> Answer;
    fn play(&mut self, cell: u32, cx: &mut WorkContext<'_, C>, part: Part) -> Answer;
    fn hook(&mut self, cell: u32, cx: &mut WorkContext<'_, C>, hook: Hook);
    fn look(&self, cell: u32, look: &mut dyn FnMut(&dyn Work<C>));
    /// Reads the cells from `first` to `last`, one in each cache line.
    fn prefetch_between(&self, first: u32, last: u32) -> u32;
    /// Reads one cell and the beginning of the next.
    fn prefetch(&self, cell: u32) -> u32;
    /// Counts one cell as cleared, before `clear` drops its work. Returns whether it was the last.
    fn leave(&mut self) -> bool;
    fn clear(&mut self, cell: u32);
}

impl<C: ?Sized, W: Work<C>> AnyColumn<C> for Column<W> {
    fn poll(&mut self, cell: u32, cx: &mut WorkContext<'_, C>) -> Answer {
        match &mut self.cells[cell as usize] {
            Some(work) => work.poll(cx),
            None => Answer::Pending,
        }
    }

    fn play(&mut self, cell: u32, cx: &mut WorkContext<'_, C>, part: Part) -> Answer {
        match &mut self.cells[cell as usize] {
            Some(work) => play(work, cx, part),
            None => Answer::Pending,
        }
    }

    fn hook(&mut self, cell: u32, cx: &mut WorkContext<'_, C>, hook: Hook) {
        if let Some(work) = &mut self.cells[cell as usize] {
            call_hook_of(work, cx, hook);
        }
    }

    fn look(&self, cell: u32, look: &mut dyn FnMut(&dyn Work<C>)) {
        if let Some(work) = &self.cells[cell as usize] {
            look(work);
        }
    }

    fn prefetch_between(&self, first: u32, last: u32) -> u32 {
        let cells = self.cells.get(first as usize..last as usize + 1);
        let in_a_line = (LINE / size_of::<Option<W>>().max(1)).max(1);
        let cells = cells.unwrap_or_default().iter().step_by(in_a_line);
        cells.fold(0, |read, cell| read ^ cell.is_some() as u32)
    }

    fn prefetch(&self, cell: u32) -> u32 {
        // The end of a cell is in the same line as the beginning of the next cell, or before it.
        let is_there = |cell: usize| self.cells.get(cell).is_some_and(Option::is_some);
        is_there(cell as usize) as u32 ^ is_there(cell as usize + 1) as u32
    }

    fn leave(&mut self) -> bool {
        self.left -= 1;
        self.left == 0
    }

    fn clear(&mut self, cell: u32) {
        let work = self.cells[cell as usize].take();
        // The drop may panic, and the cell is free by then.
        drop(work);
    }
}
