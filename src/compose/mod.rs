//! Works made of works, on nothing but the public calls.
//!
//! | class | what it is |
//! | --- | --- |
//! | [`WorkSequence`] | members one after another |
//! | [`BatchWork`] | many members, so many at a time |
//! | [`ConditionalWork`] | a work that starts once a condition holds |
//! | [`WorkWithCallback`] | a callback that is the work; or one after each attempt of a work |
//! | [`FutureWork`] | a `Future` |
//! | [`repeat`] | a work every period |
//! | [`Chain`], [`Graph`] | no works themselves: they add works that depend on each other |
//!
//! # What they have in common
//!
//! *Members are children.* They belong to one attempt of the composite: it settles after them, its abort aborts them, and
//! its retry or restart makes them anew. That is why a member is given as a closure that makes its [`Spec`](crate::Spec):
//! it is called each time the member is to run. Everything a spec can say (retries, limits, pools) holds for members.
//!
//! *A failed member fails the attempt*, after the others have been aborted, with the member's failure as
//! [`cause`](crate::Failure::cause), unless a class says otherwise; what the composite's own spec says about child failures
//! does not count. A cancelled or Blocked member counts as failed. Whether the composite is tried again is for its spec to
//! say; retries multiply. A member's [final](crate::Failure::is_final) failure ends the composite for good, unless its spec
//! says [`retry_fatal_children`](crate::Spec::retry_fatal_children).
//!
//! # Who holds permits
//!
//! `WorkSequence`, `BatchWork`, `ConditionalWork` and `Repeat` hold no permit of `max_concurrency`
//! ([`Work::needs_permit`](crate::Work::needs_permit) is `false`): they start members and await them. Members, and the work
//! behind a gate, are ordinary works: they queue when they are started. `WorkWithCallback::after` does as its inner work
//! does; the others hold one permit like any work. So a gate that polls cannot starve the work that opens it, even with one
//! permit. Named pools in a composite's spec are held as long as its attempt lasts, except while it sleeps with live members.
//!
//! # Limits
//!
//! Members have no outputs that the composite passes on: let them write into the application.

mod batch;
mod callback;
mod chain;
mod conditional;
mod future;
mod graph;
mod member;
mod plan;
mod repeat;
mod sequence;

pub use batch::{BatchSource, BatchWork, Each};
pub use callback::{AttemptOutcome, CallbackFailed, WorkThenCallback, WorkWithCallback};
pub use chain::Chain;
pub use conditional::ConditionalWork;
pub use future::FutureWork;
pub use graph::{Graph, GraphError};
pub use member::MemberRefused;
pub use repeat::{Repeat, repeat};
pub use sequence::{MembersFailed, WorkSequence};
