//! The public surface: what henyey-work and stellar-core's `BasicWork` offered, by name or by meaning; typed outputs;
//! what other threads may do; decisions.

mod backoff;
mod decide;
mod henyey;
mod histogram;
mod hooks;
mod measured;
mod measured_chaos;
mod outputs;
mod progress;
mod remote;
mod status;
mod stellar;
mod threads;
mod types;
mod wall;
mod written;
