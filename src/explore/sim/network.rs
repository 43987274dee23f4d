//! Links and partitions of a simulation.

use super::Sim;
use crate::WorkScheduler;
use crate::explore::link::{Delivery, Link, LinkConfig, Wire};
use crate::explore::node::Node;
use std::rc::Rc;

impl Sim {
    /// Adds a link to a node: `handler` gets each message, with the node's application and scheduler. When a message
    /// arrives is a decision; messages of one link keep their order.
    pub fn link<C: 'static, M: 'static>(
        &mut self,
        node: Node<C>,
        handler: impl FnMut(&mut C, &mut WorkScheduler<C>, M) + 'static,
    ) -> Link<M> {
        self.link_with(node, LinkConfig::new(), handler)
    }

    /// Adds a link with a name, a sender, a latency or an order: see [`LinkConfig`].
    pub fn link_with<C: 'static, M: 'static>(
        &mut self,
        node: Node<C>,
        config: LinkConfig<M>,
        handler: impl FnMut(&mut C, &mut WorkScheduler<C>, M) + 'static,
    ) -> Link<M> {
        let name = self.link_name(node.number, config.name.as_deref());
        let wire = Rc::new(Wire::new(name, node.number, config, Rc::clone(&self.core)));
        self.links.push(Box::new(Delivery {
            wire: Rc::clone(&wire),
            taken: 0,
            handler: Box::new(handler),
        }));
        Link { wire }
    }

    /// Returns a name that no other link has.
    fn link_name(&self, node: usize, name: Option<&str>) -> String {
        let Some(name) = name else {
            let links = self.links.iter().filter(|link| link.node() == node);
            let core = self.core.borrow();
            return format!("{}<{}", core.names.node(node), links.count());
        };
        let is_taken = |name: &str| self.links.iter().any(|link| link.name() == name);
        let mut others = (2_u32..).map(|number| format!("{name}#{number}"));
        match is_taken(name) {
            false => name.to_owned(),
            true => others.find(|name| !is_taken(name)).unwrap_or_default(),
        }
    }

    /// Cuts two nodes off from each other: messages between them are lost, those under way included. It concerns links
    /// that know their sender: see [`LinkConfig::from`].
    pub fn partition<A, B>(&mut self, one: Node<A>, other: Node<B>) {
        let mut core = self.core.borrow_mut();
        core.faults.cuts.cut(one.number, other.number, None);
    }

    /// Ends what keeps messages between two nodes from arriving.
    pub fn heal<A, B>(&mut self, one: Node<A>, other: Node<B>) {
        let mut core = self.core.borrow_mut();
        core.faults.cuts.heal(one.number, other.number);
    }

    /// Hands the first message of a link to its node.
    pub(super) fn deliver(&mut self, number: usize) {
        let node = self.links[number].node();
        let is_lost = !self.nodes[node].is_up() || self.links[number].is_cut();
        if is_lost {
            self.links[number].drop_first();
            return;
        }
        let link = &mut self.links[number];
        let message = link.taken() + 1;
        let mut core = self.core.borrow_mut();
        if let Some(trace) = &mut core.trace {
            trace.set_now(self.now);
        }
        let is_told = core.rules.has_holds || core.trace.is_some();
        if is_told {
            core.delivery_begins(number, link.name(), message);
        }
        drop(core);
        link.deliver(&mut *self.nodes[node]);
        let mut core = self.core.borrow_mut();
        if is_told {
            core.delivered(number, link.name(), message);
        }
        let can_crash = core.restartable.contains(&node);
        core.faults_after_message(node, link.name(), message, can_crash);
    }
}
