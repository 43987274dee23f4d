//! The engine against a slow and obvious reference model.
//!
//! [`ops`] has the operations, [`decode`] makes them from bytes, [`reference`] the model: plain vectors and full scans,
//! written from the laws, [`scripted`] the works that both run, [`compare`] what drives both and compares. The property
//! test, the fuzz target and the corpus replay share all of it.
//!
//! Limits: no decider, no inbox, no offload; back-offs are fixed, so no random stream is modelled.

pub mod compare;
pub mod decode;
pub mod ops;
pub mod reference;
pub mod scripted;
