#![doc = include_str!("ten_minutes.md")]

// The page names things as a user of the crate does.
#[cfg(doc)]
use crate::{explore::*, *};
