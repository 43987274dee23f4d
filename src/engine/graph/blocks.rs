//! Memory for edge lists: blocks of cells in one vector, their sizes powers of two.
//!
//! The first cell of a block is its header, the others are entries. A block that is given back goes to the next list
//! that needs its size.
//!
//! Invariant: a cell below `end` is in exactly one block. A block is in exactly one list, or in the list of spare
//! blocks of its size. The audit adds them up.
//!
//! Sizes are powers of two, so that a spare block fits the next list of its size.
//!
//! ```text
//! | a block: | header | entry 1 | .. | entry len | cells not in use |
//! | header:  | size: 5 bits   | gaps: 29 bits | len: 30 bits |
//! | entry:   | place: 32 bits | settled: 1 | satisfied: 1 | peer: 30 bits |
//! ```

use crate::engine::store::record::NONE;
use crate::work::EdgeKind;
use std::ops::Range;

/// The size (as a power of two) of a list's first block if edges come one by one: room for one edge.
const FIRST_SIZE: u32 = 1;

/// One end of an edge, in the list of the work at the other end. An entry holds the peer, which is that work, and the
/// place of the edge in the peer's list. An entry out of a work also holds the kind of the edge and whether it is
/// satisfied.
///
/// An entry is one number, so that one access reads or writes it. The peer takes 30 bits, the two marks one bit each,
/// and the place 32 bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry(u64);

/// Set in an entry out of a work if its edge is satisfied. It lies beside the slot, which is below 2^30.
const SATISFIED: u64 = 1 << 30;
/// Set in an entry out of a work if its edge only needs the work to settle.
const AFTER_SETTLED: u64 = 1 << 31;
/// The bits of the peer.
const SLOT: u64 = SATISFIED - 1;

impl Entry {
    /// The rest of an edge that is gone. Its place is 0, where the header is, so no entry equals it. It counts as
    /// satisfied, because no work waits for it.
    pub const GAP: Entry = Entry(SATISFIED);

    /// Returns the end of an edge whose other end is at `place` in the list of `peer`.
    #[inline]
    pub fn new(peer: u32, place: u32) -> Self {
        Entry((place as u64) << 32 | peer as u64)
    }

    /// Returns whether the edge is gone. A walk of a list skips it.
    #[inline]
    pub fn is_gap(self) -> bool {
        self.place() == 0
    }

    /// Returns the work at the other end. It means nothing for a gap.
    #[inline]
    pub fn peer(self) -> u32 {
        (self.0 & SLOT) as u32
    }

    /// Returns the place of the edge in the peer's list.
    #[inline]
    pub fn place(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// Returns this entry after its other end has moved to `place`. The peer and the marks stay.
    pub fn with_place(self, place: u32) -> Self {
        Entry(self.0 as u32 as u64 | (place as u64) << 32)
    }

    /// Returns the kind of the edge. Only entries out of a work know it.
    #[inline]
    pub fn kind(self) -> EdgeKind {
        if self.0 & AFTER_SETTLED == 0 {
            EdgeKind::After
        } else {
            EdgeKind::AfterSettled
        }
    }

    /// Returns whether the edge is satisfied. Only entries out of a work know it.
    #[inline]
    pub fn is_satisfied(self) -> bool {
        self.0 & SATISFIED != 0
    }

    /// Returns this entry with its edge satisfied. There is no way back but [`Entry::with`], which a stricter duplicate
    /// of the edge needs.
    #[inline]
    pub fn satisfied(self) -> Self {
        Entry(self.0 | SATISFIED)
    }

    /// Returns this entry with `kind` and `satisfied`, as an entry out of a work.
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

/// The counts of a block: 30 bits for its entries, 29 for the gaps among them, and the size of the block.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header(u64);

/// The bits of the count of entries. A list has at most 2^28 edges, so neither count runs into the next one.
const LEN: u64 = (1 << 30) - 1;
/// The bits of the count of gaps, before they are shifted.
const GAPS: u64 = (1 << 29) - 1;

impl Header {
    /// Returns the header of a block with `len` entries, none of them a gap.
    #[inline]
    pub fn new(size: u32, len: u32) -> Self {
        Header(len as u64 | (size as u64) << 59)
    }

    /// Returns how many entries the block has, gaps included. The next entry gets the place after it.
    #[inline]
    pub fn len(self) -> u32 {
        (self.0 & LEN) as u32
    }

    /// Returns how many of the entries are gaps.
    pub fn gaps(self) -> u32 {
        (self.0 >> 30 & GAPS) as u32
    }

    /// Returns the number of cells, as a power of two.
    #[inline]
    pub fn size(self) -> u32 {
        (self.0 >> 59) as u32
    }

    /// Returns how many entries are no gaps. A list has a block only if there is one.
    pub fn live(self) -> u32 {
        self.len() - self.gaps()
    }

    /// Returns whether no cell is left for another entry.
    #[inline]
    pub fn is_full(self) -> bool {
        // The header takes a cell, so a block of 2^size cells has room for one entry less.
        (self.len() + 1) >> self.size() != 0
    }

    /// Returns the header with one more entry. The caller has seen that the block is not full.
    #[inline]
    fn with_one_more(self) -> Self {
        debug_assert!((self.len() as u64) < LEN);
        Header(self.0 + 1)
    }

    /// Returns the header with one more of its entries a gap. The caller writes [`Entry::GAP`] at the place.
    pub fn with_gap(self) -> Self {
        debug_assert!((self.gaps() as u64) < GAPS);
        Header(self.0 + (1 << 30))
    }
}

/// The fewest cells that are made at once.
const FEW: usize = 16;
/// The most cells that are made at once when a block needs them.
const MANY: usize = 512;

/// All blocks of one side of the graph.
pub(crate) struct Blocks {
    /// Memory for all blocks; the cells from `end` on are not in use yet. The vector only grows.
    cells: Vec<Entry>,
    /// The first cell that has never been in a block.
    end: u32,
    /// The first block of each size that has been given back. Its first cell leads to the next.
    free: [u32; 32],
}

impl Blocks {
    /// Returns memory without blocks.
    pub const fn new() -> Self {
        Blocks {
            cells: Vec::new(),
            end: 0,
            free: [NONE; 32],
        }
    }

    /// Returns how many cells all blocks have, including blocks that have been given back.
    #[inline]
    pub fn len(&self) -> usize {
        self.end as usize
    }

    /// Returns the entry in a cell. The cell may be a header, whose bits mean something else.
    #[inline]
    pub fn at(&self, index: u32) -> Entry {
        self.cells[index as usize]
    }

    /// Returns the entry in a cell for changes.
    #[inline]
    pub fn at_mut(&mut self, index: u32) -> &mut Entry {
        &mut self.cells[index as usize]
    }

    /// Returns all cells for changes. A caller that writes many entries borrows them once.
    #[inline]
    pub fn cells_mut(&mut self) -> &mut [Entry] {
        &mut self.cells
    }

    /// Returns the header of a block.
    #[inline]
    pub fn header(&self, block: u32) -> Header {
        Header(self.at(block).0)
    }

    /// Writes the header of a block.
    #[inline]
    pub fn set_header(&mut self, block: u32, header: Header) {
        *self.at_mut(block) = Entry(header.0);
    }

    /// Returns the first `len` entries of a block. A list that is being filled needs that, because its header does not
    /// count them yet.
    #[inline]
    pub fn first(&self, block: u32, len: u32) -> &[Entry] {
        let first = block as usize + 1;
        &self.cells[first..first + len as usize]
    }

    /// Returns the entries of a block, gaps included; none if `block` is `NONE`.
    #[inline]
    pub fn entries(&self, block: u32) -> &[Entry] {
        if block == NONE {
            return &[];
        }
        self.first(block, self.header(block).len())
    }

    /// Returns the cells of a block's entries, gaps included; none if `block` is `NONE`.
    #[inline]
    pub fn range(&self, block: u32) -> Range<u32> {
        if block == NONE {
            return 0..0;
        }
        block + 1..block + 1 + self.header(block).len()
    }

    /// Returns the block of `list` and its next place, or `None` if the block is full. A list without a block gets
    /// one. The caller fills the place at once.
    #[inline]
    pub fn next_place(&mut self, list: &mut u32) -> Option<(u32, u32)> {
        if *list == NONE {
            *list = self.take(Header::new(FIRST_SIZE, 1));
            return Some((*list, 1));
        }
        self.append(*list).map(|place| (*list, place))
    }

    /// Returns the next place of a block, or `None` if it is full. The caller fills the place at once.
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

    /// Copies the entries of block `from` to block `to`, which has the room. Each entry keeps its place, so no twin has
    /// to be told.
    #[inline]
    pub fn copy(&mut self, from: u32, to: u32) {
        let first = from as usize + 1;
        let entries = first..first + self.header(from).len() as usize;
        self.cells.copy_within(entries, to as usize + 1);
    }

    /// Returns a block with this header. The caller fills its entries at once. O(1), or the cost of new memory.
    #[inline]
    pub fn take(&mut self, header: Header) -> u32 {
        let size = header.size();
        let mut block = self.free[size as usize];
        // Without a block of this size that was given back, a new one is cut from fresh cells.
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

    /// Returns how many cells there is memory for.
    #[cfg(test)]
    pub fn made(&self) -> usize {
        self.cells.len()
    }

    /// Returns whether any block has been given back.
    pub fn has_spare(&self) -> bool {
        self.free.iter().any(|&block| block != NONE)
    }

    /// Returns the first of `cells` cells that have never been in a block, side by side. The caller divides them into
    /// blocks.
    pub fn take_cells(&mut self, cells: u32) -> u32 {
        let first = self.end;
        self.end += cells;
        let end = self.end as usize;
        if end > self.cells.len() {
            // The size is final: the lists of a whole graph are not expected to grow.
            self.cells.resize(end, Entry::GAP);
        }
        first
    }

    /// Makes memory up to `end`, a few cells at a time.
    #[cold]
    fn make_cells(&mut self) {
        while self.cells.len() < self.end as usize {
            let more = self.cells.len().clamp(FEW, MANY);
            // The vector grows by more than one block, so that small blocks do not each grow it.
            self.cells.extend_from_slice(&[Entry::GAP; MANY][..more]);
        }
    }

    /// Takes a block back for the next list that needs its size. Its entries mean nothing from now on. O(1).
    pub fn give_back(&mut self, block: u32) {
        let size = self.header(block).size() as usize;
        *self.at_mut(block) = Entry(self.free[size] as u64);
        // The header's cell leads to the next spare block, so the list of spare blocks takes no memory.
        self.free[size] = block;
    }

    /// Takes all blocks back. The memory stays for the edges that come next.
    pub fn clear(&mut self) {
        if self.end > 0 {
            // Fresh blocks are cut from the beginning again, so spare blocks of sizes that nothing needs do not pile
            // up.
            self.end = 0;
            self.free = [NONE; 32];
        }
    }

    /// Returns how many cells are in blocks that have been given back. O(blocks). Only the audit asks.
    pub fn spare(&self) -> usize {
        let step = |block: u32| (block != NONE).then_some(block);
        let count = |head: u32| {
            std::iter::successors(step(head), |&block| step(self.at(block).0 as u32)).count()
        };
        let sizes = self.free.iter().enumerate();
        sizes.map(|(size, &head)| count(head) << size).sum()
    }
}
