//! A graph of named works, described first and added as a whole.

use super::member::{AnySpec, Target};
use super::plan::{GraphError, Plan};
use crate::{Spec, Work, WorkContext, WorkId, WorkScheduler};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Describes works by name and the edges between them, then adds all of them or none.
///
/// ```
/// use crankwork::compose::Graph;
/// use crankwork::{Spec, VirtualDriver, WorkContext, WorkScheduler, WorkState};
/// use std::task::Poll;
///
/// type Log = Vec<String>;
/// let mut s = WorkScheduler::<Log>::new(Default::default());
/// let step = |name: &str| {
///     Spec::new(name.to_owned(), |cx: &mut WorkContext<'_, Log>| {
///         let line = cx.name().to_string();
///         cx.app.push(line);
///         Poll::Ready(Ok(()))
///     })
/// };
/// let ids = Graph::new()
///     .works(["fetch", "unpack", "index", "apply", "report"].map(step))
///     .chain(["fetch", "unpack"])
///     .fan_out("unpack", ["index", "apply"])
///     .fan_in(["index", "apply"], "report")
///     .add_to(&mut s)?;
///
/// let mut log = Log::new();
/// s.run_until_done(&mut log, &mut VirtualDriver::new())?;
/// assert_eq!(log, ["fetch", "unpack", "index", "apply", "report"]);
/// assert_eq!(s.state(ids["report"]), Some(WorkState::Success));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A work of the graph cannot name the [`Handle`](crate::Handle) of another, so it cannot ask for that one's output. For
/// that, [`add`](WorkScheduler::add) or [`spawn`](WorkContext::spawn) the works one by one, with [`Spec::after`].
///
/// Adding takes O((works + edges) log works). Works are added in the order in which they were given, but each after the
/// works that come before it.
pub struct Graph<C: ?Sized> {
    /// The works, with the names that edges use.
    works: Vec<(String, AnySpec<C>)>,
    edges: Vec<(String, String)>,
}

impl<C: ?Sized + 'static> Graph<C> {
    /// Makes an empty graph.
    pub fn new() -> Self {
        Graph {
            works: Vec::new(),
            edges: Vec::new(),
        }
    }

    /// Makes a graph from edges (before, after). `make` makes a work for each name, in the order of first mention.
    ///
    /// ```
    /// # use crankwork::compose::Graph;
    /// # use crankwork::{Spec, VirtualDriver, WorkContext, WorkScheduler};
    /// # use std::task::Poll;
    /// # let mut s = WorkScheduler::<()>::new(Default::default());
    /// let edges = [("libc", "openssl"), ("openssl", "curl"), ("libc", "curl")];
    /// let ids = Graph::from_edges(edges, |name| {
    ///     Spec::new(format!("build {name}"), |_: &mut WorkContext<'_, ()>| Poll::Ready(Ok(())))
    /// })
    /// .add_to(&mut s)?;
    /// assert_eq!(ids.keys().collect::<Vec<_>>(), ["curl", "libc", "openssl"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_edges<A, B, W, T>(
        edges: impl IntoIterator<Item = (A, B)>,
        mut make: impl FnMut(&str) -> Spec<C, W>,
    ) -> Self
    where
        A: Into<String>,
        B: Into<String>,
        W: Work<C, T> + 'static,
        T: 'static,
    {
        let mut graph = Graph::new().edges(edges);
        let mut known = BTreeSet::new();
        let names = graph.edges.iter().flat_map(|(a, b)| [a, b]);
        for name in names.filter(|&name| known.insert(name.clone())) {
            let spec = AnySpec::new(make(name));
            graph.works.push((name.clone(), spec));
        }
        graph
    }

    /// Adds a work. Edges refer to it by its name.
    pub fn work<W, T>(mut self, spec: Spec<C, W>) -> Self
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        self.works
            .push((spec.name().to_string(), AnySpec::new(spec)));
        self
    }

    /// Adds several works of one type.
    pub fn works<W, T>(self, specs: impl IntoIterator<Item = Spec<C, W>>) -> Self
    where
        W: Work<C, T> + 'static,
        T: 'static,
    {
        specs.into_iter().fold(self, Graph::work)
    }

    /// Makes `after` start only after `before` has succeeded. Duplicates count once.
    pub fn edge(mut self, before: impl Into<String>, after: impl Into<String>) -> Self {
        self.edges.push((before.into(), after.into()));
        self
    }

    /// Adds each of `edges` as [`Graph::edge`] does.
    pub fn edges<A: Into<String>, B: Into<String>>(
        self,
        edges: impl IntoIterator<Item = (A, B)>,
    ) -> Self {
        let edges = edges.into_iter();
        edges.fold(self, |graph, (before, after)| graph.edge(before, after))
    }

    /// Makes each of `names` start only after the one before it.
    pub fn chain<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        let mut before: Option<String> = None;
        for name in names {
            let name = name.into();
            if let Some(before) = before.replace(name.clone()) {
                self.edges.push((before, name));
            }
        }
        self
    }

    /// Makes all of `after` start only after `before`.
    pub fn fan_out<N: Into<String>>(
        self,
        before: impl Into<String>,
        after: impl IntoIterator<Item = N>,
    ) -> Self {
        let before = before.into();
        self.edges(after.into_iter().map(|after| (before.clone(), after)))
    }

    /// Makes `after` start only after all of `before`.
    pub fn fan_in<N: Into<String>>(
        self,
        before: impl IntoIterator<Item = N>,
        after: impl Into<String>,
    ) -> Self {
        let after = after.into();
        self.edges(before.into_iter().map(|before| (before, after.clone())))
    }

    /// Adds all works, and returns their ids by name.
    ///
    /// # Errors
    /// [`GraphError`]
    pub fn add_to(
        self,
        scheduler: &mut WorkScheduler<C>,
    ) -> Result<BTreeMap<String, WorkId>, GraphError> {
        self.add(&mut Target::Scheduler(scheduler))
    }

    /// Adds all works as children of the work that has the turn, and returns their ids by name.
    ///
    /// # Errors
    /// [`GraphError`]
    pub fn spawn_in(
        self,
        cx: &mut WorkContext<'_, C>,
    ) -> Result<BTreeMap<String, WorkId>, GraphError> {
        self.add(&mut Target::Turn(cx))
    }

    fn add(self, target: &mut Target<'_, '_, C>) -> Result<BTreeMap<String, WorkId>, GraphError> {
        let (names, specs): (Vec<String>, Vec<AnySpec<C>>) = self.works.into_iter().unzip();
        let plan = Plan::new(&names, &self.edges)?;
        let mut specs: Vec<Option<AnySpec<C>>> = specs.into_iter().map(Some).collect();
        let mut ids: Vec<Option<WorkId>> = vec![None; specs.len()];
        for work in plan.order {
            let before: Vec<WorkId> = plan.before[work].iter().filter_map(|&b| ids[b]).collect();
            // The order names each work once.
            let Some(spec) = specs[work].take() else {
                continue;
            };
            let name = spec.name.clone();
            match spec.add(target, &before) {
                Ok(id) => ids[work] = Some(id),
                Err(error) => {
                    ids.into_iter().flatten().for_each(|id| target.cancel(id));
                    return Err(GraphError::Refused { name, error });
                }
            }
        }
        let added = names.into_iter().zip(ids);
        Ok(added.filter_map(|(name, id)| Some((name, id?))).collect())
    }
}

impl<C: ?Sized + 'static> Default for Graph<C> {
    fn default() -> Self {
        Graph::new()
    }
}

impl<C: ?Sized> fmt::Debug for Graph<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph")
            .field("works", &self.works.len())
            .field("edges", &self.edges)
            .finish_non_exhaustive()
    }
}
