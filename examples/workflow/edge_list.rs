//! Dependency graphs as a list of edges, one line each.
//!
//! ```text
//! # nodes N edges M
//! n<TAB>name<TAB>members[<TAB>installed size in KiB]
//! e<TAB>node<TAB>dep dep ...
//! ```
//!
//! The `n` lines count the nodes from 0. An `e` line lists the nodes that its node depends on. The counts in the first
//! line must hold, since they tell a whole file from the first half of one. Other lines that begin with `#` are
//! comments, and empty lines mean nothing.
//!
//! A graph has no runtimes, so a [`Unit`] sets them.

use std::str::FromStr;

use thiserror::Error;

use super::decimal::{MAX_RUNTIME_NS, NS_PER_SECOND};
use super::workflow::{Task, Workflow, WorkflowError, quoted};

/// The runtime of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unit {
    /// Each node takes 1 s.
    #[default]
    Second,
    /// Each node takes 1 µs for each KiB of its installed size.
    InstalledSize,
}

/// The runtime of one KiB under [`Unit::InstalledSize`], in nanoseconds.
const NS_PER_KIB: u64 = 1_000;

impl FromStr for Unit {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "1s" => Ok(Unit::Second),
            "size" => Ok(Unit::InstalledSize),
            _ => Err("give `1s` or `size`"),
        }
    }
}

/// The fault of a text, with what to do about it.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum EdgeListError {
    /// One line is wrong.
    #[error("line {line}: {fault}")]
    Line {
        /// The number of the line, counted from 1.
        line: usize,
        /// The fault of the line.
        fault: LineFault,
    },
    /// The file has not as many nodes or edges as its first line says.
    #[error("the first line promises {promised} {what}, the file has {found}; get the whole file")]
    Count {
        /// `nodes` or `edges`.
        what: &'static str,
        /// The number in the first line.
        promised: usize,
        /// The number that was counted.
        found: usize,
    },
    /// The lines are readable but make no workflow.
    #[error(transparent)]
    Workflow(#[from] WorkflowError),
}

/// The fault of a line.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum LineFault {
    /// The first line is not the header.
    #[error("expected `# nodes N edges M`, found {0}; is this an edge list?")]
    Header(String),
    /// The line is of no known kind, or lacks fields.
    #[error(
        "expected `n<TAB>name<TAB>members` or `e<TAB>node<TAB>deps`, found {0}; correct the line"
    )]
    Shape(String),
    /// A field is not a number.
    #[error("{what} is {found}; write a whole number")]
    NotANumber {
        /// The name of the field.
        what: &'static str,
        /// The text in its place.
        found: String,
    },
    /// No node has this index.
    #[error("node {index} does not exist: the first line promises {nodes}, counted from 0")]
    IndexOutOfRange {
        /// The index.
        index: usize,
        /// The number of nodes.
        nodes: usize,
    },
    /// The node has no size, though the unit is the size.
    #[error("node {0} has no installed size; leave out `--unit size`")]
    NoSize(String),
    /// The node's size makes an absurd runtime.
    #[error(
        "node {0} is so large that it would run for more than 100 years; leave out `--unit size`"
    )]
    TooLarge(String),
}

/// Reads a workflow from the text of an edge list.
///
/// # Errors
///
/// [`EdgeListError`]; its message is one line.
pub fn parse(text: &str, unit: Unit) -> Result<Workflow, EdgeListError> {
    let mut lines = text.lines().enumerate();
    let (_, first) = lines.next().unwrap_or_default();
    let mut graph = Graph::new(first).map_err(|fault| EdgeListError::Line { line: 1, fault })?;
    for (index, line) in lines {
        let at = |fault| EdgeListError::Line {
            line: index + 1,
            fault,
        };
        graph.read_line(line, unit).map_err(at)?;
    }
    graph.finish()
}

/// The lines read so far, and the counts that the first line promises.
struct Graph {
    promised_nodes: usize,
    promised_edges: usize,
    nodes: Vec<(String, u64)>,
    /// Pairs of a node and one that it depends on, in file order. An `e` line may stand before the `n` lines of its
    /// nodes.
    edges: Vec<(usize, usize)>,
}

impl Graph {
    fn new(header: &str) -> Result<Graph, LineFault> {
        let words: Vec<&str> = header.split(' ').collect();
        let ["#", "nodes", nodes, "edges", edges] = words[..] else {
            return Err(LineFault::Header(quoted(header)));
        };
        Ok(Graph {
            promised_nodes: number("the number of nodes", nodes)?,
            promised_edges: number("the number of edges", edges)?,
            // Nothing is reserved, since a wrong file could promise more than the memory holds.
            nodes: Vec::new(),
            edges: Vec::new(),
        })
    }

    fn read_line(&mut self, line: &str, unit: Unit) -> Result<(), LineFault> {
        if line.is_empty() || line.starts_with('#') {
            return Ok(());
        }
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["n", name, members] => self.read_node(name, members, None, unit),
            ["n", name, members, size] => self.read_node(name, members, Some(size), unit),
            ["e", node, deps] => self.read_edges(node, deps),
            _ => Err(LineFault::Shape(quoted(line))),
        }
    }

    fn read_node(
        &mut self,
        name: &str,
        members: &str,
        size: Option<&str>,
        unit: Unit,
    ) -> Result<(), LineFault> {
        number::<usize>("the number of members", members)?;
        let size = size
            .map(|size| number("the installed size", size))
            .transpose()?;
        self.nodes
            .push((name.to_owned(), runtime_ns(name, size, unit)?));
        Ok(())
    }

    fn read_edges(&mut self, node: &str, deps: &str) -> Result<(), LineFault> {
        let node = self.index(node)?;
        for dep in deps.split(' ') {
            let dep = self.index(dep)?;
            self.edges.push((node, dep));
        }
        Ok(())
    }

    fn index(&self, text: &str) -> Result<usize, LineFault> {
        let index = number("a node", text)?;
        if index < self.promised_nodes {
            Ok(index)
        } else {
            Err(LineFault::IndexOutOfRange {
                index,
                nodes: self.promised_nodes,
            })
        }
    }

    fn finish(self) -> Result<Workflow, EdgeListError> {
        check_count("nodes", self.promised_nodes, self.nodes.len())?;
        check_count("edges", self.promised_edges, self.edges.len())?;
        let task = |(key, runtime_ns)| Task {
            key,
            runtime_ns,
            parents: Vec::new(),
        };
        let mut tasks: Vec<Task> = self.nodes.into_iter().map(task).collect();
        for (node, dep) in self.edges {
            tasks[node].parents.push(dep);
        }
        Ok(Workflow::new(tasks)?)
    }
}

fn check_count(what: &'static str, promised: usize, found: usize) -> Result<(), EdgeListError> {
    if promised == found {
        Ok(())
    } else {
        Err(EdgeListError::Count {
            what,
            promised,
            found,
        })
    }
}

fn runtime_ns(name: &str, size_kib: Option<u64>, unit: Unit) -> Result<u64, LineFault> {
    match unit {
        Unit::Second => Ok(NS_PER_SECOND),
        Unit::InstalledSize => {
            let size = size_kib.ok_or_else(|| LineFault::NoSize(quoted(name)))?;
            let runtime = size
                .checked_mul(NS_PER_KIB)
                .filter(|ns| *ns <= MAX_RUNTIME_NS);
            runtime.ok_or_else(|| LineFault::TooLarge(quoted(name)))
        }
    }
}

fn number<N: FromStr>(what: &'static str, text: &str) -> Result<N, LineFault> {
    text.parse().map_err(|_| LineFault::NotANumber {
        what,
        found: quoted(text),
    })
}
