//! The laws of DESIGN.md section 6, by number: a test's name begins with the law it holds to.

mod add_graph;
mod adding;
mod determinism;
mod family;
mod fruitless;
mod gates;
mod gone;
mod grants;
mod graph;
mod lost_wake;
mod memory;
mod next;
mod order;
mod permits_hold;
mod reasons;
mod refused;
mod restart;
mod retries;
mod timers;
mod waiting;
