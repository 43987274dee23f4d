#![doc = include_str!("laws.md")]

// The page names things as a user of the crate does.
#[cfg(doc)]
use crate::{compose::*, *};
