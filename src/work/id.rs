//! What names a work: [`WorkId`], the typed [`Handle`], and [`Name`].

use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::Arc;

/// Names one work of one scheduler, for ever: neither a slot that is used again nor another scheduler answers to it.
///
/// Prints as `#17`: the work was the 18th to be added.
// In this order: where an absent id is followed by absent boxes, as in a spec, its `scheduler_id` must not be next to them. It
// would be cleared with half of a box in one write, and to read a box that two writes have made is to wait for both.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkId {
    pub(crate) serial: u64,
    /// Which scheduler of this process; not printed, so that logs of equal runs are equal.
    pub(crate) scheduler_id: NonZeroU32,
    pub(crate) slot: u32,
}

impl WorkId {
    /// How many works had been added to the scheduler before this one.
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

/// A [`WorkId`] that knows the type of the work's output. `Copy`, and accepted wherever an id is.
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

    /// The work's id.
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

/// A work's name: any characters, shared and cheap to clone. Two words: a shared one is reached through a further
/// pointer, so that a name costs no third.
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
