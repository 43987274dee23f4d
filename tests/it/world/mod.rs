//! The world outside the main thread: offloaded closures.

mod offload;
