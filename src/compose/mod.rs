//! Works made of works, with public calls only.
//!
//! | class | what it is |
//! | --- | --- |
//! | [`WorkSequence`] | members one after another |
//! | [`BatchWork`] | many members, up to a number of them at a time |
//! | [`ConditionalWork`] | a work that starts once a condition holds |
//! | [`WorkWithCallback`] | a callback as a work, or a callback after each attempt of a work |
//! | [`FutureWork`] | a `Future` |
//! | [`repeat`] | a work every period |
//! | [`Wrapped`] | a work around another, which forwards all that it does not change |
//! | [`with_status`] | a work whose status a closure writes |
//! | [`Chain`], [`Graph`] | no works themselves: they add works that depend on each other |
//!
//! # What they have in common
//!
//! *Members are children.* They belong to one attempt of the composite: it settles after them, its abort aborts them,
//! and its retry or restart makes them anew. So a member is given as a closure that makes its [`Spec`](crate::Spec),
//! and the composite calls it each time the member is to run. A member's spec may say anything that a spec can say:
//! retries, limits, pools.
//!
//! *A failed member fails the attempt* after the others have been aborted, unless a class says otherwise. The member's
//! failure is the [`cause`](crate::Failure::cause). The rule for child failures in the composite's own spec does not
//! count. A cancelled or Blocked member counts as failed.
//!
//! The composite's spec decides whether the composite is tried again; retries multiply. A member's
//! [final](crate::Failure::is_final) failure ends the composite for good, unless its spec says
//! [`retry_fatal_children`](crate::Spec::retry_fatal_children).
//!
//! # Permits
//!
//! `WorkSequence`, `BatchWork`, `ConditionalWork` and `Repeat` only start members and await them. So they hold no
//! permit of `max_concurrency`: [`Work::needs_permit`](crate::Work::needs_permit) is `false`. A gate that polls cannot
//! starve the work that opens it, even with one permit.
//!
//! Members, and the work behind a gate, are ordinary works and queue when they are started. `WorkWithCallback::after`
//! does as its inner work does. The others hold one permit like any work. A composite holds the named pools of its spec
//! as long as its attempt lasts, except while it sleeps with live members.
//!
//! # What members return
//!
//! | composite | where outputs go |
//! | --- | --- |
//! | [`WorkSequence::then_with`] | to the closure that makes a later member |
//! | [`BatchWork::collect`] | into a `Vec` in the members' order, which the batch returns |
//! | [`BatchWork::for_each`], [`repeat_with`] | to a closure, as members succeed |
//!
//! Any member can write into the application, too. [`Graph`] and [`Chain`] hand out ids and handles.

mod batch;
mod batch_outputs;
mod batch_report;
mod callback;
mod chain;
mod conditional;
mod each;
mod future;
mod graph;
mod keep;
mod member;
mod members;
mod plan;
mod repeat;
mod sequence;
mod wrapped;

pub use batch::{BatchSource, BatchWork};
pub use batch_outputs::{Collected, ForEach};
pub use batch_report::{BatchFailed, MemberFailure};
pub use callback::{AttemptOutcome, CallbackFailed, WorkThenCallback, WorkWithCallback};
pub use chain::Chain;
pub use conditional::ConditionalWork;
pub use each::Each;
pub use future::FutureWork;
pub use graph::Graph;
pub use member::MemberRefused;
pub use members::{Members, NoOutput};
pub use plan::GraphError;
pub use repeat::{Repeat, repeat, repeat_with};
pub use sequence::{MembersFailed, WorkSequence};
pub use wrapped::{WithStatus, Wrap, Wrapped, with_status};
