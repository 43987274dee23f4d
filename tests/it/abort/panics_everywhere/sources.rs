//! Sources that panic when they are deregistered, or dropped.

use super::{Kind, Panics, place, play};
use crate::workbench::{Bench, Bomb, OK, Probe};
use crankwork::{Io, WorkId};
use mio::event::Source;
use mio::{Interest, Poll, Registry, Token};
use std::io;

/// A source that the system knows nothing of.
struct Shaky {
    bomb: Option<Bomb>,
    deregister: Option<Kind>,
}

impl Source for Shaky {
    fn register(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn reregister(&mut self, _: &Registry, _: Token, _: Interest) -> io::Result<()> {
        Ok(())
    }

    fn deregister(&mut self, _: &Registry) -> io::Result<()> {
        assert!(self.bomb.is_some() || self.deregister.is_some());
        self.deregister.map_or(Ok(()), |kind| kind.panic())
    }
}

/// Runs a work that registers the source, and lets go of it in its second turn, or at its end.
fn registering(b: &mut Bench, source: Shaky, lets_go: bool) -> WorkId {
    let poll = Poll::new().unwrap();
    b.s.attach(poll.registry(), 0..10).unwrap();
    let mut source = Some(source);
    let mut held: Option<Io<Shaky>> = None;
    let work = Probe::new(move |cx| {
        let Some(source) = source.take() else {
            if lets_go {
                drop(held.take());
            }
            return OK;
        };
        held = Some(cx.io().register(source, Interest::READABLE).unwrap());
        cx.yield_now()
    });
    let a = b.add("a", work);
    b.run();
    assert_eq!(b.s.sources(), 0);
    a
}

fn dropping(b: &mut Bench, kind: Kind, lets_go: bool) -> Option<WorkId> {
    let source = Shaky {
        bomb: Some(kind.bomb()),
        deregister: None,
    };
    Some(registering(b, source, lets_go))
}

fn dropped(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    dropping(b, kind, true)
}

fn dropped_at_the_end(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    dropping(b, kind, false)
}

fn deregistering(b: &mut Bench, kind: Kind, lets_go: bool) -> Option<WorkId> {
    let source = Shaky {
        bomb: None,
        deregister: Some(kind),
    };
    Some(registering(b, source, lets_go))
}

fn deregistered(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    deregistering(b, kind, true)
}

fn deregistered_at_the_end(b: &mut Bench, kind: Kind) -> Option<WorkId> {
    deregistering(b, kind, false)
}

#[test]
fn l24_sources() {
    play([
        place(dropped, Panics(1)),
        place(dropped_at_the_end, Panics(1)),
        place(deregistered, Panics(1)),
        place(deregistered_at_the_end, Panics(1)),
    ]);
}
