//! The primitives of the inbox: those of std, or those that loom watches when it checks the inbox (`--cfg loom`, see
//! `inbox_loom`).
//!
//! loom's types work inside of its models only, so the build chooses. The inbox itself does not know which it has.

#[cfg(loom)]
pub use loom::sync::{
    Mutex, MutexGuard, RwLock,
    atomic::{AtomicBool, AtomicU32},
};
#[cfg(not(loom))]
pub use std::sync::{
    Mutex, MutexGuard, RwLock,
    atomic::{AtomicBool, AtomicU32},
};
