//! The catch-up as a whole: on loopback only, and nothing is left behind.

mod alone;
mod baseline;
mod cli;
mod common;
mod corrupt;
mod fuzzed;
mod http;
mod real;
mod resume;
#[cfg(unix)]
mod served;
mod server;
mod simulated;
mod wire;
