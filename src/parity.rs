#![doc = include_str!("parity.md")]
#![doc = include_str!("parity/stellar_core.md")]
#![doc = include_str!("parity/clock.md")]
#![doc = include_str!("parity/henyey_work.md")]
#![cfg_attr(feature = "process", doc = include_str!("parity/process.md"))]

#[doc = include_str!("parity/from_stellar_core.md")]
pub mod from_stellar_core {}

#[doc = include_str!("parity/from_henyey_work.md")]
pub mod from_henyey_work {}

// The page names things as a user of the crate does.
#[cfg(doc)]
use crate::{compose::*, time::*, *};
