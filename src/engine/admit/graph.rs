//! Admission of a whole graph: first its works, then the edges between them.
//!
//! While works are admitted, each counts the edges that will lead into it. So no work begins before its edges are
//! there, and the edges are written once all slots are known.
//!
//! Until [`Admission::complete`] no work of the graph has had a turn, and no event says more than Pending, Queued or
//! Running. So a graph that is refused half way can be taken back whole.

use crate::engine::admit::Plan;
use crate::engine::graph::cycle::{settle, start};
use crate::engine::graph::edge_list::EdgeList;
use crate::engine::lifecycle::settle::End;
use crate::engine::{AddError, AddGraphError, Engine};
use crate::work::{Failure, Handles, Name, Terms, WorkState};

/// A graph that is being admitted: works first, in the order of their positions, then the edges.
pub(crate) struct Admission<'a> {
    /// The edges by position, checked and ordered.
    edge_list: EdgeList<'a>,
    /// How many cells the lists of edges out of the works will take.
    cells: u32,
    /// The works that have been added so far.
    added: Handles<()>,
    /// Works that can never run, because a work outside of the graph has failed already.
    doomed: Vec<(u32, Failure)>,
    /// Whether a work of the graph has a parent. Its edges alone then do not say what it waits for.
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
        // The refusal comes before any work is made: `make` is the program's code, and would run in vain.
        if works > room {
            return Err(AddGraphError::Refused {
                // The first work that would find no room, as if the works had been added one by one.
                work: room,
                error: AddError::TooManyWorks(there + room),
            });
        }
        // The cast loses nothing, because `Limits::works` is at most 2^30.
        let edge_list = EdgeList::new(works as u32, edges)?;
        check_room_for(engine, edge_list.edges.len())?;
        let cells = engine.graph.cells_for_many(&edge_list.degrees);
        let cells = cells.ok_or(AddGraphError::TooManyEdges(engine.graph.len()))?;
        // Memory is made at once, so that the columns do not grow work by work.
        engine.arena.reserve(works);
        Ok(Admission {
            added: Handles::new(engine.scheduler_id, engine.arena.added(), works),
            edge_list,
            cells,
            doomed: Vec::new(),
            has_children: false,
        })
    }

    /// Returns how many edges of the graph lead into a work. A graph without edges has no degrees at all.
    #[inline]
    fn edges_into(&self, work: usize) -> u32 {
        self.edge_list.degrees.get(work).map_or(0, |of| of.ins)
    }

    /// Admits a work that has no parent, extras or dependencies outside of the graph, and returns its slot. Takes
    /// `name` if the engine keeps it. Returns `None` for a refusal; [`Admission::refusal`] then says why.
    #[inline]
    pub fn admit_plain(
        &mut self,
        engine: &mut Engine,
        work: usize,
        name: &mut Name,
        retries: u32,
        permit: bool,
    ) -> Option<u32> {
        // The error is made apart, in `refusal`: it is large, and each admitted work would pay for returning it.
        if engine.check_any(permit).is_err() {
            return None;
        }
        let slot = engine.take_in_any(None, name, retries, permit);
        self.added.push(slot);
        let into = self.edges_into(work);
        if into > 0 {
            // They count before they exist, so that the work cannot begin without them.
            engine.arena.pending.add(slot, into);
            engine.stay_pending(slot);
        } else {
            engine.enter_line(slot, None);
        }
        Some(slot)
    }

    /// Returns why a work of [`Admission::admit_plain`] was refused.
    #[cold]
    pub fn refusal(&self, engine: &Engine, work: usize, permit: bool) -> AddGraphError {
        let error = engine.check_any(permit).err();
        // The check refused the work a moment ago, so it has an error.
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
        // The check of the edge list knows nothing of specs, so a cycle through both would be missed (L14).
        if self.names_inward(terms) {
            return Err(AddGraphError::Inward(work));
        }
        let refused = |error| AddGraphError::Refused { work, error };
        engine.check(terms).map_err(refused)
    }

    /// Returns whether a work names an earlier work of this graph by its id.
    fn names_inward(&self, terms: &Terms) -> bool {
        let mut named = terms.dependencies().map(|(id, _)| id).chain(terms.parent);
        named.any(|id| self.added.contain(id))
    }

    /// Admits a work that has been checked, and returns its slot.
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
        // The edges count before `enter_line`, which begins a work that waits for nothing.
        engine.arena.pending.add(slot, self.edges_into(work));
        match doomed.then(|| engine.failed_dependency(slot)).flatten() {
            None => engine.enter_line(slot, None),
            Some(failure) => {
                // The work is not Blocked yet: its edges do not exist, so its dependents would not be told. `complete`
                // settles it.
                engine.change(slot, None, WorkState::Pending);
                self.doomed.push((slot, failure));
            }
        }
        slot
    }

    /// Adds the edges between the works. If it fails, the caller takes the works back.
    pub fn link(&mut self, engine: &mut Engine) -> Result<(), AddGraphError> {
        if self.edge_list.edges.is_empty() {
            return Ok(());
        }
        // Checked again, because works may have brought dependencies of their own.
        check_room_for(engine, self.edge_list.edges.len())?;
        let (slots, cells) = (self.added.slots(), self.cells);
        engine
            .graph
            .link_many(&mut engine.arena, slots, &mut self.edge_list, cells);
        // Without a child, the order of the edge list has shown that there is no cycle. No older work waits for a new
        // one then.
        if self.has_children {
            self.check_cycles(engine)?;
        }
        Ok(())
    }

    /// Checks for cycles that lead through a parent, which need not be in the graph.
    #[cold]
    fn check_cycles(&mut self, e: &mut Engine) -> Result<(), AddGraphError> {
        // The edges are there already, so a cycle shows as a way from the end of an edge back to its beginning.
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

    /// Ends the admission, and settles the works that can never run.
    pub fn complete(mut self, engine: &mut Engine) -> Handles<()> {
        self.line_up(engine);
        if engine.deciding.is_some() {
            self.added
                .slots()
                .iter()
                .for_each(|&slot| engine.enter_key(slot));
        }
        // All works are entered before any of them blocks another.
        let doomed = self.doomed.into_iter();
        let blocked = doomed.map(|(slot, failure)| (slot, End::Blocked(failure)));
        engine.settling.extend(blocked);
        engine.drain_settling();
        self.added
    }

    /// Gives the works levels in the topological order of the new edges.
    fn line_up(&mut self, engine: &mut Engine) {
        let end = engine.arena.slots_end();
        let levels = &mut engine.cycles.levels;
        let (first, slots) = (self.added.first(), self.added.slots());
        match &self.edge_list.order {
            Some(order) => {
                let slot = |&work: &u32| slots[work as usize];
                levels.line_up(order.iter().map(slot), first, end);
            }
            // First levels would do, unless levels that were moved lie above them.
            None if levels.are_kept() => {
                levels.line_up(slots.iter().copied(), first, end);
            }
            None => {}
        }
    }

    /// Takes back the works of a graph that is not completed. The shell calls it if a work or the edges are refused, or
    /// if the program's `make` panics (L24).
    pub fn take_back(self, engine: &mut Engine) {
        engine.take_back(self.added.slots());
    }
}

/// Checks that the graph can take `edges` more edges.
fn check_room_for(engine: &Engine, edges: usize) -> Result<(), AddGraphError> {
    match edges > 0 && engine.graph.lacks_room(edges, engine.settings.limits.edges) {
        true => Err(AddGraphError::TooManyEdges(engine.graph.len())),
        false => Ok(()),
    }
}
