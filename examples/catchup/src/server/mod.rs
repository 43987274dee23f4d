//! The built-in archive server, with faults. What it answers is decided here, for real sockets and for simulation
//! alike; [`Listener`] is its real front.

mod answer;
mod listener;
mod request;
mod responder;
mod shelf;

pub use answer::Answer;
pub use listener::Listener;
pub use request::{Request, Requests};
pub use responder::{Faults, Reply, Responder, Then};
pub use shelf::{Found, Shelf};
