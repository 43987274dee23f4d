//! Catches up from a history archive.
pub mod archive;
pub mod ledger;
pub mod maker;
mod random;
