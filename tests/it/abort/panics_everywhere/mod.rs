//! L24: any code of the program that is called, and any value that is dropped, may panic with any payload. The panic
//! stays where it is.
//!
//! Each test plays a table of places. At each place something panics, and then the scheduler must be as good as new.

mod calls;
mod drops;
mod end;
mod outside;
#[cfg(feature = "mio")]
mod sources;

use crate::on_purpose::noted;
use crate::units::secs;
use crate::workbench::{Bench, Bomb, OK, ON_PURPOSE, Probe, Turn, done};
use crankwork::{Failure, Spec, WorkId, WorkSchedulerConfig, WorkState};
use std::any::type_name;
use std::fmt;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

/// The payload of a panic.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    /// A text.
    Ordinary,
    /// A value whose drop panics.
    Payload,
    /// A value whose drop panics with a payload of this kind again, for ever.
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

/// A closure that holds a value whose drop panics so, and does nothing.
fn holder(kind: Kind) -> impl Fn() + Send + Sync + 'static {
    let bomb = kind.bomb();
    move || _ = &bomb
}

/// Starts a job in its first turn, keeps the ticket, and sleeps.
fn busy<R: Send + 'static>(job: impl FnOnce() -> R + Send + 'static) -> Probe {
    let mut job = Some(job);
    let mut ticket = None;
    Probe::new(move |cx| {
        if let Some(job) = job.take() {
            ticket = Some(cx.offload(job));
        }
        match &ticket {
            Some(_) => Poll::Pending,
            None => OK,
        }
    })
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

/// The counter that counts the panics, and how many; the panics of payloads come on top.
#[derive(Clone, Copy)]
enum Counted {
    Panics(u64),
    Callbacks(u64),
}
use Counted::{Callbacks, Panics};

type Act = dyn Fn(&mut Bench, Kind) -> Option<WorkId>;

/// A row of a table: where something panics, and what must come of it.
struct Place {
    /// The name of the function that lets it happen.
    name: &'static str,
    act: Box<Act>,
    ends: WorkState,
    counted: Counted,
}

/// A place where `act` lets something panic. It returns the work that this concerns, if that is still there at the end.
/// The work succeeds, unless the row says how it [ends](Place::ends).
fn place<A>(act: A, counted: Counted) -> Place
where
    A: Fn(&mut Bench, Kind) -> Option<WorkId> + 'static,
{
    Place {
        name: type_name::<A>(),
        act: Box::new(act),
        ends: WorkState::Success,
        counted,
    }
}

impl Place {
    fn ends(mut self, state: WorkState) -> Place {
        self.ends = state;
        self
    }
}

fn config() -> WorkSchedulerConfig {
    let config = WorkSchedulerConfig::default();
    config.max_concurrency(1).retry_delay(secs(10)).events(100)
}

/// Plays a table, each row with each kind of panic. The test fails, and names the rows, unless all panics stay where
/// they are.
fn play<const N: usize>(places: [Place; N]) {
    let rows = places
        .iter()
        .flat_map(|place| KINDS.map(|kind| (place, kind)));
    let wrong: Vec<String> = rows
        .filter_map(|(place, kind)| {
            let why = play_one(place, kind).err()?;
            Some(format!("{}, {kind:?}: {why}", place.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn play_one(place: &Place, kind: Kind) -> Result<(), String> {
    // A bench whose test has failed is kept: its drop might panic again.
    let mut bench = ManuallyDrop::new(Bench::new(config()));
    let test = AssertUnwindSafe(|| check(&mut bench, place, kind));
    let Err(payload) = catch_unwind(test) else {
        drop(ManuallyDrop::into_inner(bench));
        return Ok(());
    };
    std::mem::forget(payload);
    Err(noted().unwrap_or_else(|| String::from("the panic came through")))
}

fn check(b: &mut Bench, place: &Place, kind: Kind) {
    let work = (place.act)(b, kind);
    let other = b.add("other", done());
    let after = work.map(|work| b.add_spec(Spec::new("after", done()).after_settled(work)));
    b.run();
    if let Some(work) = work {
        assert_eq!(b.state(work), place.ends);
    }
    for id in [Some(other), after].into_iter().flatten() {
        // `None` where nothing is retained.
        assert!(
            b.s.state(id)
                .is_none_or(|state| state == WorkState::Success)
        );
    }
    assert_eq!(b.s.metrics().unsettled(), 0);
    check_counts(b, place.counted, kind);
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
