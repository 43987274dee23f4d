//! The bits of a work: its flags, and its marks. A turn reads the lower byte of the flags.
//!
//! Trap: [`flag`] and [`mark`] number different bits. A flag is a `u16` and a mark a `u8`, so the compiler refuses the
//! one in place of the other.

/// The flags of a work, in two bytes: one that a turn reads, and one with the rest.
///
/// They are not one number of 16 bits, because mixed reads and writes of bytes and words slow a turn down.
#[derive(Clone, Copy)]
pub(crate) struct Flags {
    /// The flags that every turn reads: the lower byte of [`flag`].
    turn: u8,
    /// The other flags: the upper byte.
    rest: u8,
}

/// The byte of a plain work in its first attempt, before its first turn.
const FIRST: u8 = (flag::TRIED | flag::PERMIT) as u8;
/// The byte of a work in the middle of an attempt, when nothing else is going on.
const USUAL: u8 = (flag::TRIED | flag::RESET | flag::PERMIT) as u8;
/// The bit of [`flag::READY`] in the byte of a turn.
const READY: u8 = flag::READY as u8;
/// The bit of [`flag::IN_TURN`] in the byte of a turn.
const IN_TURN: u8 = flag::IN_TURN as u8;

impl Flags {
    /// Returns the flags with these bits.
    #[inline]
    pub const fn new(flags: u16) -> Self {
        Flags {
            turn: flags as u8,
            rest: (flags >> 8) as u8,
        }
    }

    /// Returns whether any of `flags` is set.
    #[inline]
    pub fn has(self, flags: u16) -> bool {
        let flags = Flags::new(flags);
        self.turn & flags.turn != 0 || self.rest & flags.rest != 0
    }

    /// Returns whether exactly `flags` are set among the flags `among`.
    #[inline]
    pub fn has_just(self, flags: u16, among: u16) -> bool {
        let (flags, among) = (Flags::new(flags), Flags::new(among));
        self.turn & among.turn == flags.turn && self.rest & among.rest == flags.rest
    }

    /// Begins the first attempt of a work that has none of these flags: it gets its permit and has a turn coming. The
    /// other flags stay, since the work may be a child or need no permit.
    #[inline]
    pub fn begin_plain_attempt(&mut self) {
        debug_assert!(self.turn & (FIRST | READY) == 0);
        self.turn |= FIRST | READY;
    }

    /// Returns whether a turn is coming in the middle of an attempt, and nothing else is going on.
    ///
    /// One comparison of a byte answers that for eight flags. A cancel, a wake or a release in the byte makes the turn
    /// a full one.
    #[inline]
    pub fn are_before_fast_turn(self) -> bool {
        self.turn == USUAL | READY
    }

    /// Returns whether the first turn of all is coming, and nothing else is going on.
    #[inline]
    pub fn are_before_first_turn(self) -> bool {
        self.turn == FIRST | READY
    }

    /// Goes from the flags before a fast turn, or before the first turn, to [`Flags::are_of_fast_turn`].
    #[inline]
    pub fn begin_fast_turn(&mut self) {
        // The byte is written and not read: the caller has just compared it with one of two values.
        self.turn = USUAL | IN_TURN;
    }

    /// Returns whether the work is in a fast turn and nothing else has happened in it.
    #[inline]
    pub fn are_of_fast_turn(self) -> bool {
        self.turn == USUAL | IN_TURN
    }

    /// Goes from [`Flags::are_of_fast_turn`] to [`Flags::are_before_fast_turn`]. Had anything come during the turn, its
    /// flag would have made it a full one.
    #[inline]
    pub fn end_fast_turn(&mut self) {
        self.turn = USUAL | READY;
    }

    /// Sets all of `flags`.
    #[inline]
    pub fn set(&mut self, flags: u16) {
        let flags = Flags::new(flags);
        self.turn |= flags.turn;
        self.rest |= flags.rest;
    }

    /// Clears all of `flags`.
    #[inline]
    pub fn clear(&mut self, flags: u16) {
        let flags = Flags::new(flags);
        self.turn &= !flags.turn;
        self.rest &= !flags.rest;
    }
}

/// The bits of [`Record::flags`](super::record::Record::flags). The lower byte has those that every turn reads.
pub(crate) mod flag {
    /// `on_reset` has run since `add` or `restart`. The engine sets it before the call.
    pub const RESET: u16 = 1 << 0;
    /// The work holds all permits that it needs. It stays through sleep and abort (L16), but for the cases of L17.
    pub const PERMIT: u16 = 1 << 1;
    /// A wake came during the work's turn. If the turn ends as Pending, another one follows (L7).
    pub const WOKEN: u16 = 1 << 2;
    /// The work's turn, or one of its hooks, is running. Its body is lent out, so it must not be called, dropped or
    /// aborted now.
    pub const IN_TURN: u16 = 1 << 3;
    /// A cancel came during the work's turn. The extension has the party. The cancel acts when the turn is over (L26).
    pub const CANCEL: u16 = 1 << 4;
    /// The work called `release_permit` in its present turn.
    pub const RELEASE: u16 = 1 << 5;
    /// The work has a turn coming. It is in the ready ring, just if the flag is set.
    pub const READY: u16 = 1 << 6;
    /// The work has had a permit for an attempt since `add` or `restart`. Without it a cancel ends the work at once
    /// (L22).
    pub const TRIED: u16 = 1 << 7;

    /// The work's own parent cancelled it, so it does not count as a failed child. L13 has the rule.
    pub const BY_PARENT: u16 = 1 << 8;
    /// The work sleeps, and something outside the engine may wake it. `Engine::external_sleepers` counts these works.
    pub const EXTERNAL: u16 = 1 << 9;
    /// The work waits for its permit in the middle of an attempt. It is part of the key of a lane, so it must not
    /// change while the work waits (L18).
    pub const RETURNER: u16 = 1 << 10;
    /// The work needs no general permit. The work said so when it was added, and is not asked again (L32).
    pub const NO_PERMIT: u16 = 1 << 11;
    /// The work has children, or had some in this attempt. The end of the attempt clears it.
    pub const CHILDREN: u16 = 1 << 12;
    /// The work waits for its parent's attempt, which counts as one pending dependency.
    pub const AWAITS_PARENT: u16 = 1 << 13;
    /// The parent's attempt has ended. The work is reclaimed as soon as no dependent is unsettled.
    pub const ORPHAN: u16 = 1 << 14;
    /// A dependency that did not succeed has been reclaimed. A restart keeps it: with the edge gone, only this bit says
    /// that the work can never run.
    pub const LOST_DEPENDENCY: u16 = 1 << 15;
}

/// The bits of [`Record::marks`](super::record::Record::marks).
pub(crate) mod mark {
    /// The work sleeps, and it said `expect_wake`.
    pub const EXPECTS_WAKE: u8 = 1 << 0;
    /// The work is in the middle of a `sleep`. The arena's column `sleeps` has its end.
    pub const SLEEPS: u8 = 1 << 1;
    /// An attempt is under way. It tells whether `began_or_took` is a start or a duration.
    pub const ATTEMPT: u8 = 1 << 2;
    /// The last turn ended with a remote waker that was dead already. The engine tolerates that once until the work
    /// sleeps.
    pub const DEAD_WAKER: u8 = 1 << 6;
    /// The work has a parent. The arena's column `tree` has the links.
    pub const CHILD: u8 = 1 << 3;
    /// The work needs permits of named pools, or several general ones.
    pub const POOLS: u8 = 1 << 4;
    /// The work has an extension. Without the mark the engine need not look into the cold part.
    pub const EXTENDED: u8 = 1 << 5;
    /// The work has settled and is reclaimed as soon as its last dependent has settled; `pinned.rs` counts them.
    pub const PINNED: u8 = 1 << 7;
    /// The marks that stay when an attempt ends. The others tell of one attempt; PINNED comes only after it.
    pub const LASTING: u8 = CHILD | POOLS | EXTENDED;
}
