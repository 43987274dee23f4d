//! The main loop, and what a run came to.

use crate::archive::Hash;
use crate::catchup::{App, Stage, StageCount, Tally};
use cpu_time::ThreadTime;
use crankwork::{Budget, Driver, Next, Time, WorkScheduler, WorkSchedulerMetrics};
use std::time::{Duration, Instant};

/// So many turns in one crank; then the loop looks around.
const TURNS_PER_CRANK: u64 = 64;

/// Looks on while a catch-up runs.
pub trait Watch {
    /// After a crank.
    fn look(&mut self, scheduler: &mut WorkScheduler<App>, app: &App);

    /// When it wants to look again, even if nothing happens.
    fn next(&self) -> Option<Time> {
        None
    }
}

/// Does not look.
impl Watch for () {
    fn look(&mut self, _: &mut WorkScheduler<App>, _: &App) {}
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Whether everything has been done.
    pub complete: bool,
    /// Why it did not come to its end, in one line.
    pub failure: Option<String>,
    /// The last ledger applied; 0 is none.
    pub ledger: u32,
    /// The hash of its header.
    pub hash: Hash,
    /// The last ledger that is written down; 0 is none.
    pub recorded: u32,
    /// The last ledger that was to be applied, if that came to be known.
    pub target: Option<u32>,
    /// What was done.
    pub tally: Tally,
    /// How far each stage came.
    pub stages: [StageCount; Stage::ALL.len()],
    /// The scheduler's counters.
    pub metrics: WorkSchedulerMetrics,
    /// How long it took, by the driver's clock.
    pub elapsed: Duration,
    /// Cranks, and what they took in real time.
    pub cranks: Cranks,
}

/// What cranks took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cranks {
    /// How many.
    pub count: u64,
    /// The longest, in real time.
    pub longest: Duration,
    /// CPU time of all together, if it is measured.
    pub cpu: Duration,
    /// CPU time of the one that took most, if it is measured.
    pub longest_cpu: Duration,
    /// CPU time of the works' own turns, if it is measured.
    pub in_works: Duration,
}

impl Cranks {
    fn measured<R>(&mut self, with_cpu: bool, crank: impl FnOnce() -> R) -> R {
        let cpu = with_cpu.then(ThreadTime::now);
        let begun = Instant::now();
        let result = crank();
        self.count += 1;
        self.longest = self.longest.max(begun.elapsed());
        let cpu = cpu.map_or(Duration::ZERO, |cpu| cpu.elapsed());
        self.cpu += cpu;
        self.longest_cpu = self.longest_cpu.max(cpu);
        result
    }
}

/// Cranks until all works have settled.
pub fn crank_to_end(
    scheduler: &mut WorkScheduler<App>,
    app: &mut App,
    driver: &mut (impl Driver + ?Sized),
    watch: &mut dyn Watch,
) -> Ended {
    let start = driver.now();
    let mut cranks = Cranks::default();
    if app.settings.measure {
        let begun = ThreadTime::now();
        scheduler.set_clock(move || Time::ZERO + begun.elapsed());
    }
    let stalled = loop {
        let (now, budget) = (driver.now(), Budget::turns(TURNS_PER_CRANK));
        let crank = cranks.measured(app.settings.measure, || {
            scheduler.crank_work(now, app, budget)
        });
        watch.look(scheduler, app);
        let goes_on = match crank.next {
            Next::Now => {
                driver.look();
                true
            }
            Next::Idle => break None,
            Next::Stalled => false,
            Next::At(at) => driver.wait(Some(watch.next().map_or(at, |look| look.min(at)))),
            Next::External => driver.wait(watch.next()),
        };
        if !goes_on {
            break Some(scheduler.stall_report().to_string());
        }
    };
    if let Some(turns) = scheduler.wall_time() {
        cranks.in_works = turns.total;
    }
    let failure = app.first_failure.as_ref().map(|(_, failure)| failure);
    Ended {
        complete: app.complete,
        failure: stalled.or_else(|| failure.map(|failure| failure.root().to_string())),
        ledger: app.applied(),
        hash: app.ledger.as_ref().map_or(Hash::ZERO, |ledger| ledger.hash),
        recorded: app.recorded,
        target: app.target.as_ref().map(|target| target.checkpoint.last()),
        tally: app.tally.clone(),
        stages: app.stages,
        metrics: scheduler.metrics(),
        elapsed: driver.now().saturating_since(start),
        cranks,
    }
}
