//! Laws 16 to 26: permits, failure and abort.

mod cancel;
mod failure;
mod grace;
mod hooks;
mod ledger;
mod mess;
mod panics;
mod panics_everywhere;
mod permits;
mod phase;
mod shutdown;
