//! The flags of a work: those that a turn looks at, and the rest.

/// The flags of a work, in two bytes: those that a turn looks at, and the rest.
///
/// They are not one number of 16 bits, because compilers set a single bit by writing its byte, and a processor that is
/// then asked for both bytes waits until the write has reached its cache: half the time of a turn.
#[derive(Clone, Copy)]
pub(crate) struct Flags {
    turn: u8,
    rest: u8,
}

const FIRST: u8 = (flag::TRIED | flag::PERMIT) as u8;
const USUAL: u8 = (flag::TRIED | flag::RESET | flag::PERMIT) as u8;
const READY: u8 = flag::READY as u8;
const IN_TURN: u8 = flag::IN_TURN as u8;

impl Flags {
    #[inline]
    pub const fn new(flags: u16) -> Self {
        Flags {
            turn: flags as u8,
            rest: (flags >> 8) as u8,
        }
    }

    /// Whether any of these is set.
    #[inline]
    pub fn has(self, flags: u16) -> bool {
        let flags = Flags::new(flags);
        self.turn & flags.turn != 0 || self.rest & flags.rest != 0
    }

    /// Whether, of the flags `among`, exactly `flags` are set.
    #[inline]
    pub fn has_just(self, flags: u16, among: u16) -> bool {
        let (flags, among) = (Flags::new(flags), Flags::new(among));
        self.turn & among.turn == flags.turn && self.rest & among.rest == flags.rest
    }

    /// Of a work that has none of them: its first attempt begins, with a permit if it needs one, and its turn comes.
    #[inline]
    pub fn begin_plain_attempt(&mut self) {
        debug_assert!(self.turn & (FIRST | READY) == 0);
        self.turn |= FIRST | READY;
    }

    /// Of a work in the middle of an attempt whose turn comes and with whom nothing else is going on.
    #[inline]
    pub fn are_before_fast_turn(self) -> bool {
        self.turn == USUAL | READY
    }

    /// The same before the first turn of all.
    #[inline]
    pub fn are_before_first_turn(self) -> bool {
        self.turn == FIRST | READY
    }

    /// From [`Flags::are_before_fast_turn`], or from those before the first turn, to [`Flags::are_of_fast_turn`].
    #[inline]
    pub fn begin_fast_turn(&mut self) {
        self.turn = USUAL | IN_TURN;
    }

    /// In such a turn, if nothing else has happened in it.
    #[inline]
    pub fn are_of_fast_turn(self) -> bool {
        self.turn == USUAL | IN_TURN
    }

    /// From [`Flags::are_of_fast_turn`] to [`Flags::are_before_fast_turn`].
    #[inline]
    pub fn end_fast_turn(&mut self) {
        self.turn = USUAL | READY;
    }

    #[inline]
    pub fn set(&mut self, flags: u16) {
        let flags = Flags::new(flags);
        self.turn |= flags.turn;
        self.rest |= flags.rest;
    }

    #[inline]
    pub fn clear(&mut self, flags: u16) {
        let flags = Flags::new(flags);
        self.turn &= !flags.turn;
        self.rest &= !flags.rest;
    }
}

/// The bits of [`Record::flags`]. Those that every turn looks at are in the lower byte.
pub(crate) mod flag {
    /// `on_reset` has run since `add` or `restart`.
    pub const RESET: u16 = 1 << 0;
    /// Holds all permits it needs.
    pub const PERMIT: u16 = 1 << 1;
    /// A wake came during its turn.
    pub const WOKEN: u16 = 1 << 2;
    /// Its turn, or one of its hooks, is running.
    pub const IN_TURN: u16 = 1 << 3;
    /// A cancel came during its turn.
    pub const CANCEL: u16 = 1 << 4;
    /// Called `release_permit` in its present turn.
    pub const RELEASE: u16 = 1 << 5;
    /// Has a turn coming.
    pub const READY: u16 = 1 << 6;
    /// Has had a permit for an attempt since `add` or `restart`.
    pub const TRIED: u16 = 1 << 7;

    /// Its own parent cancelled it: it does not count as a failed child.
    pub const BY_PARENT: u16 = 1 << 8;
    /// Asleep, and something outside the engine may wake it.
    pub const EXTERNAL: u16 = 1 << 9;
    /// Waits for its permit in the middle of an attempt.
    pub const RETURNER: u16 = 1 << 10;
    /// Needs no general permit.
    pub const NO_PERMIT: u16 = 1 << 11;
    /// Has, or had in this attempt, children.
    pub const CHILDREN: u16 = 1 << 12;
    /// Waits for its parent's attempt; counted in `open`.
    pub const AWAITS_PARENT: u16 = 1 << 13;
    /// A child whose parent's attempt has ended: reclaimed as soon as no dependent is unsettled.
    pub const ORPHAN: u16 = 1 << 14;
    /// A dependency that did not succeed has been reclaimed.
    pub const LOST_DEPENDENCY: u16 = 1 << 15;
}

/// The bits of [`Record::marks`].
pub(crate) mod mark {
    /// Asleep, and it said `expect_wake`.
    pub const EXPECTS_WAKE: u8 = 1 << 0;
    /// In the middle of a `sleep`.
    pub const SLEEPS: u8 = 1 << 1;
    /// An attempt is under way.
    pub const ATTEMPT: u8 = 1 << 2;
    /// Its last turn ended with a remote waker that was dead already; that is borne once until it sleeps.
    pub const DEAD_WAKER: u8 = 1 << 6;
    /// Has a parent.
    pub const CHILD: u8 = 1 << 3;
    /// Needs permits of named pools, or several general ones.
    pub const POOLS: u8 = 1 << 4;
    /// Has a extension: who has none is not asked for it, which spares a look at the cold.
    pub const EXTENDED: u8 = 1 << 5;
    /// Settled, and reclaimed as soon as its last dependent has settled: they are counted.
    pub const PINNED: u8 = 1 << 7;
    /// What stays when an attempt ends.
    pub const LASTING: u8 = CHILD | POOLS | EXTENDED;
}
