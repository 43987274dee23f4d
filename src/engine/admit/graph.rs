//! The works of a whole graph come in, and then the edges between them.

use crate::engine::admit::Plan;
use crate::engine::graph::cycle::{settle, start};
use crate::engine::graph::edge_list::EdgeList;
use crate::engine::lifecycle::settle::End;
use crate::engine::{AddError, AddGraphError, Engine};
use crate::work::{Failure, Handles, Name, Terms, WorkState};

/// A graph that is coming in: works first, in the order of their positions, then the edges.
pub(crate) struct Admission<'a> {
    edge_list: EdgeList<'a>,
    /// What the lists of edges out of them will take.
    cells: u32,
    added: Handles<()>,
    /// Those that can never run, because something outside of the graph has failed already.
    doomed: Vec<(u32, Failure)>,
    /// Whether one has a parent: what waits for what then is more than the edges say.
    has_children: bool,
}

impl<'a> Admission<'a> {
    /// Checks, counts and orders the edges. A refusal changes nothing.
    pub fn begin(
        engine: &mut Engine,
        works: usize,
        edges: &'a [(usize, usize)],
    ) -> Result<Self, AddGraphError> {
        let there = engine.arena.len();
        let room = engine.settings.limits.works.saturating_sub(there);
        if works > room {
            return Err(AddGraphError::Refused {
                work: room,
                error: AddError::TooManyWorks(there + room),
            });
        }
        let edge_list = EdgeList::new(works as u32, edges)?;
        check_room_for(engine, edge_list.edges.len())?;
        let cells = engine.graph.cells_for_many(&edge_list.degrees);
        let cells = cells.ok_or(AddGraphError::TooManyEdges(engine.graph.len()))?;
        engine.arena.reserve(works);
        Ok(Admission {
            added: Handles::new(engine.scheduler_id, engine.arena.added(), works),
            edge_list,
            cells,
            doomed: Vec::new(),
            has_children: false,
        })
    }

    #[inline]
    fn edges_into(&self, work: usize) -> u32 {
        self.edge_list.degrees.get(work).map_or(0, |of| of.ins)
    }

    /// Admits a work that is alone but for the graph. Takes its name, if that is to be kept. The answer is its slot; `None`
    /// refuses it, with [`Admission::refusal`].
    #[inline]
    pub fn admit_plain(
        &mut self,
        engine: &mut Engine,
        work: usize,
        name: &mut Name,
        retries: u32,
        permit: bool,
    ) -> Option<u32> {
        if engine.check_any(permit).is_err() {
            return None;
        }
        let slot = engine.take_in_any(None, name, retries, permit);
        self.added.push(slot);
        let into = self.edges_into(work);
        if into > 0 {
            engine.arena.opens.add(slot, into);
            engine.stay_pending(slot);
        } else {
            engine.enter_line(slot, None);
        }
        Some(slot)
    }

    /// Why a work alone but for the graph is refused.
    #[cold]
    pub fn refusal(&self, engine: &Engine, work: usize, permit: bool) -> AddGraphError {
        let error = engine.check_any(permit).err();
        // It was refused a moment ago.
        let error = error.unwrap_or(AddError::ShutDown);
        AddGraphError::Refused { work, error }
    }

    /// Checks any other work.
    pub fn check(
        &self,
        engine: &mut Engine,
        work: usize,
        terms: &Terms,
    ) -> Result<Plan, AddGraphError> {
        if self.names_inward(terms) {
            return Err(AddGraphError::Inward(work));
        }
        let refused = |error| AddGraphError::Refused { work, error };
        engine.check(terms).map_err(refused)
    }

    /// Whether a work names one of those that have come before it in this graph.
    fn names_inward(&self, terms: &Terms) -> bool {
        let mut named = terms.dependencies().map(|(id, _)| id).chain(terms.parent);
        named.any(|id| self.added.contain(id))
    }

    /// Admits a work that has been checked. The answer is its slot.
    pub fn admit(
        &mut self,
        engine: &mut Engine,
        work: usize,
        terms: &mut Terms,
        plan: Plan,
    ) -> u32 {
        self.has_children |= terms.parent.is_some();
        let (slot, doomed) = engine.take_in(terms, plan, terms.edges());
        self.added.push(slot);
        engine.arena.opens.add(slot, self.edges_into(work));
        match doomed.then(|| engine.failed_dependency(slot)).flatten() {
            None => engine.enter_line(slot, None),
            Some(failure) => {
                engine.change(slot, None, WorkState::Pending);
                self.doomed.push((slot, failure));
            }
        }
        slot
    }

    pub fn link(&mut self, engine: &mut Engine) -> Result<(), AddGraphError> {
        if self.edge_list.edges.is_empty() {
            return Ok(());
        }
        // Works may have brought dependencies of their own.
        check_room_for(engine, self.edge_list.edges.len())?;
        let (slots, cells) = (self.added.slots(), self.cells);
        engine
            .graph
            .link_many(&mut engine.arena, slots, &mut self.edge_list, cells);
        if self.has_children {
            self.check_cycles(engine)?;
        }
        Ok(())
    }

    /// A cycle may lead through a parent, which is not of the graph.
    #[cold]
    fn check_cycles(&mut self, e: &mut Engine) -> Result<(), AddGraphError> {
        for &(before, after) in self.edge_list.edges.iter() {
            let [first, then] = [before, after].map(|work| self.added.slots()[work]);
            if e.cycles
                .precedes(&e.arena, &e.graph, start(then), settle(first))
            {
                return Err(AddGraphError::Refused {
                    work: after,
                    error: AddError::Cycle(e.cycle_path(start(then), settle(first))),
                });
            }
        }
        Ok(())
    }

    pub fn complete(mut self, engine: &mut Engine) -> Handles<()> {
        self.line_up(engine);
        // All are entered before any of them blocks another.
        let doomed = self.doomed.into_iter();
        let blocked = doomed.map(|(slot, failure)| (slot, End::Blocked(failure)));
        engine.settling.extend(blocked);
        engine.drain_settling();
        self.added
    }

    /// TopologicalOrder are to be in the order of the new edges, too.
    fn line_up(&mut self, engine: &mut Engine) {
        let end = engine.arena.slots_end();
        let levels = &mut engine.cycles.levels;
        let (first, slots) = (self.added.first(), self.added.slots());
        match &self.edge_list.order {
            Some(order) => {
                let slot = |&work: &u32| slots[work as usize];
                levels.line_up(order.iter().map(slot), first, end);
            }
            None if levels.are_kept() => {
                levels.line_up(slots.iter().copied(), first, end);
            }
            None => {}
        }
    }

    /// The graph does not come to its end.
    pub fn take_back(self, engine: &mut Engine) {
        engine.take_back(self.added.slots());
    }
}

fn check_room_for(engine: &Engine, edges: usize) -> Result<(), AddGraphError> {
    match edges > 0 && engine.graph.lacks_room(edges, engine.settings.limits.edges) {
        true => Err(AddGraphError::TooManyEdges(engine.graph.len())),
        false => Ok(()),
    }
}
