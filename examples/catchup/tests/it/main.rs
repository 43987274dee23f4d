//! The catch-up as a whole: on loopback only, and nothing is left behind.

mod common;
mod corrupt;
mod http;
mod resume;
mod simulated;
