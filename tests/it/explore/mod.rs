//! Searching orders: the hook in the engine, and what is built on it.

mod catch_up;
mod hook;
mod orders;
