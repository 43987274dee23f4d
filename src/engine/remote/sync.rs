//! The primitives of the inbox: those of std, or those that loom watches when it checks the inbox (`--cfg loom`, see
//! `inbox_loom`).

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
