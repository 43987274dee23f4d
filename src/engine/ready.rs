//! The works that have a turn coming: one line for the present round, one for what becomes ready meanwhile.
//!
//! A line is a vector that is read from the front and cleared when its round is over; a work knows its place in it, so
//! that it can be taken out in O(1), and leaves a gap. A vector and not links through the records: a turn then touches no
//! record but its own, and the processor sees early which comes next.

use super::arena::Arena;
use super::record::{NONE, Record, flag};

/// Lines below this length are not worth closing the gaps of.
const SHORT: usize = 64;

/// The works that have a turn coming.
pub(crate) struct Ready {
    lines: [Line; 2],
    /// Which line is the present round's, 0 or 1; the flag `SIDE` of a work says in which it is. A byte that is flipped,
    /// and not two lines that are swapped: a copy would have to wait for what has just been written.
    current: u8,
}

#[derive(Default)]
struct Line {
    slots: Vec<u32>,
    /// Where the line begins: what was before has had its turn.
    front: usize,
    gaps: usize,
}

impl Line {
    fn len(&self) -> usize {
        self.slots.len() - self.front - self.gaps
    }

    #[inline]
    fn push(&mut self, slot: u32) -> u32 {
        self.slots.push(slot);
        self.slots.len() as u32 - 1
    }

    #[inline]
    fn pop(&mut self) -> Option<u32> {
        while let Some(&slot) = self.slots.get(self.front) {
            self.front += 1;
            if slot != NONE {
                return Some(slot);
            }
            self.gaps -= 1;
        }
        None
    }

    #[inline]
    fn clear(&mut self) {
        self.slots.clear();
        (self.front, self.gaps) = (0, 0);
    }

    fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let rest = self.slots[self.front..].iter().copied();
        rest.filter(|&slot| slot != NONE)
    }

    /// Closes the gaps, once they are most of a long line: works that are added and cancelled without end fill no memory.
    fn tidy<C: ?Sized>(&mut self, arena: &mut Arena<C>) {
        if self.slots.len() < SHORT || self.gaps * 2 < self.slots.len() {
            return;
        }
        self.slots.drain(..self.front);
        self.slots.retain(|&slot| slot != NONE);
        (self.front, self.gaps) = (0, 0);
        for (place, &slot) in (0..).zip(&self.slots) {
            arena.at_mut(slot).links.prev = place;
        }
    }
}

impl Ready {
    pub fn new() -> Self {
        Ready {
            lines: Default::default(),
            current: 0,
        }
    }

    #[inline]
    fn present(&mut self) -> &mut Line {
        &mut self.lines[self.current as usize & 1]
    }

    /// Whether nobody has a turn coming, in this round or the next.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline]
    pub fn round_is_over(&self) -> bool {
        self.round_len() == 0
    }

    /// A turn in the next round. Amortised O(1).
    #[inline]
    pub fn push<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32) {
        let (place, side) = self.enter(slot);
        let record = arena.at_mut(slot);
        debug_assert!(
            !record.flags.has(flag::READY),
            "a work that has a turn coming was given another"
        );
        record.links.prev = place;
        record.flags.clear(flag::SIDE);
        let side = if side { flag::SIDE } else { 0 };
        record.flags.set(flag::READY | side);
    }

    /// The same for a work that has just had a usual turn.
    #[inline]
    pub fn push_after_turn<C: ?Sized>(&mut self, record: &mut Record<C>, slot: u32) {
        let (place, side) = self.enter(slot);
        record.links.prev = place;
        record.flags.end_usual_turn(side);
    }

    /// The place in the line, and which line it is.
    #[inline]
    fn enter(&mut self, slot: u32) -> (u32, bool) {
        let later = self.current & 1 ^ 1;
        (self.lines[later as usize].push(slot), later == 1)
    }

    /// The next work of this round, which must then have its turn: it is not ready any more.
    #[inline]
    pub fn pop(&mut self) -> Option<u32> {
        self.present().pop()
    }

    /// Takes a work out, if it has a turn coming. Amortised O(1).
    pub fn remove<C: ?Sized>(&mut self, arena: &mut Arena<C>, slot: u32) {
        if arena.take(slot, flag::READY) {
            let line = &mut self.lines[arena.is(slot, flag::SIDE) as usize];
            line.slots[arena.at(slot).links.prev as usize] = NONE;
            line.gaps += 1;
            line.tidy(arena);
        }
    }

    /// What has become ready makes the next round. The last one must be over.
    #[inline]
    pub fn start_round(&mut self) {
        debug_assert!(self.round_is_over());
        self.present().clear();
        self.current ^= 1;
    }

    /// The works whose turns of this round are still to come.
    pub fn round(&self) -> impl Iterator<Item = u32> + '_ {
        self.lines[self.current as usize & 1].iter()
    }

    #[inline]
    pub fn round_len(&self) -> usize {
        self.lines[self.current as usize & 1].len()
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.lines[0].len() + self.lines[1].len()
    }
}
