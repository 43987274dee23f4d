//! Memory for lists of edges: blocks of cells in one vector, their sizes powers of two.
//!
//! The first cell of a block is its header, the others are entries; a given-back block is kept for the next that wants
//! its size.

use crate::engine::store::record::NONE;
use crate::work::EdgeKind;
use std::ops::Range;

/// A list that comes to be edge by edge begins with so large a block (as a power of two): one edge.
const FIRST_SIZE: u32 = 1;

/// One end of an edge in the list of the work at the other: that work, the place of the edge in *that* work's list, and, of
/// edges out of a work, what the edge is like. One number, so that it is written and read at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry(u64);

/// Bits beside a slot, which is below 2^30.
const SATISFIED: u64 = 1 << 30;
const AFTER_SETTLED: u64 = 1 << 31;
const SLOT: u64 = SATISFIED - 1;

impl Entry {
    /// What is left of an edge that is gone: no entry is at place 0, where the header is. Nobody waits for it, so it is
    /// satisfied.
    pub const GAP: Entry = Entry(SATISFIED);

    #[inline]
    pub fn new(peer: u32, place: u32) -> Self {
        Entry((place as u64) << 32 | peer as u64)
    }

    #[inline]
    pub fn is_gap(self) -> bool {
        self.place() == 0
    }

    /// The work at the other end.
    #[inline]
    pub fn peer(self) -> u32 {
        (self.0 & SLOT) as u32
    }

    #[inline]
    pub fn place(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The same edge, the other end of which is now at this place.
    pub fn with_place(self, place: u32) -> Self {
        Entry(self.0 as u32 as u64 | (place as u64) << 32)
    }

    /// Of an edge out of a work.
    #[inline]
    pub fn kind(self) -> EdgeKind {
        if self.0 & AFTER_SETTLED == 0 {
            EdgeKind::After
        } else {
            EdgeKind::AfterSettled
        }
    }

    /// Of an edge out of a work.
    #[inline]
    pub fn is_satisfied(self) -> bool {
        self.0 & SATISFIED != 0
    }

    #[inline]
    pub fn satisfied(self) -> Self {
        Entry(self.0 | SATISFIED)
    }

    /// An edge out of a work that is like this.
    #[inline]
    pub fn with(self, kind: EdgeKind, satisfied: bool) -> Self {
        let kind = match kind {
            EdgeKind::After => 0,
            EdgeKind::AfterSettled => AFTER_SETTLED,
        };
        let satisfied = if satisfied { SATISFIED } else { 0 };
        Entry(self.0 & !(AFTER_SETTLED | SATISFIED) | kind | satisfied)
    }
}

/// How full a block is: 30 bits of how many entries it has, 29 of how many of them are gaps, and its size.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header(u64);

const LEN: u64 = (1 << 30) - 1;
const GAPS: u64 = (1 << 29) - 1;

impl Header {
    /// Without gaps.
    #[inline]
    pub fn new(size: u32, len: u32) -> Self {
        Header(len as u64 | (size as u64) << 59)
    }

    /// Entries, gaps included.
    #[inline]
    pub fn len(self) -> u32 {
        (self.0 & LEN) as u32
    }

    pub fn gaps(self) -> u32 {
        (self.0 >> 30 & GAPS) as u32
    }

    /// The block has so many cells, as a power of two.
    #[inline]
    pub fn size(self) -> u32 {
        (self.0 >> 59) as u32
    }

    /// Entries that are no gaps.
    pub fn live(self) -> u32 {
        self.len() - self.gaps()
    }

    #[inline]
    pub fn is_full(self) -> bool {
        (self.len() + 1) >> self.size() != 0
    }

    #[inline]
    fn with_one_more(self) -> Self {
        debug_assert!((self.len() as u64) < LEN);
        Header(self.0 + 1)
    }

    pub fn with_gap(self) -> Self {
        debug_assert!((self.gaps() as u64) < GAPS);
        Header(self.0 + (1 << 30))
    }
}

/// Cells are made a few at a time: at least so many, later so many.
const FEW: usize = 16;
const MANY: usize = 512;

pub(crate) struct Blocks {
    cells: Vec<Entry>,
    /// The first cell that has never been in a block.
    end: u32,
    /// By size, the first of the blocks that have been given back; in each one's first cell is the next.
    free: [u32; 32],
}

impl Blocks {
    pub const fn new() -> Self {
        Blocks {
            cells: Vec::new(),
            end: 0,
            free: [NONE; 32],
        }
    }

    /// Cells of all blocks, those that have been given back included.
    #[inline]
    pub fn len(&self) -> usize {
        self.end as usize
    }

    #[inline]
    pub fn at(&self, index: u32) -> Entry {
        self.cells[index as usize]
    }

    #[inline]
    pub fn at_mut(&mut self, index: u32) -> &mut Entry {
        &mut self.cells[index as usize]
    }

    #[inline]
    pub fn cells_mut(&mut self) -> &mut [Entry] {
        &mut self.cells
    }

    #[inline]
    pub fn header(&self, block: u32) -> Header {
        Header(self.at(block).0)
    }

    #[inline]
    pub fn set_header(&mut self, block: u32, header: Header) {
        *self.at_mut(block) = Entry(header.0);
    }

    /// The first entries of a block.
    #[inline]
    pub fn first(&self, block: u32, len: u32) -> &[Entry] {
        let first = block as usize + 1;
        &self.cells[first..first + len as usize]
    }

    /// The entries of a block, gaps included; none of no block.
    #[inline]
    pub fn entries(&self, block: u32) -> &[Entry] {
        if block == NONE {
            return &[];
        }
        self.first(block, self.header(block).len())
    }

    /// Where the entries of a block are, gaps included; nowhere for no block.
    #[inline]
    pub fn range(&self, block: u32) -> Range<u32> {
        if block == NONE {
            return 0..0;
        }
        block + 1..block + 1 + self.header(block).len()
    }

    /// The block of a list and its next place, which is the caller's to fill at once; `None` if it is full. A list that has
    /// no block gets one.
    #[inline]
    pub fn next_place(&mut self, list: &mut u32) -> Option<(u32, u32)> {
        if *list == NONE {
            *list = self.take(Header::new(FIRST_SIZE, 1));
            return Some((*list, 1));
        }
        self.append(*list).map(|place| (*list, place))
    }

    /// The next place of a block, which is the caller's to fill at once; `None` if it is full.
    #[inline]
    fn append(&mut self, block: u32) -> Option<u32> {
        let header = self.header(block);
        if header.is_full() {
            return None;
        }
        let header = header.with_one_more();
        self.set_header(block, header);
        Some(header.len())
    }

    /// Copies the entries of one block to another that has the room.
    #[inline]
    pub fn copy(&mut self, from: u32, to: u32) {
        let first = from as usize + 1;
        let entries = first..first + self.header(from).len() as usize;
        self.cells.copy_within(entries, to as usize + 1);
    }

    /// A block with this header; its entries are the caller's to fill at once.
    #[inline]
    pub fn take(&mut self, header: Header) -> u32 {
        let size = header.size();
        let mut block = self.free[size as usize];
        if block == NONE {
            block = self.end;
            self.end += 1 << size;
            if self.end as usize > self.cells.len() {
                self.make_cells();
            }
        } else {
            self.free[size as usize] = self.at(block).0 as u32;
        }
        self.set_header(block, header);
        block
    }

    /// Cells there is memory for.
    #[cfg(test)]
    pub fn made(&self) -> usize {
        self.cells.len()
    }

    /// Whether there are blocks that have been given back.
    pub fn has_spare(&self) -> bool {
        self.free.iter().any(|&block| block != NONE)
    }

    /// So many cells that have never been in a block, side by side; they are the caller's to divide into blocks.
    pub fn take_cells(&mut self, cells: u32) -> u32 {
        let first = self.end;
        self.end += cells;
        let end = self.end as usize;
        if end > self.cells.len() {
            self.cells.resize(end, Entry::GAP);
        }
        first
    }

    #[cold]
    fn make_cells(&mut self) {
        while self.cells.len() < self.end as usize {
            let more = self.cells.len().clamp(FEW, MANY);
            self.cells.extend_from_slice(&[Entry::GAP; MANY][..more]);
        }
    }

    pub fn give_back(&mut self, block: u32) {
        let size = self.header(block).size() as usize;
        *self.at_mut(block) = Entry(self.free[size] as u64);
        self.free[size] = block;
    }

    /// All blocks are given back.
    pub fn clear(&mut self) {
        if self.end > 0 {
            self.end = 0;
            self.free = [NONE; 32];
        }
    }

    /// Cells of blocks that have been given back. O(blocks).
    pub fn spare(&self) -> usize {
        let step = |block: u32| (block != NONE).then_some(block);
        let count = |head: u32| {
            std::iter::successors(step(head), |&block| step(self.at(block).0 as u32)).count()
        };
        let sizes = self.free.iter().enumerate();
        sizes.map(|(size, &head)| count(head) << size).sum()
    }
}
