//! The nodes of a simulation: how they are made, crash, and start again.

use super::Sim;
use super::world::THERE;
use crate::explore::item::Family;
use crate::explore::node::{AnyNode, Durable, Node, Parts};
use crate::{InlineOffload, Name, Time, WorkScheduler, WorkSchedulerConfig};
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::rc::Rc;
use std::time::Duration;

impl Sim {
    /// Adds a node: a scheduler of the default configuration with its application. A panic of a work goes through, so
    /// an `assert!` in a work fails the run.
    pub fn node<C: 'static>(&mut self, name: impl Into<Name>, app: C) -> Node<C> {
        let seed = self.seed.wrapping_add(self.nodes.len() as u64);
        let spare = self
            .spare
            .pop_if(|spare| (**spare).as_any().is::<Parts<C>>());
        let mut node = spare.unwrap_or_else(|| {
            let config = WorkSchedulerConfig::default().catch_panics(false);
            let (work, app) = (WorkScheduler::new(config.seed(seed)), None);
            Box::new(Parts::<C>::new(work, app, seed))
        });
        if let Some(parts) = node.as_any_mut().downcast_mut::<Parts<C>>() {
            parts.begin(app, seed);
            self.decide_for(parts);
        }
        self.enter(name.into(), node)
    }

    /// Lets the search decide for the node that is made next.
    fn decide_for<C: 'static>(&self, parts: &mut Parts<C>) {
        let decided = (
            self.nodes.len() as u64,
            self.wants(),
            self.core.borrow().is_drawn(),
        );
        parts.set_decider(&self.core, decided);
    }

    /// Adds a node whose scheduler has this configuration. Its seed is that of the run.
    pub fn node_with<C: 'static>(
        &mut self,
        name: impl Into<Name>,
        app: C,
        config: WorkSchedulerConfig,
    ) -> Node<C> {
        let seed = self.seed.wrapping_add(self.nodes.len() as u64);
        let work = WorkScheduler::new(config.seed(seed));
        self.spare.clear();
        let mut parts = Parts::new(work, Some(app), seed);
        self.decide_for(&mut parts);
        self.enter(name.into(), Box::new(parts))
    }

    fn enter<C: 'static>(&mut self, name: Name, node: Box<dyn AnyNode>) -> Node<C> {
        let number = self.nodes.len();
        self.core.borrow_mut().names.add_node(name);
        self.nodes.push(node);
        Node {
            number,
            of: PhantomData,
        }
    }

    /// Returns the scheduler of a node, to add works.
    ///
    /// # Panics
    /// If the node belongs to another simulation.
    pub fn work<C: 'static>(&mut self, node: Node<C>) -> &mut WorkScheduler<C> {
        &mut self.parts(node).work
    }

    /// Returns the application of a node.
    ///
    /// # Panics
    /// If the node belongs to another simulation.
    pub fn app<C: 'static>(&mut self, node: Node<C>) -> &mut C {
        self.parts(node).app.as_mut().expect(THERE)
    }

    pub(super) fn parts<C: 'static>(&mut self, node: Node<C>) -> &mut Parts<C> {
        let any = self.nodes.get_mut(node.number);
        let any = any.map(|node| (**node).as_any_mut());
        any.and_then(|any| any.downcast_mut()).expect(THERE)
    }

    /// Lets a node start again after a crash. `durable` returns what outlives the crash. `start` adds the node's works
    /// to an empty scheduler and returns the application; it is called at once with `None`, and after each crash with
    /// what was durable. Only such nodes crash by [`Family::Crash`].
    ///
    /// ```
    /// use crankwork::explore::{Explore, Sim};
    /// use crankwork::WorkScheduler;
    /// # use std::time::Duration;
    ///
    /// Explore::new().runs(1).run(|sim: &mut Sim| {
    ///     let node = sim.node("store", Vec::new());
    ///     sim.restarts(node, Vec::clone, |_: &mut WorkScheduler<Vec<u8>>, kept| kept.unwrap_or_default());
    ///     sim.app(node).push(7);
    ///     sim.crash(node);
    ///     sim.run_for(Duration::from_secs(1));
    ///     sim.restart(node);
    ///     assert_eq!(*sim.app(node), [7]);
    /// });
    /// ```
    ///
    /// # Panics
    /// If the node belongs to another simulation.
    pub fn restarts<C: 'static, D: 'static>(
        &mut self,
        node: Node<C>,
        durable: impl Fn(&C) -> D + 'static,
        mut start: impl FnMut(&mut WorkScheduler<C>, Option<D>) -> C + 'static,
    ) {
        self.core.borrow_mut().restartable.insert(node.number);
        let parts = self.parts(node);
        parts.app = Some(start(&mut parts.work, None));
        parts.life = Some(Box::new(Durable {
            keep: durable,
            start,
            kept: None,
        }));
    }

    /// Crashes a node: its works are gone, and messages that arrive are lost. Its application stays to be looked at
    /// until the node starts again. A node that is down stays so.
    ///
    /// # Panics
    /// If the node belongs to another simulation.
    pub fn crash<C: 'static>(&mut self, node: Node<C>) {
        self.parts(node);
        self.crash_number(node.number);
    }

    /// Starts a node again that has crashed. A node that is up goes on.
    ///
    /// # Panics
    /// If the node belongs to another simulation, or [`Sim::restarts`] has not said how it starts.
    pub fn restart<C: 'static>(&mut self, node: Node<C>) {
        let parts = self.parts(node);
        assert!(parts.life.is_some(), "`restarts` says how the node starts");
        self.restart_number(node.number);
    }

    pub(super) fn crash_number(&mut self, number: usize) {
        let node = &mut self.nodes[number];
        if !node.is_up() {
            return;
        }
        node.crash();
        let mut core = self.core.borrow_mut();
        core.faults.crashed(number as u64);
        core.rules.crashed(number as u64);
        drop(core);
        self.freed.retain(|&freed| freed != number);
    }

    pub(super) fn restart_number(&mut self, number: usize) {
        self.restarts.retain(|&(_, node)| node != number);
        if self.nodes[number].is_up() {
            return;
        }
        self.core.borrow_mut().names.restarted(number);
        let starts = self.core.borrow().names.starts(number as u64);
        let seed = self.seed.wrapping_add(number as u64);
        // Each start draws anew, as a process would.
        let seed = seed ^ u64::from(starts) << 32;
        self.nodes[number].restart(seed);
    }

    /// Starts the nodes whose time has come. Returns whether there were any.
    pub(super) fn restart_due(&mut self) -> bool {
        let (now, mut is_any) = (self.now, false);
        while let Some(&(_, node)) = self.restarts.iter().find(|&&(at, _)| at <= now) {
            self.restart_number(node);
            is_any = true;
        }
        is_any
    }

    /// Gives a node an offload whose jobs take `latency` of virtual time, and longer by [`Family::Job`]. The offload
    /// outlives a crash; its jobs do not.
    ///
    /// # Panics
    /// If the node belongs to another simulation.
    pub fn offload<C: 'static>(&mut self, node: Node<C>, latency: Duration) {
        let core = Rc::clone(&self.core);
        let number = node.number as u64;
        let equip = move |work: &mut WorkScheduler<C>| {
            let core = Rc::clone(&core);
            let mut jobs: BTreeMap<String, u32> = BTreeMap::new();
            work.set_offload(InlineOffload::with_latency(move |job| {
                let core = &mut *core.borrow_mut();
                let name = core.names.name(number, job.name().to_string()).full;
                let count = jobs.entry(name.to_string()).or_default();
                *count += 1;
                let longer = core.fire(Family::Job, &name, *count);
                latency.saturating_add(longer.unwrap_or_default().time)
            }));
        };
        let parts = self.parts(node);
        equip(&mut parts.work);
        parts.equip = Some(Box::new(equip));
    }

    /// Returns when the next node starts again.
    pub(super) fn next_restart(&self) -> Option<Time> {
        self.restarts.iter().map(|&(at, _)| at).min()
    }
}
