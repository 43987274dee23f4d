#![doc = include_str!("parity.md")]
#![cfg_attr(feature = "process", doc = include_str!("parity/process.md"))]

#[doc = include_str!("parity/from_stellar_core.md")]
pub mod from_stellar_core {}

#[doc = include_str!("parity/from_henyey_work.md")]
pub mod from_henyey_work {}

// The page names things as a user of the crate does.
#[cfg(doc)]
use crate::{compose::*, time::*, *};
