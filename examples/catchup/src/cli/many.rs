//! Simulated runs: one, or many with different seeds, on all processors, one scheduler each.

use super::{Args, Problem, Source, failed, faults, files, print, report, settings};
use crate::report::{Many, Summary, peak_memory};
use crate::run::{Simulated, Simulation};
use indicatif::ProgressBar;
use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// The latency of the simulated server unless something else is asked for.
const LATENCY: Duration = Duration::from_millis(20);

/// Runs what the options say.
pub fn run(args: &Args, source: &Source) -> Result<(), Problem> {
    let folder = match source {
        Source::Folder(path) => Some(path.as_path()),
        Source::Made | Source::Http(_) => None,
    };
    let (files, expected) = files(args, folder)?;
    let simulate = |seed: u64| {
        let mut faults = faults(args, LATENCY);
        faults.seed = seed;
        Simulation::new(Arc::clone(&files), settings(args), faults)
            .run(false)
            .map_err(failed)
    };
    let Some(runs) = args.runs else {
        let Simulated {
            ended, events_hash, ..
        } = simulate(args.seed)?;
        let summary = Summary {
            ended,
            interrupted: false,
            costs: None,
            kept: None,
            peak_memory: peak_memory(),
            events: Some(format!("the hash of their log is {events_hash}")),
        };
        return report(args, &summary);
    };
    let begun = Instant::now();
    let runs = on_all_processors(args.seed, runs.into(), args.quiet, &simulate)?;
    let many = Many {
        runs,
        expected,
        wall: begun.elapsed(),
    };
    print(&match (args.json, args.quiet) {
        (true, _) => many.json(),
        (false, true) => many.line(),
        (false, false) => many.text(),
    })?;
    match many.all_right() {
        true => Ok(()),
        false => Err(failed("not all simulated runs ended right")),
    }
}

/// All runs, by seed. Which thread does which does not matter: they share nothing but the archive.
fn on_all_processors(
    first: u64,
    runs: u64,
    quiet: bool,
    simulate: &(impl Fn(u64) -> Result<Simulated, Problem> + Sync),
) -> Result<Vec<(u64, Simulated)>, Problem> {
    let bar = match quiet {
        true => ProgressBar::hidden(),
        false => ProgressBar::new(runs),
    };
    let next = AtomicU64::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let nth = next.fetch_add(1, Ordering::Relaxed);
            if nth >= runs {
                return Ok(done);
            }
            let seed = first.wrapping_add(nth);
            done.push((nth, seed, simulate(seed)?));
            bar.inc(1);
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let mut all = Vec::new();
    thread::scope(|scope| -> Result<(), Problem> {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            let done: Result<Vec<_>, Problem> =
                thread.join().map_err(|_| failed("a simulation panicked"))?;
            all.extend(done?);
        }
        Ok(())
    })?;
    bar.finish_and_clear();
    all.sort_by_key(|(nth, ..)| *nth);
    Ok(all.into_iter().map(|(_, seed, run)| (seed, run)).collect())
}
