//! A whole graph comes in at once: [`WorkScheduler::add_graph`].
//!
//! What is generic is thin: each work goes into the column of its type, and its terms to the engine's [`Admission`].

use super::WorkScheduler;
use super::bodies::{Body, BodyRef, Column};
use super::context::output::OutputAdapter;
use crate::engine::AddGraphError;
use crate::engine::admit::graph::Admission;
use crate::engine::panics::{Contained, dispose};
use crate::work::{Handles, Spec, Terms, Work};

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
    /// that does (a snapshot, and so a status or `dot`, a stall report, another dependency, a restart, a work that is
    /// reclaimed) writes it down for all works, once in the life of a scheduler, in O(works + edges).
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
        let admission = Admission::begin(&mut self.lent.engine, works, edges)?;
        self.bodies.reserve(works);
        let mut addition = Addition {
            column: Column::with_capacity(works),
            number: self.bodies.next_column(),
            scheduler: self,
            admission: Some(admission),
        };
        for work in 0..works {
            addition.add_work(work, make(work))?;
        }
        addition.complete()
    }
}

/// Works that are coming in. What does not come to its end is taken back.
struct Addition<'a, C: ?Sized, W: Work<C, T> + 'static, T: 'static> {
    scheduler: &'a mut WorkScheduler<C>,
    /// The bodies of those that have come, and the number of their column.
    column: Column<OutputAdapter<W, T>>,
    number: u32,
    /// Gone once the graph is complete.
    admission: Option<Admission<'a>>,
}

impl<C: ?Sized, W: Work<C, T>, T> Addition<'_, C, W, T> {
    /// Adds the work at this position of the graph.
    #[inline]
    fn add_work(&mut self, work: usize, spec: Spec<C, W>) -> Result<(), AddGraphError> {
        if !spec.terms.is_plain() || spec.on_settled.is_some() {
            return self.add_full_work(work, spec);
        }
        let Some(admission) = &mut self.admission else {
            return Ok(());
        };
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
        let cell = self.column.push(OutputAdapter::new(spec.work));
        let engine = &mut self.scheduler.lent.engine;
        match admission.admit_plain(engine, work, &mut name, retries, permit) {
            Some(slot) => {
                let column = self.number;
                let body = Body::Shared(BodyRef { column, cell });
                self.scheduler.bodies.enter(slot, body);
                Ok(())
            }
            None => {
                self.column.discard_last();
                Err(admission.refusal(engine, work, permit))
            }
        }
    }

    /// As [`Self::add_work`], of a work that has dependencies of its own, a parent, a callback, or extras.
    #[cold]
    fn add_full_work(&mut self, work: usize, mut spec: Spec<C, W>) -> Result<(), AddGraphError> {
        let Some(admission) = &mut self.admission else {
            return Ok(());
        };
        spec.terms.permit &= spec.work.needs_permit();
        let lent = &mut self.scheduler.lent;
        let plan = match admission.check(&mut lent.engine, work, &spec.terms) {
            Ok(plan) => plan,
            Err(error) => {
                dispose(spec);
                return Err(error);
            }
        };
        if let Some(callback) = spec.on_settled {
            lent.keep_callback(&mut spec.terms, callback);
        }
        let slot = admission.admit(&mut lent.engine, work, &mut spec.terms, plan);
        let column = self.number;
        let cell = self.column.push(OutputAdapter::new(spec.work));
        let body = Body::Shared(BodyRef { column, cell });
        self.scheduler.bodies.enter(slot, body);
        Ok(())
    }

    fn complete(mut self) -> Result<Handles<T>, AddGraphError> {
        if let Some(admission) = &mut self.admission {
            admission.link(&mut self.scheduler.lent.engine)?;
        }
        self.add_column();
        let engine = &mut self.scheduler.lent.engine;
        let added = self
            .admission
            .take()
            .map(|admission| admission.complete(engine));
        self.scheduler.tidy();
        // It is there until this call.
        Ok(added
            .unwrap_or_else(|| Handles::new(self.scheduler.lent.engine.scheduler_id, 0, 0))
            .typed())
    }

    fn add_column(&mut self) {
        let column = std::mem::replace(&mut self.column, Column::with_capacity(0));
        self.scheduler.bodies.add_column(column);
    }
}

impl<C: ?Sized, W: Work<C, T>, T> Drop for Addition<'_, C, W, T> {
    fn drop(&mut self) {
        if let Some(admission) = self.admission.take() {
            self.add_column();
            admission.take_back(&mut self.scheduler.lent.engine);
            self.scheduler.tidy();
        }
    }
}
