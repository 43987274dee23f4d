//! Memory for lists of edges: blocks of cells in one vector, their sizes powers of two.
//!
//! The first cell of a block is its header, the others are entries; a given-back block is kept for the next that wants
//! its size.

use crate::engine::record::NONE;
use crate::work::EdgeKind;

/// One end of an edge in the list of the work at the other: that work, the place of the edge in *that* work's list, and, of
/// edges out of a work, what the edge is like. One number, so that it is written and read at once.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry(u64);

/// Bits beside a slot, which is below 2^30.
const SATISFIED: u64 = 1 << 30;
const AFTER_SETTLED: u64 = 1 << 31;
const SLOT: u64 = SATISFIED - 1;

impl Entry {
    /// What is left of an edge that is gone: no entry is at place 0, where the header is.
    pub const GAP: Entry = Entry(0);

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
    pub fn with(self, kind: EdgeKind, satisfied: bool) -> Self {
        let kind = match kind {
            EdgeKind::After => 0,
            EdgeKind::AfterSettled => AFTER_SETTLED,
        };
        let satisfied = if satisfied { SATISFIED } else { 0 };
        Entry(self.0 & !(AFTER_SETTLED | SATISFIED) | kind | satisfied)
    }
}

/// How full a block is. In the cell: 30 bits of how many entries it has, 29 of how many of them are gaps, and its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Entries, gaps included.
    pub len: u32,
    pub gaps: u32,
    /// The block has so many cells, as a power of two.
    pub size: u32,
}

impl Header {
    /// Entries that are no gaps.
    #[inline]
    pub fn live(self) -> u32 {
        self.len - self.gaps
    }

    /// Entries that there is place for.
    #[inline]
    pub fn room(self) -> u32 {
        (1 << self.size) - 1
    }

    #[inline]
    fn cell(self) -> Entry {
        debug_assert!(self.len < 1 << 30 && self.gaps < 1 << 29 && self.size < 32);
        Entry(self.len as u64 | (self.gaps as u64) << 30 | (self.size as u64) << 59)
    }

    #[inline]
    fn of(cell: Entry) -> Self {
        Header {
            len: (cell.0 & ((1 << 30) - 1)) as u32,
            gaps: (cell.0 >> 30 & ((1 << 29) - 1)) as u32,
            size: (cell.0 >> 59) as u32,
        }
    }
}

pub(super) struct Blocks {
    cells: Vec<Entry>,
    /// By size, the first of the blocks that have been given back; a header's `len` is then the next one.
    free: [u32; 32],
}

impl Blocks {
    pub const fn new() -> Self {
        Blocks {
            cells: Vec::new(),
            free: [NONE; 32],
        }
    }

    /// Cells, those of blocks that have been given back included.
    #[inline]
    pub fn len(&self) -> usize {
        self.cells.len()
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
    pub fn header(&self, block: u32) -> Header {
        Header::of(self.at(block))
    }

    #[inline]
    pub fn set_header(&mut self, block: u32, header: Header) {
        *self.at_mut(block) = header.cell();
    }

    /// The entries of a block, gaps included; none of no block.
    #[inline]
    pub fn entries(&self, block: u32) -> &[Entry] {
        if block == NONE {
            return &[];
        }
        let first = block as usize + 1;
        &self.cells[first..first + self.header(block).len as usize]
    }

    /// An empty block.
    pub fn take(&mut self, size: u32) -> u32 {
        let mut block = self.free[size as usize];
        if block == NONE {
            block = self.cells.len() as u32;
            self.cells
                .resize(self.cells.len() + (1 << size), Entry::GAP);
        } else {
            self.free[size as usize] = self.at(block).0 as u32;
        }
        let (len, gaps) = (0, 0);
        self.set_header(block, Header { len, gaps, size });
        block
    }

    pub fn give_back(&mut self, block: u32) {
        let size = self.header(block).size as usize;
        *self.at_mut(block) = Entry(self.free[size] as u64);
        self.free[size] = block;
    }

    /// All blocks are given back.
    pub fn clear(&mut self) {
        self.cells.clear();
        self.free = [NONE; 32];
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
