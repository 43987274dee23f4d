//! The timers themselves, and doubly linked lists of them.
//!
//! All timers live in one vector and name each other by index. So a list is two indices, and moving a timer between
//! lists allocates nothing. Index 0 is never a timer: it ends every list, and makes `Option<TimerKey>` four bytes wide.
//! Freed timers form a chain through `next` and are used again last in, first out. The vector never shrinks.

/// The index that names no timer.
pub(super) const NIL: u32 = 0;

/// Above this number of timers it pays to read ahead.
const FEW: usize = 1 << 17;

/// The place of a free timer.
const FREE: u32 = u32::MAX;

#[derive(Clone, Copy)]
pub(super) struct Node {
    pub(super) deadline: u64,
    pub(super) owner: u32,
    pub(super) next: u32,
    prev: u32,
    /// A timer that was four places further on when it was appended; it may be anywhere by now. See
    /// [`Nodes::touch_ahead`].
    ahead: u32,
    /// Written and never read.
    touched: u32,
    /// The place of the list that the timer is in. Only the wheel knows its meaning.
    pub(super) place: u32,
}

// Each sleeping work has one, so its size is checked.
const _: () = assert!(size_of::<Node>() == 32);

/// A list of timers: its two ends, both [`NIL`] if it is empty.
#[derive(Clone, Copy, Default)]
pub(super) struct List {
    pub(super) head: u32,
    tail: u32,
}

impl List {
    pub(super) const EMPTY: Self = Self::number(NIL);

    /// Makes a list whose head is a bare number: see `Tables::graft`.
    pub(super) const fn number(head: u32) -> Self {
        Self { head, tail: NIL }
    }

    /// Returns the last timer, or [`NIL`].
    #[inline]
    pub(super) const fn last(&self) -> u32 {
        self.tail
    }

    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.head == NIL
    }
}

impl Node {
    /// Returns the number of a timer that is in no list; see [`Nodes::set_number`].
    pub(super) const fn number(&self) -> u64 {
        (self.prev as u64) << 32 | self.next as u64
    }
}

pub(super) struct Nodes {
    nodes: Vec<Node>,
    free: u32,
    len: usize,
}

impl Nodes {
    pub(super) fn new() -> Self {
        let nobody = Node {
            deadline: 0,
            owner: 0,
            next: NIL,
            prev: NIL,
            ahead: NIL,
            touched: 0,
            place: FREE,
        };
        Self {
            nodes: vec![nobody],
            free: NIL,
            len: 0,
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether there has ever been a timer.
    pub(super) fn is_used(&self) -> bool {
        self.nodes.len() > 1
    }

    /// Returns the timer at `index`, which must be armed. It returns a reference, since a copy is slower here.
    #[track_caller]
    #[inline]
    pub(super) fn armed(&self, index: u32) -> &Node {
        let node = &self.nodes[index as usize];
        assert!(node.place != FREE, "the timer has fired or was cancelled");
        node
    }

    #[inline]
    pub(super) fn deadline(&self, index: u32) -> u64 {
        self.nodes[index as usize].deadline
    }

    #[inline]
    pub(super) fn next(&self, index: u32) -> u32 {
        self.nodes[index as usize].next
    }

    /// Makes a timer that is in no list yet, and returns its index.
    #[inline]
    pub(super) fn insert(&mut self, deadline: u64, owner: u32) -> u32 {
        self.len += 1;
        let index = self.free;
        if index == NIL {
            return self.grow(deadline, owner);
        }
        let node = &mut self.nodes[index as usize];
        self.free = node.next;
        node.deadline = deadline;
        node.owner = owner;
        index
    }

    #[cold]
    fn grow(&mut self, deadline: u64, owner: u32) -> u32 {
        let index = u32::try_from(self.nodes.len()).expect("fewer than 2^32 timers");
        self.nodes.push(Node {
            deadline,
            owner,
            next: NIL,
            prev: NIL,
            ahead: NIL,
            touched: 0,
            place: FREE,
        });
        index
    }

    /// Frees a timer that has been unlinked.
    #[inline]
    pub(super) fn release(&mut self, index: u32) {
        self.len -= 1;
        let node = &mut self.nodes[index as usize];
        node.place = FREE;
        node.next = self.free;
        self.free = index;
    }

    #[inline]
    pub(super) fn set_deadline(&mut self, index: u32, deadline: u64) {
        self.nodes[index as usize].deadline = deadline;
    }

    /// Keeps a number in a timer that is in no list.
    pub(super) fn set_number(&mut self, index: u32, number: u64, place: u32) {
        let node = &mut self.nodes[index as usize];
        (node.next, node.prev, node.place) = (number as u32, (number >> 32) as u32, place);
    }

    /// Appends a timer that is in no list to `list`, and notes `place` in it.
    #[inline]
    pub(super) fn push_back(&mut self, list: &mut List, index: u32, place: u32) {
        let node = &mut self.nodes[index as usize];
        node.next = NIL;
        node.prev = list.tail;
        node.place = place;
        match list.tail {
            NIL => list.head = index,
            tail => self.nodes[tail as usize].next = index,
        }
        list.tail = index;
        if self.are_many() {
            self.note_ahead(index);
        }
    }

    /// Puts a timer that is in no list at the head of `list`, and notes `place` in it.
    #[inline]
    pub(super) fn push_front(&mut self, list: &mut List, index: u32, place: u32) {
        let node = &mut self.nodes[index as usize];
        node.next = list.head;
        node.prev = NIL;
        node.place = place;
        match list.head {
            NIL => list.tail = index,
            head => self.nodes[head as usize].prev = index,
        }
        list.head = index;
    }

    /// Takes the first timer out of `list`, which is not empty.
    #[inline]
    pub(super) fn pop_front(&mut self, list: &mut List) -> u32 {
        let index = list.head;
        self.touch_ahead(index);
        list.head = self.next(index);
        match list.head {
            NIL => list.tail = NIL,
            head => self.nodes[head as usize].prev = NIL,
        }
        index
    }

    /// Returns whether there are enough timers that it pays to read ahead.
    #[inline]
    fn are_many(&self) -> bool {
        self.nodes.len() > FEW
    }

    /// Notes in the timer four places before this one that this one is ahead.
    #[inline]
    fn note_ahead(&mut self, index: u32) {
        let before = (0..4).fold(index, |at, _| self.nodes[at as usize].prev);
        self.nodes[before as usize].ahead = index;
    }

    /// Writes to a timer that is needed soon, so that a walk over many timers does not wait for each of them.
    #[inline]
    pub(super) fn touch_ahead(&mut self, index: u32) {
        if self.are_many() {
            let ahead = self.nodes[index as usize].ahead;
            self.nodes[ahead as usize].touched = index;
        }
    }

    /// Takes a timer out of `list`, which holds it.
    #[inline]
    pub(super) fn unlink(&mut self, list: &mut List, index: u32) {
        let &Node { next, prev, .. } = &self.nodes[index as usize];
        match prev {
            NIL => list.head = next,
            prev => self.nodes[prev as usize].next = next,
        }
        match next {
            NIL => list.tail = prev,
            next => self.nodes[next as usize].prev = prev,
        }
    }

    /// Inserts a timer that is in no list behind the last timer of `list` that is not after it. Gives up after `limit`
    /// timers, and returns whether it has inserted the timer.
    pub(super) fn insert_ordered(
        &mut self,
        list: &mut List,
        index: u32,
        place: u32,
        limit: usize,
    ) -> bool {
        let deadline = self.deadline(index);
        // The head is worth a look: a short timeout beside many long ones is common.
        if deadline < self.deadline(list.head) {
            self.push_front(list, index, place);
            return true;
        }
        let mut before = list.tail;
        for _ in 0..=limit {
            if self.deadline(before) <= deadline {
                self.insert_after(list, before, index, place);
                return true;
            }
            before = self.nodes[before as usize].prev;
        }
        false
    }

    /// Inserts a timer behind `before`.
    fn insert_after(&mut self, list: &mut List, before: u32, index: u32, place: u32) {
        let next = std::mem::replace(&mut self.nodes[before as usize].next, index);
        match next {
            NIL => list.tail = index,
            next => self.nodes[next as usize].prev = index,
        }
        let node = &mut self.nodes[index as usize];
        node.next = next;
        node.prev = before;
        node.place = place;
    }

    /// Copies the timers of `list` to `out`, as (deadline, index). Returns how many there are, or `None` if `out` has
    /// too little room.
    pub(super) fn copy(&self, list: List, out: &mut [(u64, u32)]) -> Option<usize> {
        let mut at = list.head;
        for (len, timer) in out.iter_mut().enumerate() {
            if at == NIL {
                return Some(len);
            }
            let node = &self.nodes[at as usize];
            *timer = (node.deadline, at);
            at = node.next;
        }
        (at == NIL).then_some(out.len())
    }

    /// Returns how many timers there is memory for, in use or free.
    #[cfg(test)]
    pub(super) fn capacity_used(&self) -> usize {
        self.nodes.len() - 1
    }
}
