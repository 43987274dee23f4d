//! The catch-up as a whole: on loopback only, and nothing is left behind.

mod alone;
mod baseline;
mod cli;
mod common;
mod corrupt;
#[cfg(unix)]
mod folders;
mod fuzzed;
mod heal;
mod hostile;
mod http;
mod interrupts;
#[cfg(unix)]
mod kills;
mod large;
mod payments;
mod program;
mod real;
mod resume;
mod searched;
#[cfg(unix)]
mod served;
mod server;
mod simulated;
mod status;
#[cfg(target_os = "linux")]
mod terminal;
mod wire;
