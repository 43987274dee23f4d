//! One `crank_work` call per turn of your main loop runs all your interdependent jobs.
#![forbid(unsafe_code)]

mod drive;
mod engine;
mod observe;
pub mod time;
mod work;

pub use drive::*;
pub use engine::*;
pub use observe::*;
pub use time::Time;
pub use work::*;
