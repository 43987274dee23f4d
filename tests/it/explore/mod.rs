//! Searching orders: the hook in the engine, and what is built on it.

mod by_hand;
mod conditions;
mod environment;
mod hook;
mod nodes;
mod policies;
mod sct;
mod survey;
