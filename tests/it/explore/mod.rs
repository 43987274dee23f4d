//! Searching orders: the hook in the engine, and what is built on it.

mod bugs;
mod by_hand;
mod catch_up;
mod conditions;
mod crash;
mod divided;
mod edits;
mod environment;
mod explains;
mod faults;
mod hook;
mod links;
mod nodes;
mod orders;
mod policies;
mod replays;
mod sct;
mod shrinks;
mod survey;
mod toys;
