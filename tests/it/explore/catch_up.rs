//! The works of the example `catchup` in small: files are fetched with retries, verified in order, and applied in
//! order.
//!
//! The fuzz target `orders` plays it, too.

use crankwork::compose::{BatchWork, Chain, ConditionalWork};
use crankwork::explore::{Sim, World, bytes};
use crankwork::{
    Backoff, Failure, Retry, Spec, Work, WorkContext, WorkId, WorkScheduler, WorkSchedulerConfig,
};
use std::task::{Poll, ready};
use std::time::Duration;

/// The number of files.
const FILES: usize = 4;

/// How many permits there are, and how many files are fetched at a time.
const WIDTH: usize = 2;

/// How often the fetch of each file may fail, which is how often it is tried again.
const FAILURES: u32 = 2;

const SHORT: Duration = Duration::from_millis(10);

/// What the works write down.
#[derive(Default)]
pub struct App {
    fetched: [bool; FILES],
    /// Files that have been verified, in that order.
    verified: Vec<usize>,
    /// Files that have been applied, in that order.
    applied: Vec<usize>,
    recorded: Option<usize>,
}

type Cx<'a> = WorkContext<'a, App>;
type Answer = Poll<Result<(), Failure>>;

/// Whether a file is applied only after it has been verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Care {
    Takes,
    #[allow(dead_code)] // The fuzz target has no use for it.
    Forgets,
}

/// Plays the catch-up in the order that the bytes say.
pub fn check(data: &[u8]) {
    bytes(data, |sim| catch_up(sim, Care::Takes));
}

/// Adds the works, and says what holds in every order.
pub fn catch_up(sim: &mut Sim, care: Care) {
    let config = WorkSchedulerConfig::default()
        .max_concurrency(WIDTH)
        .catch_panics(false);
    let node = sim.node_with("catch-up", App::default(), config);
    let work = sim.work(node);
    add(
        work,
        "fetch",
        BatchWork::each(WIDTH, || (0..FILES).map(fetch)),
    );
    let (mut verify, mut apply) = (Chain::new(), Chain::new());
    for file in 0..FILES {
        let gate = ConditionalWork::new(
            move |app: &mut App| app.fetched[file],
            move || Spec::new("look", self::verify(file)),
        );
        let gate = Spec::new(format!("verify {file}"), gate.poll_every(SHORT));
        verify.push(work, gate).expect("there is room");
        let spec = Spec::new(format!("apply {file}"), self::apply(file));
        let spec = match care {
            Care::Takes => spec.after(last(&verify)),
            Care::Forgets => spec,
        };
        apply.push(work, spec).expect("there is room");
    }
    let record = Spec::new("record", record()).after(last(&apply));
    work.add(record).expect("there is room");

    let app = move |world: &World<'_>, holds: fn(&App) -> bool| holds(world.app(node));
    sim.always("verified in order", move |world| {
        app(world, |app| {
            app.verified.iter().copied().eq(0..app.verified.len())
        })
    });
    sim.always("applied in order", move |world| {
        app(world, |app| {
            app.applied.iter().copied().eq(0..app.applied.len())
        })
    });
    sim.always("verified before applied", move |world| {
        app(world, |app| app.applied.len() <= app.verified.len())
    });
    sim.eventually("all applied and recorded", move |world| {
        app(world, |app| app.recorded == Some(FILES))
    });
}

fn add(work: &mut WorkScheduler<App>, name: &'static str, one: impl Work<App> + 'static) {
    work.add(Spec::new(name, one)).expect("there is room");
}

fn last(chain: &Chain) -> WorkId {
    *chain.ids().last().expect("a work has been added")
}

/// Fetches a file. The answer comes at once, late or not at all.
fn fetch(file: usize) -> Spec<App, impl Work<App>> {
    let (mut failures, mut late) = (0, false);
    let work = move |cx: &mut Cx<'_>| -> Answer {
        if !late {
            let answers = if failures < FAILURES { 3 } else { 2 };
            match cx.choose("answer", answers) {
                0 => {}
                1 => late = true,
                _ => {
                    failures += 1;
                    return Poll::Ready(Err(Failure::msg("no answer")));
                }
            }
        }
        if late {
            ready!(cx.sleep(SHORT));
        }
        cx.app.fetched[file] = true;
        Poll::Ready(Ok(()))
    };
    let retry = Retry::times(FAILURES).with_backoff(Backoff::fixed(SHORT));
    Spec::new(format!("file {file}"), work).retry(retry)
}

/// Looks at a file in two turns.
fn verify(file: usize) -> impl FnMut(&mut Cx<'_>) -> Answer {
    let mut looked = false;
    move |cx| {
        assert!(cx.app.fetched[file], "file {file} is not there");
        if !std::mem::replace(&mut looked, true) {
            return cx.yield_now();
        }
        cx.app.verified.push(file);
        Poll::Ready(Ok(()))
    }
}

/// Applies a file: reads what has been applied in one turn, and adds to it in the next.
fn apply(file: usize) -> impl FnMut(&mut Cx<'_>) -> Answer {
    let mut read = None;
    move |cx| match read.take() {
        None => {
            read = Some(cx.app.applied.clone());
            cx.yield_now()
        }
        Some(mut applied) => {
            applied.push(file);
            cx.app.applied = applied;
            Poll::Ready(Ok(()))
        }
    }
}

/// Writes down how far the catch-up has come.
fn record() -> impl FnMut(&mut Cx<'_>) -> Answer {
    |cx| {
        cx.app.recorded = Some(cx.app.applied.len());
        Poll::Ready(Ok(()))
    }
}
