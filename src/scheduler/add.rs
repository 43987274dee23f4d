//! Adds works: the engine admits a work and names its slot, and the shell enters the body under that slot.

use super::bodies::Body;
use super::context::output::OutputAdapter;
use super::{Lent, WorkContext, WorkScheduler};
use crate::engine::panics::dispose;
use crate::engine::{AddError, Refused};
use crate::work::{Completion, Failure, Handle, Spec, Terms, Work, WorkId};
use std::task::Poll;

impl<C: ?Sized> WorkScheduler<C> {
    /// Adds a work. Its first turn comes in a later crank, or in a later round of this crank.
    ///
    /// O(1) without dependencies; the cost of each dependency is that of [`WorkScheduler::add_dependency`].
    ///
    /// # Errors
    /// [`AddError`]; use [`WorkScheduler::try_add`] to get the spec back.
    pub fn add<W, T>(&mut self, mut spec: Spec<C, W>) -> Result<Handle<T>, AddError>
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        spec.terms.permit &= spec.work.needs_permit();
        // The terms stay where they are, since moving them costs more than using them.
        let body = Body::Own(Box::new(OutputAdapter::new(spec.work)));
        match self.lent.admit(&mut spec.terms, &mut spec.on_settled) {
            Ok(id) => {
                self.enter(id, body);
                Ok(Handle::new(id))
            }
            Err(error) => {
                dispose(body);
                Err(error)
            }
        }
    }

    /// Adds a work as [`WorkScheduler::add`] does, or gives its spec back.
    ///
    /// # Errors
    /// [`Refused`], with the reason and the spec.
    #[expect(
        clippy::result_large_err,
        reason = "the spec comes back as it was; nothing is boxed on the way in either"
    )]
    pub fn try_add<W, T>(&mut self, mut spec: Spec<C, W>) -> Result<Handle<T>, Refused<Spec<C, W>>>
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        spec.terms.permit &= spec.work.needs_permit();
        match self.lent.admit(&mut spec.terms, &mut spec.on_settled) {
            Ok(id) => {
                self.enter(id, Body::Own(Box::new(OutputAdapter::new(spec.work))));
                Ok(Handle::new(id))
            }
            Err(error) => Err(Refused { error, spec }),
        }
    }

    /// Adds a closure as a root work without dependencies. The compiler infers the closure's types. O(1).
    ///
    /// # Errors
    /// [`AddError`].
    pub fn add_fn<T, F>(
        &mut self,
        name: impl Into<crate::Name>,
        work: F,
    ) -> Result<Handle<T>, AddError>
    where
        F: FnMut(&mut WorkContext<'_, C>) -> Poll<Result<T, Failure>> + 'static,
        T: 'static,
    {
        self.add(Spec::new(name, work))
    }

    /// Adds a boxed work under its own name, after all of `deps`, with `retries` retries. henyey-work has this call.
    ///
    /// # Errors
    /// [`AddError`].
    pub fn add_work(
        &mut self,
        work: Box<dyn Work<C>>,
        deps: &[WorkId],
        retries: u32,
    ) -> Result<WorkId, AddError> {
        let guard = &self.lent.engine.inbox.sender.guard;
        let name = guard.call("the name of a work", || work.name().to_owned());
        let name = name.map_or("(its name panicked)".into(), crate::Name::from);
        let mut terms = Terms::new(name);
        terms.after = deps.iter().copied().collect();
        terms.retries = retries;
        terms.permit = work.needs_permit();
        let body = Body::Own(work);
        match self.lent.engine.add(&mut terms) {
            Ok(id) => {
                self.enter(id, body);
                Ok(id)
            }
            Err(error) => {
                dispose(body);
                Err(error)
            }
        }
    }

    #[inline]
    fn enter(&mut self, id: WorkId, body: Body<C>) {
        self.bodies.enter(id.slot, body);
        // A work that can never run may have been reclaimed already.
        self.tidy();
    }
}

impl<C: ?Sized> Lent<C> {
    /// Admits a work. The caller enters its body. A refusal leaves the terms and the callback where they are.
    #[inline]
    fn admit(
        &mut self,
        terms: &mut Terms,
        on_settled: &mut Option<Completion<C>>,
    ) -> Result<WorkId, AddError> {
        match on_settled.take() {
            None => self.engine.add(terms),
            Some(callback) => self.admit_with(terms, callback, on_settled),
        }
    }

    #[cold]
    fn admit_with(
        &mut self,
        terms: &mut Terms,
        callback: Completion<C>,
        on_settled: &mut Option<Completion<C>>,
    ) -> Result<WorkId, AddError> {
        self.keep_callback(terms, callback);
        let added = self.engine.add(terms);
        if added.is_err() {
            let key = terms
                .extras
                .as_mut()
                .and_then(|extras| extras.on_settled.take());
            *on_settled = key.and_then(|key| self.callbacks.try_remove(key as usize));
        }
        added
    }

    /// Keeps a callback until its work settles. The engine must find it when it admits the work, which may be Blocked
    /// at once.
    #[cold]
    pub(super) fn keep_callback(&mut self, terms: &mut Terms, callback: Completion<C>) {
        let key = self.callbacks.insert(callback) as u32;
        terms.extras.get_or_insert_default().on_settled = Some(key);
    }

    /// Adds a work during a turn. The shell enters its body after that turn.
    pub(super) fn add<W, T>(&mut self, mut spec: Spec<C, W>) -> Result<Handle<T>, AddError>
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        spec.terms.permit &= spec.work.needs_permit();
        match self.admit(&mut spec.terms, &mut spec.on_settled) {
            Ok(id) => {
                let body = Body::Own(Box::new(OutputAdapter::new(spec.work)));
                self.incoming.push((id.slot, body));
                self.engine.deferred.expect_body();
                Ok(Handle::new(id))
            }
            Err(error) => {
                dispose(spec);
                Err(error)
            }
        }
    }
}
