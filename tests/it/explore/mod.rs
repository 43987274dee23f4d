//! Searching orders: the hook in the engine, and what is built on it.

mod hook;
mod sct;
mod survey;
