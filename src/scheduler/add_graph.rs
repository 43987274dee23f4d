//! [`WorkScheduler::add_graph`] adds a whole graph at once.
//!
//! The generic part is small: each body goes into a column of its type, and its terms go to the engine's [`Admission`].

use super::WorkScheduler;
use super::bodies::{Body, BodyRef, Column};
use super::context::output::OutputAdapter;
use crate::engine::AddGraphError;
use crate::engine::admit::graph::Admission;
use crate::engine::panics::{Contained, dispose};
use crate::work::{Handles, Spec, Terms, Work};

impl<C: ?Sized> WorkScheduler<C> {
    /// Adds `works` works, which `make` makes by their positions 0 to `works - 1`. Each edge `(before, after)` makes
    /// one of them wait for the other, as [`WorkScheduler::add_dependency`] does.
    ///
    /// O(works + edges), and faster than adding the works one by one. Edges may go in any direction. An edge that is
    /// given twice counts once.
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
    /// The scheduler records these edges at the work that comes first. Some calls need them from the other side: a
    /// snapshot (also by a status or `dot`), a stall report, another dependency, a restart, reclaiming a work. The
    /// first such call records them there for all works, once in the life of a scheduler, in O(works + edges).
    ///
    /// # Errors
    /// [`AddGraphError`]. If `edges` is wrong, or there are too many works or edges, the scheduler has added nothing.
    ///
    /// In other cases it has cancelled the works that it had added, before their first turn: if a work is refused, if
    /// `make` panics, or if the edges are too many together with the works' own dependencies.
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

/// A graph that is being added. Its drop takes the works back unless the graph is complete.
struct Addition<'a, C: ?Sized, W: Work<C, T> + 'static, T: 'static> {
    scheduler: &'a mut WorkScheduler<C>,
    /// The bodies of the works added so far, and the number of their column.
    column: Column<OutputAdapter<W, T>>,
    number: u32,
    /// `None` once the graph is complete.
    admission: Option<Admission<'a>>,
}

impl<C: ?Sized, W: Work<C, T>, T> Addition<'_, C, W, T> {
    /// Adds `spec` as the work at position `work` of the graph.
    #[inline]
    fn add_work(&mut self, work: usize, spec: Spec<C, W>) -> Result<(), AddGraphError> {
        // Taken apart here and put together again for the rare case: a spec whose address goes to a call would be
        // written to memory for each work.
        let Spec {
            work: body,
            terms,
            on_settled,
        } = spec;
        if !terms.is_plain() || on_settled.is_some() {
            let spec = Spec {
                work: body,
                terms,
                on_settled,
            };
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
        } = terms;
        // A plain spec has no extras and no callback, and dropping the empty options would cost calls.
        std::mem::forget((extras, on_settled));
        let permit = permit && body.needs_permit();
        let cell = self.column.push(OutputAdapter::new(body));
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

    /// Adds a work that has dependencies of its own, a parent, a callback or extras.
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
        // The admission is there until this call.
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
