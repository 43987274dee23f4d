//! A whole graph comes in at once: [`WorkScheduler::add_graph`].

use super::aside::Aside;
use super::cycle::{settle, start};
use super::graph::{Cells, Ports};
use super::outline::{Degrees, Outline};
use super::{AddError, AddGraphError, WorkScheduler};
use crate::work::{Failure, Handle, Spec, Work, WorkId, WorkState};

impl<C: ?Sized> WorkScheduler<C> {
    /// Adds so many works, which `make` makes by position, and makes each edge `(before, after)` a dependency between two
    /// of them, as if by [`WorkScheduler::add_dependency`]. O(works + edges), and faster than to add them one by one, since
    /// it is known from the beginning how many there are. Edges may go in any direction; one that is given twice counts
    /// once.
    ///
    /// ```
    /// use crankwork::{Spec, VirtualDriver, WorkContext, WorkScheduler};
    /// use std::task::Poll;
    ///
    /// let mut s = WorkScheduler::<Vec<usize>>::new(Default::default());
    /// let step = |i| {
    ///     Spec::new(format!("step {i}"), move |cx: &mut WorkContext<'_, Vec<usize>>| {
    ///         cx.app.push(i);
    ///         Poll::Ready(Ok(()))
    ///     })
    /// };
    /// let works = s.add_graph(3, step, [(2, 0), (0, 1), (2, 1)])?;
    ///
    /// let mut log = Vec::new();
    /// s.run_until_done(&mut log, &mut VirtualDriver::new())?;
    /// assert_eq!(log, [2, 0, 1]);
    /// assert_eq!(works.len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`AddGraphError`]. If it is the edges that are wrong, or there are too many works, nothing has been added. If a work
    /// is refused, or `make` panics, those added before it have been cancelled before their first turn.
    pub fn add_graph<W, T>(
        &mut self,
        works: usize,
        make: impl FnMut(usize) -> Spec<C, W>,
        edges: impl IntoIterator<Item = (usize, usize)>,
    ) -> Result<Vec<Handle<T>>, AddGraphError>
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        let room = self.settings.limits.works.saturating_sub(self.arena.len());
        if works > room {
            return Err(AddGraphError::Refused {
                work: room,
                error: AddError::TooManyWorks(self.arena.len() + room),
            });
        }
        let outline = Outline::new(works as u32, edges.into_iter())?;
        self.check_room_for(outline.edges.len())?;
        let cells = self.graph.take_cells(&outline.degrees);
        let cells = cells.ok_or(AddGraphError::TooManyEdges(self.graph.len()))?;
        let mut addition = Addition::new(self, &outline, cells);
        addition.add_works(works, make)?;
        addition.link()?;
        Ok(addition.complete())
    }

    fn check_room_for(&self, edges: usize) -> Result<(), AddGraphError> {
        match edges > 0 && self.graph.lacks_room(edges, self.settings.limits.edges) {
            true => Err(AddGraphError::TooManyEdges(self.graph.len())),
            false => Ok(()),
        }
    }
}

/// Works that are coming in, and then the edges between them. What does not come to its end is taken back.
struct Addition<'a, C: ?Sized> {
    scheduler: &'a mut WorkScheduler<C>,
    outline: &'a Outline,
    /// For the lists of those that have not come yet.
    cells: Cells,
    added: Vec<WorkId>,
    /// If there are edges.
    ports: Vec<Ports>,
    /// Those that can never run, because something outside of the graph has failed already.
    doomed: Vec<(u32, Failure)>,
    /// Whether one has a parent: what waits for what then is more than the edges say.
    has_children: bool,
    complete: bool,
}

impl<'a, C: ?Sized> Addition<'a, C> {
    fn new(scheduler: &'a mut WorkScheduler<C>, outline: &'a Outline, cells: Cells) -> Self {
        Addition {
            scheduler,
            outline,
            cells,
            added: Vec::new(),
            ports: Vec::with_capacity(outline.degrees.len()),
            doomed: Vec::new(),
            has_children: false,
            complete: false,
        }
    }

    fn add_works<W, T>(
        &mut self,
        works: usize,
        mut make: impl FnMut(usize) -> Spec<C, W>,
    ) -> Result<(), AddGraphError>
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        self.scheduler.arena.reserve(works);
        self.added.reserve(works);
        for work in 0..works {
            let spec = make(work);
            self.add_work(spec, self.outline.degrees.get(work).copied())
                .map_err(|error| AddGraphError::Refused { work, error })?;
        }
        Ok(())
    }

    #[inline]
    fn add_work<W, T>(
        &mut self,
        mut spec: Spec<C, W>,
        degrees: Option<Degrees>,
    ) -> Result<(), AddError>
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        let s = &mut *self.scheduler;
        let edges = spec.terms.edges();
        let plan = s.check(&spec.terms, edges)?;
        self.has_children |= spec.terms.parent.is_some();
        let body = Box::new(Aside::new(spec.work));
        let (id, doomed) = s.take_in(&mut spec.terms, plan, edges, body);
        self.added.push(id);
        if let Some(degrees) = degrees {
            let ports = s
                .graph
                .open_ports(&mut s.arena, id.slot, degrees, &mut self.cells);
            self.ports.push(ports);
            s.arena.opens.add(id.slot, degrees.ins);
        }
        match doomed.then(|| s.failed_dependency(id.slot)).flatten() {
            None => s.enter_line(id.slot, None),
            Some(failure) => {
                s.change(id.slot, None, WorkState::Pending);
                self.doomed.push((id.slot, failure));
            }
        }
        Ok(())
    }

    fn link(&mut self) -> Result<(), AddGraphError> {
        let edges = &self.outline.edges;
        // Works may have brought dependencies of their own.
        self.scheduler.check_room_for(edges.len())?;
        self.scheduler.graph.link_many(&mut self.ports, edges);
        if self.has_children {
            self.check_cycles()?;
        }
        Ok(())
    }

    /// A cycle may lead through a parent, which is not of the graph.
    #[cold]
    fn check_cycles(&mut self) -> Result<(), AddGraphError> {
        let s = &mut *self.scheduler;
        for &(before, after) in &self.outline.edges {
            let [first, then] = [before, after].map(|work| self.added[work as usize].slot);
            if s.cycles
                .precedes(&s.arena, &s.graph, start(then), settle(first))
            {
                return Err(AddGraphError::Refused {
                    work: after as usize,
                    error: AddError::Cycle(s.cycle_path(start(then), settle(first))),
                });
            }
        }
        Ok(())
    }

    fn complete<T>(mut self) -> Vec<Handle<T>> {
        self.complete = true;
        self.line_up();
        for (slot, failure) in std::mem::take(&mut self.doomed) {
            self.scheduler
                .enter_blocked(slot, Some(WorkState::Pending), failure);
        }
        let added = std::mem::take(&mut self.added);
        added.into_iter().map(Handle::new).collect()
    }

    /// Levels are to be in the order of the new edges, too.
    fn line_up(&mut self) {
        let levels = &mut self.scheduler.cycles.levels;
        let first = self.added.first().map_or(0, |id| id.serial);
        match &self.outline.order {
            Some(order) => {
                let slot = |&work: &u32| self.added[work as usize].slot;
                levels.line_up(order.iter().map(slot), first);
            }
            None if levels.are_kept() => levels.line_up(self.added.iter().map(|id| id.slot), first),
            None => {}
        }
    }
}

impl<C: ?Sized> Drop for Addition<'_, C> {
    fn drop(&mut self) {
        if !self.complete {
            let rest = self.outline.degrees.get(self.ports.len()..);
            self.scheduler
                .graph
                .give_back_cells(self.cells, rest.unwrap_or_default());
            self.scheduler.take_back(&self.added);
        }
    }
}
