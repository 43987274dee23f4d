//! The store: a record for each work, and beside it columns and boxes for what few works need.
//!
//! Invariant: everything under a slot belongs to one work, from its addition until its body has been dropped. An id
//! with another serial number finds nothing.
//!
//! Deliberately absent: a clock, a queue, and the engine. Nothing here knows what follows from a state.
//!
//! In a turn that yields, the slot indexes the one record that the turn touches: its state, flags and count of turns.
//! The turn does not read `now`.
//!
//! | file | what it holds |
//! | --- | --- |
//! | `arena` | slots: entering, finding and freeing works |
//! | `record` | the part of a work that a turn touches |
//! | `flags` | the bits of a record |
//! | `cold` | name, failure, retries: what a turn does not touch |
//! | `extension`, `limits` | a box for what few works need; the keys of their limits |
//! | `pending`, `pinned` | counts of dependencies and of dependents |
//! | `tree` | parents and children |
//! | `names`, `ordinals` | name paths, and the numbers of same-named siblings |
//! | `outcomes` | how works ended that are gone |
//!
//! Traps: columns outlive the works in them. An entry of `sleeps`, `tree` or `pinned` means something only if the
//! record has the mark for it. An index by slot panics for a slot that is free, so late messages ask
//! [`arena::Arena::is_present`] first.

pub(crate) mod arena;
pub(crate) mod cold;
pub(crate) mod extension;
pub(crate) mod flags;
pub(crate) mod keys;
pub(crate) mod limits;
pub(crate) mod names;
pub(crate) mod ordinals;
pub(crate) mod outcomes;
pub(crate) mod pending;
pub(crate) mod pinned;
pub(crate) mod record;
pub(crate) mod tree;
