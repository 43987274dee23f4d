//! A whole graph comes in at once: [`WorkScheduler::add_graph`].

use super::aside::Aside;
use super::body::{Body, Place, Shelf};
use super::cycle::{settle, start};
use super::outline::Outline;
use super::panics::{Contained, dispose};
use super::settle::End;
use super::{AddError, AddGraphError, WorkScheduler};
use crate::work::{Failure, Handles, Spec, Terms, Work, WorkState};

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
    /// let works = s.add_graph(3, step, &[(2, 0), (0, 1), (2, 1)])?;
    ///
    /// let mut log = Vec::new();
    /// s.run_until_done(&mut log, &mut VirtualDriver::new())?;
    /// assert_eq!(log, [2, 0, 1]);
    /// assert_eq!(works.len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// What works depend on is known from the other side as long as all edges have come so and nobody asks: the first call
    /// that does (a snapshot, a stall report, another dependency, a restart, a work that is reclaimed) writes it down for all
    /// works, once in the life of a scheduler, in O(works + edges).
    ///
    /// # Errors
    /// [`AddGraphError`]. If it is the edges that are wrong, or there are too many works or edges, nothing has been added. If
    /// a work is refused, or `make` panics, or the edges are too many only with those that works have brought themselves,
    /// the works that have come have been cancelled before their first turn.
    pub fn add_graph<W, T>(
        &mut self,
        works: usize,
        make: impl FnMut(usize) -> Spec<C, W>,
        edges: &[(usize, usize)],
    ) -> Result<Handles<T>, AddGraphError>
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        let mut make = Contained::new(make);
        let room = self.settings.limits.works.saturating_sub(self.arena.len());
        if works > room {
            return Err(AddGraphError::Refused {
                work: room,
                error: AddError::TooManyWorks(self.arena.len() + room),
            });
        }
        let mut outline = Outline::new(works as u32, edges)?;
        self.check_room_for(outline.edges.len())?;
        let cells = self.graph.cells_for_many(&outline.degrees);
        let cells = cells.ok_or(AddGraphError::TooManyEdges(self.graph.len()))?;
        let mut addition = Addition::new(self, works, &mut outline, cells);
        addition.add_works(works, &mut *make)?;
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
struct Addition<'a, C: ?Sized, W: Work<C, T> + 'static, T: 'static> {
    scheduler: &'a mut WorkScheduler<C>,
    /// The bodies of those that have come.
    shelf: Shelf<Aside<W, T>>,
    outline: &'a mut Outline<'a>,
    /// What the lists of edges out of them will take.
    cells: u32,
    added: Handles<T>,
    /// Those that can never run, because something outside of the graph has failed already.
    doomed: Vec<(u32, Failure)>,
    /// Whether one has a parent: what waits for what then is more than the edges say.
    has_children: bool,
    complete: bool,
}

impl<'a, C: ?Sized, W: Work<C, T>, T> Addition<'a, C, W, T> {
    fn new(
        scheduler: &'a mut WorkScheduler<C>,
        works: usize,
        outline: &'a mut Outline<'a>,
        cells: u32,
    ) -> Self {
        scheduler.arena.reserve(works);
        let added = Handles::new(scheduler.home, scheduler.arena.added(), works);
        Addition {
            scheduler,
            shelf: Shelf::with_capacity(works),
            outline,
            cells,
            added,
            doomed: Vec::new(),
            has_children: false,
            complete: false,
        }
    }

    fn add_works(
        &mut self,
        works: usize,
        mut make: impl FnMut(usize) -> Spec<C, W>,
    ) -> Result<(), AddGraphError> {
        for work in 0..works {
            self.add_work(work, make(work))?;
        }
        Ok(())
    }

    /// Whether a work names one of those that have come before it in this graph.
    fn names_inward(&self, terms: &Terms) -> bool {
        let mut named = terms.dependencies().map(|(id, _)| id).chain(terms.parent);
        named.any(|id| self.added.contain(id))
    }

    /// Adds the work at this position of the graph.
    #[inline]
    fn add_work(&mut self, work: usize, spec: Spec<C, W>) -> Result<(), AddGraphError> {
        if !spec.terms.is_plain() || spec.on_settled.is_some() {
            return self.add_work_with_ties(work, spec);
        }
        let into = self.outline.degrees.get(work).map_or(0, |of| of.ins);
        let Terms {
            mut name,
            retries,
            permit,
            extras,
            ..
        } = spec.terms;
        // A plain spec has none, and to drop it would be a call.
        std::mem::forget(extras);
        let permit = permit && spec.work.needs_permit();
        let body = self.place(spec.work);
        if let Err(error) = self.scheduler.check_any(permit) {
            self.shelf.discard_last();
            return Err(AddGraphError::Refused { work, error });
        }
        let s = &mut *self.scheduler;
        let slot = s.take_in_any(None, &mut name, retries, permit, body);
        self.added.push(slot);
        if into > 0 {
            s.arena.opens.add(slot, into);
            s.stay_pending(slot);
        } else {
            s.enter_line(slot, None);
        }
        Ok(())
    }

    #[inline]
    fn place(&mut self, work: W) -> Body<C> {
        Body::Shelved(Place {
            shelf: self.scheduler.shelves.next(),
            cell: self.shelf.push(Aside::new(work)),
        })
    }

    /// The same for one that has dependencies of its own, a parent, or extras.
    #[cold]
    fn add_work_with_ties(
        &mut self,
        work: usize,
        mut spec: Spec<C, W>,
    ) -> Result<(), AddGraphError> {
        if self.names_inward(&spec.terms) {
            dispose(spec);
            return Err(AddGraphError::Inward(work));
        }
        let into = self.outline.degrees.get(work).map_or(0, |of| of.ins);
        spec.terms.permit &= spec.work.needs_permit();
        let edges = spec.terms.edges();
        let plan = match self.scheduler.check(&spec.terms, edges) {
            Ok(plan) => plan,
            Err(error) => {
                dispose(spec);
                return Err(AddGraphError::Refused { work, error });
            }
        };
        if let Some(callback) = spec.on_settled {
            self.scheduler.keep_callback(&mut spec.terms, callback);
        }
        self.has_children |= spec.terms.parent.is_some();
        let body = self.place(spec.work);
        let s = &mut *self.scheduler;
        let (slot, doomed) = s.take_in(&mut spec.terms, plan, edges, body);
        self.added.push(slot);
        s.arena.opens.add(slot, into);
        match doomed.then(|| s.failed_dependency(slot)).flatten() {
            None => s.enter_line(slot, None),
            Some(failure) => {
                s.change(slot, None, WorkState::Pending);
                self.doomed.push((slot, failure));
            }
        }
        Ok(())
    }

    fn link(&mut self) -> Result<(), AddGraphError> {
        if self.outline.edges.is_empty() {
            return Ok(());
        }
        let s = &mut *self.scheduler;
        // Works may have brought dependencies of their own.
        s.check_room_for(self.outline.edges.len())?;
        s.graph
            .link_many(&mut s.arena, self.added.slots(), self.outline, self.cells);
        if self.has_children {
            self.check_cycles()?;
        }
        Ok(())
    }

    /// A cycle may lead through a parent, which is not of the graph.
    #[cold]
    fn check_cycles(&mut self) -> Result<(), AddGraphError> {
        let s = &mut *self.scheduler;
        for &(before, after) in self.outline.edges.iter() {
            let [first, then] = [before, after].map(|work| self.added.slots()[work]);
            if s.cycles
                .precedes(&s.arena, &s.graph, start(then), settle(first))
            {
                return Err(AddGraphError::Refused {
                    work: after,
                    error: AddError::Cycle(s.cycle_path(start(then), settle(first))),
                });
            }
        }
        Ok(())
    }

    fn complete(mut self) -> Handles<T> {
        self.complete = true;
        self.shelve();
        self.line_up();
        // All are entered before any of them blocks another.
        let doomed = std::mem::take(&mut self.doomed).into_iter();
        let blocked = doomed.map(|(slot, failure)| (slot, End::Blocked(failure)));
        self.scheduler.settling.extend(blocked);
        self.scheduler.drain_settling();
        let none = Handles::new(self.scheduler.home, 0, 0);
        std::mem::replace(&mut self.added, none)
    }

    fn shelve(&mut self) {
        let shelf = std::mem::replace(&mut self.shelf, Shelf::with_capacity(0));
        self.scheduler.shelves.add(shelf);
    }

    /// Levels are to be in the order of the new edges, too.
    fn line_up(&mut self) {
        let end = self.scheduler.arena.slots_end();
        let levels = &mut self.scheduler.cycles.levels;
        let (first, slots) = (self.added.first(), self.added.slots());
        match &self.outline.order {
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
}

impl<C: ?Sized, W: Work<C, T>, T> Drop for Addition<'_, C, W, T> {
    fn drop(&mut self) {
        if !self.complete {
            self.shelve();
            self.scheduler.take_back(self.added.slots());
        }
    }
}
