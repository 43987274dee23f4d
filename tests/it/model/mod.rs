//! The engine against a slow and obvious reference model.
//!
//! [`ops`] has the operations, and [`decode`] makes them from bytes. [`reference`] is the model, written from the
//! laws with plain vectors and full scans. [`scripted`] has the works that both run. [`compare`] drives both and
//! compares. The property test, the fuzz target and the corpus replay share all of it.
//!
//! Limits: no decider, no inbox, no offload; back-offs are fixed, so no random stream is modelled.

pub mod compare;
pub mod decode;
mod modes;
pub mod ops;
pub mod reference;
pub mod scripted;
