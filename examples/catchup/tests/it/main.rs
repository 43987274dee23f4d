//! The catch-up as a whole: deterministic, on loopback only, and nothing is left behind.

mod common;
mod simulated;
