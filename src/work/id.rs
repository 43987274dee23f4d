//! The names of works: [`WorkId`], the typed [`Handle`], and [`Name`].

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::Arc;

/// Names one work of one scheduler, for ever. No later work gets the same id, neither in a slot that is used again nor
/// in another scheduler.
///
/// Prints as `#17`: the work was the 18th to be added.
// The order of the fields matters: it keeps a spec cheap to move (see the benches' README).
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkId {
    pub(crate) serial: u64,
    /// The number of the scheduler in this process. It is not printed, so that logs of equal runs are equal.
    pub(crate) scheduler_id: NonZeroU32,
    pub(crate) slot: u32,
}

impl WorkId {
    /// Returns how many works had been added to the scheduler before this one.
    pub fn serial(self) -> u64 {
        self.serial
    }
}

impl fmt::Debug for WorkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.serial)
    }
}

impl fmt::Display for WorkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.serial)
    }
}

/// A [`WorkId`] with the type of the work's output. Every call that takes an id takes a handle. `Copy`.
pub struct Handle<T> {
    id: WorkId,
    output: PhantomData<fn() -> T>,
}

impl<T> Handle<T> {
    pub(crate) fn new(id: WorkId) -> Self {
        Handle {
            id,
            output: PhantomData,
        }
    }

    /// Returns the work's id.
    pub fn id(self) -> WorkId {
        self.id
    }
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Handle<T> {}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

impl<T> PartialEq for Handle<T> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<T> Eq for Handle<T> {}

impl<T> From<Handle<T>> for WorkId {
    fn from(handle: Handle<T>) -> WorkId {
        handle.id
    }
}

impl<T> From<&Handle<T>> for WorkId {
    fn from(handle: &Handle<T>) -> WorkId {
        handle.id
    }
}

/// A work's name: any characters, shared and cheap to clone. It takes two words, since a shared name is behind one more
/// pointer.
#[derive(Clone)]
pub enum Name {
    /// A name that the program contains.
    Static(&'static str),
    /// A name made at run time.
    Shared(Arc<Box<str>>),
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Name::Static(name) => name,
            Name::Shared(name) => name,
        }
    }
}

impl From<&'static str> for Name {
    fn from(name: &'static str) -> Name {
        Name::Static(name)
    }
}

impl From<String> for Name {
    fn from(name: String) -> Name {
        Name::Shared(Arc::new(name.into_boxed_str()))
    }
}

impl From<Arc<str>> for Name {
    fn from(name: Arc<str>) -> Name {
        Name::Shared(Arc::new(Box::from(&*name)))
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Name {}

/// Names hash, compare and sort as their text does, whichever variant holds it.
impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        (**self).cmp(&**other)
    }
}

/// A map with names as keys finds them by text.
impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        self
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Name {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self)
    }
}

/// The empty name.
impl Default for Name {
    fn default() -> Self {
        Name::Static("")
    }
}
