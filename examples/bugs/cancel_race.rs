//! A cancel that races with success.
//!
//! A customer cancels an order and gets the money back if the shop accepts the cancel. In production order the parcel
//! is still being packed. In one narrow order the parcel has left, but the sequence that sent it has not settled: its
//! cancel is accepted, too, and the customer has both.

use crankwork::compose::WorkSequence;
use crankwork::explore::{Node, Sim};
use crankwork::{Failure, Handle, Spec, Work, WorkContext, WorkScheduler};
use std::task::Poll;

/// What became of the order.
#[derive(Default)]
pub struct Shop {
    is_shipped: bool,
    is_refunded: bool,
}

type Cx<'a> = WorkContext<'a, Shop>;

/// Packs the parcel, in two turns.
#[derive(Default)]
struct Pack {
    is_wrapped: bool,
}

impl Work<Shop> for Pack {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        match std::mem::replace(&mut self.is_wrapped, true) {
            false => cx.yield_now(),
            true => Poll::Ready(Ok(())),
        }
    }
}

/// Changes its mind after a turn, and asks for the money back.
struct Customer {
    order: Handle<()>,
    is_sure: bool,
    has_cancelled: bool,
    has_bug: bool,
}

impl Work<Shop> for Customer {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        if !std::mem::replace(&mut self.is_sure, true) {
            return cx.yield_now();
        }
        if !std::mem::replace(&mut self.has_cancelled, true) {
            let is_accepted = cx.cancel(self.order)?;
            if self.has_bug {
                // The cancel has been accepted, but that does not undo what has happened.
                cx.app.is_refunded = is_accepted;
                return Poll::Ready(Ok(()));
            }
        }
        // Only a settled order is one that will not be shipped any more.
        if cx.watch(self.order)? {
            return Poll::Pending;
        }
        cx.app.is_refunded = !cx.app.is_shipped;
        Poll::Ready(Ok(()))
    }
}

/// Adds an order and the customer.
pub fn add_works(work: &mut WorkScheduler<Shop>, has_bug: bool) {
    let order = WorkSequence::new()
        .then(|| Spec::new("pack", Pack::default()))
        .then_fn("ship", |cx: &mut Cx<'_>| {
            cx.app.is_shipped = true;
            Poll::Ready(Ok(()))
        });
    let order = work.add(Spec::new("order", order)).expect("there is room");
    let customer = Customer {
        order,
        is_sure: false,
        has_cancelled: false,
        has_bug,
    };
    let customer = Spec::new("customer", customer);
    work.add(customer).expect("there is room");
}

/// Says what holds in every order.
pub fn conditions(sim: &mut Sim, node: Node<Shop>) {
    sim.always("nobody has both parcel and money", move |world| {
        !(world.app(node).is_shipped && world.app(node).is_refunded)
    });
    sim.eventually("the customer has parcel or money", move |world| {
        world.app(node).is_shipped || world.app(node).is_refunded
    });
}

/// The whole program, with its bug or without.
pub fn program(sim: &mut Sim, has_bug: bool) {
    let node = sim.node("shop", Shop::default());
    add_works(sim.work(node), has_bug);
    conditions(sim, node);
}
