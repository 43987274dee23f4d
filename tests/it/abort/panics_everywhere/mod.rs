//! L24: whatever of the program's is called or dropped may panic, whatever the panic carries; it stays where it is.
//!
//! Tables of places: at each something panics, and then the scheduler must be as good as new.

mod calls;
mod drops;
mod end;
mod outside;
#[cfg(feature = "mio")]
mod sources;

use crate::workbench::{Bench, Bomb, ON_PURPOSE, Probe, Turn, done, quiet_panics, secs};
use crankwork::{Failure, Spec, WorkId, WorkSchedulerConfig, WorkState};
use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

/// What a panic carries.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// A text.
    Ordinary,
    /// A value whose drop panics.
    Payload,
    /// A value whose drop panics with such a value again, for ever.
    Endless,
}

const KINDS: [Kind; 3] = [Kind::Ordinary, Kind::Payload, Kind::Endless];

impl Kind {
    fn panic(self) -> ! {
        match self {
            Kind::Ordinary => panic!("{ON_PURPOSE}"),
            Kind::Payload => panic_any(Bomb(0)),
            Kind::Endless => panic_any(Bomb(u32::MAX)),
        }
    }

    /// A value whose drop panics so.
    fn bomb(self) -> Bomb {
        Bomb(match self {
            Kind::Ordinary => 0,
            Kind::Payload => 1,
            Kind::Endless => u32::MAX,
        })
    }

    /// An error whose drop panics so.
    fn error(self) -> Failure {
        Failure::new(BadError(self.bomb()))
    }

    fn fail(self) -> Turn {
        Poll::Ready(Err(self.error()))
    }

    fn fuse(self) -> Fuse {
        Fuse(AtomicBool::new(false), self)
    }
}

struct BadError(#[expect(unused)] Bomb);

impl fmt::Debug for BadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bad")
    }
}

impl fmt::Display for BadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bad")
    }
}

impl std::error::Error for BadError {}

/// Panics once.
struct Fuse(AtomicBool, Kind);

impl Fuse {
    fn burn(&self) {
        if !self.0.swap(true, Ordering::Relaxed) {
            self.1.panic();
        }
    }
}

/// How many panics are counted as what, those of payloads aside.
#[derive(Clone, Copy)]
enum Counted {
    Panics(u64),
    Callbacks(u64),
}
use Counted::{Callbacks, Panics};

/// Lets something panic; the work that this concerns, if it is still there at the end.
type Act = fn(&mut Bench, Kind) -> Option<WorkId>;

/// Its name, what happens there, how the work ends, and where the panic is counted.
type Place = (&'static str, Act, WorkState, Counted);

fn config() -> WorkSchedulerConfig {
    let config = WorkSchedulerConfig::default();
    config.max_concurrency(1).retry_delay(secs(10)).events(100)
}

/// Fails the test unless the panics of all places stay where they are; names those that do not.
fn check(places: &[Place]) {
    quiet_panics();
    let mut wrong = Vec::new();
    for place in places {
        for kind in KINDS {
            let mut bench = ManuallyDrop::new(Bench::new(config()));
            let test = AssertUnwindSafe(|| check_one(&mut bench, place, kind));
            match catch_unwind(test) {
                Ok(()) => drop(ManuallyDrop::into_inner(bench)),
                Err(payload) => {
                    let text = payload.downcast_ref::<String>().cloned();
                    let text = text.unwrap_or_else(|| String::from("the panic came through"));
                    std::mem::forget(payload);
                    wrong.push(format!("{}, {kind:?}: {text}", place.0));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn check_one(b: &mut Bench, &(_, act, ends, counted): &Place, kind: Kind) {
    let work = act(b, kind);
    let other = b.add("other", done());
    let after = work.map(|work| b.add_spec(Spec::new("after", done()).after_settled(work)));
    b.run();
    if let Some(work) = work {
        assert_eq!(b.state(work), ends);
    }
    for id in [Some(other), after].into_iter().flatten() {
        // `None` where nothing is retained.
        assert!(
            b.s.state(id)
                .is_none_or(|state| state == WorkState::Success)
        );
    }
    assert_eq!(b.s.metrics().unsettled(), 0);
    check_counts(b, counted, kind);
    // Its permit is free, and the scheduler goes on.
    let before = b.s.metrics().success;
    b.add("last", Probe::new(|cx| cx.sleep(secs(1)).map(Ok)));
    b.run();
    assert_eq!(b.s.metrics().success, before + 1);
    b.s.audit().unwrap();
}

fn check_counts(b: &mut Bench, counted: Counted, kind: Kind) {
    // Events share the failures that they carry.
    while b.s.poll_event().is_some() {}
    let metrics = b.s.metrics();
    let (panics, callbacks) = match counted {
        Panics(panics) => (panics, 0),
        Callbacks(panics) => (0, panics),
    };
    let found = (metrics.panics, metrics.callback_panics);
    let all = found.0 + found.1;
    match kind {
        Kind::Ordinary => assert_eq!(found, (panics, callbacks), "(panics, callback_panics)"),
        Kind::Payload => assert_eq!(all, panics + callbacks + 1, "panics of both counts"),
        Kind::Endless => assert!((2..20).contains(&all), "{all} panics"),
    }
}
