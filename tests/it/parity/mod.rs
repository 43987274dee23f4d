//! The page that compares this crate with its ancestors: whether it is true, and tests for what no other test shows.

mod clock;
mod commands;
mod items;
mod page;
mod public_items;
mod shown;
mod traced;
mod works;
