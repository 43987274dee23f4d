//! The source of a batch whose members come from an iterator.

use super::BatchSource;
use crate::{Spec, Work, WorkContext};
use std::fmt;
use std::iter::Peekable;
use std::marker::PhantomData;

/// The source that [`BatchWork::each`] makes from an iterator factory.
pub struct Each<F, I: IntoIterator, T = ()> {
    make: F,
    members: Option<(Peekable<I::IntoIter>, Option<u64>)>,
    output: PhantomData<fn() -> T>,
}

impl<F: FnMut() -> I, I: IntoIterator, T> Each<F, I, T> {
    pub(super) fn new(make: F) -> Self {
        Each {
            make,
            members: None,
            output: PhantomData,
        }
    }

    fn members(&mut self) -> &mut Peekable<I::IntoIter> {
        let make = &mut self.make;
        let (members, _) = self.members.get_or_insert_with(|| {
            let members = make().into_iter();
            let total = match members.size_hint() {
                (least, Some(most)) if least == most => Some(most as u64),
                _ => None,
            };
            (members.peekable(), total)
        });
        members
    }
}

impl<C, F, I, W, T> BatchSource<C> for Each<F, I, T>
where
    C: ?Sized,
    F: FnMut() -> I,
    I: IntoIterator<Item = Spec<C, W>>,
    W: Work<C, T> + 'static,
    T: 'static,
{
    type Output = T;
    type Work = W;

    fn has_next(&mut self, _: &mut WorkContext<'_, C>) -> bool {
        self.members().peek().is_some()
    }

    fn next(&mut self, _: &mut WorkContext<'_, C>) -> Spec<C, W> {
        match self.members().next() {
            Some(member) => member,
            None => panic!("`next` is called only after `has_next` has said that there is one"),
        }
    }

    fn reset(&mut self) {
        self.members = None;
    }

    fn total(&self) -> Option<u64> {
        self.members.as_ref().and_then(|&(_, total)| total)
    }
}

impl<F, I: IntoIterator, T> fmt::Debug for Each<F, I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Each")
    }
}
