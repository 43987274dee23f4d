//! The catch-up as a whole: on loopback only, and nothing is left behind.

mod baseline;
mod cli;
mod common;
mod corrupt;
mod http;
mod real;
mod resume;
mod server;
mod simulated;
