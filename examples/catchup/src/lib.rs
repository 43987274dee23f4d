//! Catches up from a history archive.
pub mod archive;
pub mod catchup;
pub mod cli;
pub mod http;
pub mod ledger;
pub mod maker;
pub mod net;
mod random;
pub mod report;
pub mod run;
pub mod server;
pub mod store;
