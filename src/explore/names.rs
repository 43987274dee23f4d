//! The names of works and links in one run, each numbered when it is first asked for.
//!
//! Works are told apart by node and key, since a path is text: it is made once for each work of a run.

use super::item::Step;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The node of links: no node has that number.
const LINKS: u64 = u64::MAX;

/// The numbered names of a run.
#[derive(Default)]
pub(super) struct Names {
    nodes: Vec<crate::Name>,
    /// How often each node has started.
    starts: Vec<u32>,
    numbers: BTreeMap<(u64, u64), usize>,
    names: Vec<Name>,
}

/// A name.
pub(super) struct Name {
    /// The path by itself, or the name of a link.
    pub path: Rc<str>,
    /// The path as reports print it: with the node in front, if there are several nodes.
    pub full: Rc<str>,
    /// Whether `full` has the node in front.
    has_node: bool,
}

impl Name {
    /// Returns the name of something that is on no node.
    pub fn alone(name: &str) -> Name {
        let name: Rc<str> = name.into();
        Name {
            full: Rc::clone(&name),
            path: name,
            has_node: false,
        }
    }

    /// Returns whether an item means this work or link. A name without a node means the works of all nodes, so that a
    /// node which is added later makes no item stale.
    pub fn is(&self, name: &str) -> bool {
        *self.path == *name || self.has_node && *self.full == *name
    }
}

impl Names {
    #[inline]
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.starts.clear();
        // Most runs have asked for no name, and the drop of an empty tree costs more than the look.
        if !self.numbers.is_empty() {
            self.numbers.clear();
        }
        self.names.clear();
    }

    #[inline]
    pub fn add_node(&mut self, name: crate::Name) {
        self.nodes.push(name);
        self.starts.push(1);
    }

    /// Counts a start of a node. Its works are others than those before, so its name has the incarnation from now on.
    pub fn restarted(&mut self, node: usize) {
        let starts = self.starts[node];
        let name = &self.nodes[node];
        let end = match starts {
            1 => None,
            _ => name.rfind('~'),
        };
        let plain = &name[..end.unwrap_or(name.len())];
        self.nodes[node] = format!("{plain}~{}", starts + 1).into();
        self.starts[node] += 1;
        self.numbers.retain(|&(of, _), _| of != node as u64);
    }

    /// Returns how often a node has started.
    pub fn starts(&self, node: u64) -> u32 {
        self.starts.get(node as usize).copied().unwrap_or(1)
    }

    /// Returns the names of a work with this path.
    pub fn name(&self, node: u64, path: String) -> Name {
        let path: Rc<str> = path.into();
        let has_node = self.nodes.len() > 1 || self.starts(node) > 1;
        let full = match self.nodes.get(node as usize) {
            Some(name) if has_node => format!("{name}:{path}").into(),
            _ => Rc::clone(&path),
        };
        Name {
            path,
            full,
            has_node,
        }
    }

    /// Returns the name of a node.
    pub fn node(&self, node: usize) -> &str {
        &self.nodes[node]
    }

    /// Returns the number of a work. `path` is asked once.
    pub fn work(&mut self, node: u64, key: u64, path: impl FnOnce() -> String) -> usize {
        if let Some(&number) = self.numbers.get(&(node, key)) {
            return number;
        }
        let name = self.name(node, path());
        self.enter((node, key), name)
    }

    /// Returns the number of a link's name.
    pub fn link(&mut self, link: usize, name: &str) -> usize {
        let key = (LINKS, link as u64);
        if let Some(&number) = self.numbers.get(&key) {
            return number;
        }
        self.enter(key, Name::alone(name))
    }

    fn enter(&mut self, key: (u64, u64), name: Name) -> usize {
        self.numbers.insert(key, self.names.len());
        self.names.push(name);
        self.names.len() - 1
    }

    /// Returns whether a link has that name.
    pub fn is_link(&self, name: &str) -> bool {
        let mut links = self.numbers.range((LINKS, 0)..);
        links.any(|(_, &number)| self.names[number].is(name))
    }

    pub fn get(&self, number: usize) -> &Name {
        &self.names[number]
    }

    /// Returns a turn of a work by its full name.
    pub fn step(&self, number: usize, turn: u32) -> Step {
        Step::new(&*self.names[number].full, turn)
    }
}
