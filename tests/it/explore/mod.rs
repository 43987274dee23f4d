//! Searching orders: the hook in the engine, and what is built on it.

mod bugs;
mod by_hand;
mod catch_up;
mod conditions;
mod edits;
mod environment;
mod hook;
mod nodes;
mod orders;
mod policies;
mod sct;
mod shrinks;
mod survey;
mod toys;
