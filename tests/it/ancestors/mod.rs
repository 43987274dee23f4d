//! The ancestors' mistakes (DESIGN.md, section 8): each has a test here.
//!
//! Not here, because they are about parts above the engine: the restarted conditional work that calls an empty
//! function and polled chains of conditions as such (`compose::conditional`); virtual time that runs past threads
//! (`offload`); wait-any that steals other people's children (`process`).

mod henyey;
mod others;
mod ports;
mod stellar;
