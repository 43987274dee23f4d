//! The places where offloaded closures run: a pool of threads, or this thread in virtual time. Works do not see the
//! difference.

mod inline;
mod threads;

pub use inline::InlineOffload;
pub use threads::ThreadOffload;
