//! Catch-ups over real sockets, on loopback.

use crate::baseline;
use crate::common::{EIGHT, SIXTY_FOUR, nth};
use catchup::archive::File;
use catchup::catchup::Settings;
use catchup::maker::Files;
use catchup::run::{Ended, Interrupt, Real, Watch};
use catchup::server::{Faults, Listener, Responder, Shelf};
use catchup::store::{self, Disk, Folder, Memory};
use crankwork::{Backoff, Retry};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A server of these files.
fn serve(files: &Files, faults: Faults) -> Listener {
    let shelf = Shelf::Memory(Arc::new(files.clone()));
    Listener::start(0, Responder::new(shelf, faults)).unwrap()
}

/// Back-offs and patience that suit a test.
fn settings(slots: usize) -> Settings {
    Settings {
        retry: Retry::times(10).with_backoff(Backoff::fixed(Duration::from_millis(20))),
        patience: Duration::from_millis(300),
        measure: true,
        ..Settings::local(slots)
    }
}

fn catch_up(listener: &Listener, disk: Arc<dyn Disk>, settings: Settings) -> Ended {
    catch_up_watched(listener, disk, settings, &mut (), &Interrupt::default())
}

fn catch_up_watched(
    listener: &Listener,
    disk: Arc<dyn Disk>,
    settings: Settings,
    watch: &mut dyn Watch,
    interrupt: &Interrupt,
) -> Ended {
    let ledger = store::saved_ledger(&*disk).unwrap();
    let real = Real {
        settings,
        server: listener.address(),
        disk,
        ledger,
        seed: 1,
    };
    real.run(watch, interrupt).unwrap()
}

#[test]
fn five_seeds_with_faults_end_right_and_no_crank_takes_long() {
    let mut longest = Vec::new();
    for seed in 0..5 {
        let faults = Faults {
            rate: 0.2,
            latency: Duration::ZERO,
            seed,
        };
        let listener = serve(&SIXTY_FOUR.files, faults);
        let folder = tempfile::tempdir().unwrap();
        let disk = Arc::new(Folder::open(folder.path()).unwrap());
        let ended = catch_up(&listener, disk, settings(8));
        assert_eq!(ended.failure, None, "seed {seed}");
        assert_eq!(ended.hash, SIXTY_FOUR.last_hash, "seed {seed}");
        assert!(ended.tally.retries > 0, "seed {seed}");
        longest.push(ended.cranks.longest_cpu);
    }
    // What else this machine does must not fail the test: CPU time, of the run in the middle. A crank that always takes
    // long does so in each of them.
    longest.sort();
    assert!(longest[2] < Duration::from_millis(10), "{longest:?}");
}

#[test]
fn with_latency_it_is_as_fast_as_threads_that_block() {
    const TRIES: usize = 5;
    let faults = Faults {
        latency: Duration::from_millis(20),
        ..Faults::default()
    };
    let mut ratios = Vec::new();
    for _ in 0..TRIES {
        let listener = serve(&SIXTY_FOUR.files, faults);
        let begun = Instant::now();
        let ended = catch_up(&listener, Arc::new(Memory::new()), settings(8));
        let ours = begun.elapsed();
        assert_eq!(ended.hash, SIXTY_FOUR.last_hash);
        let begun = Instant::now();
        let files = baseline::download(listener.address(), 8);
        let theirs = begun.elapsed();
        assert_eq!(files as u64, ended.tally.files);
        println!("{ours:.1?}, {theirs:.1?} with threads that block");
        ratios.push(ours.as_secs_f64() / theirs.as_secs_f64());
        if ratios.iter().any(|ratio| *ratio < 1.15) {
            return;
        }
    }
    panic!(
        "at best within 15 % of threads that block; in {TRIES} tries: {ratios:.2?} times as long"
    );
}

#[test]
fn an_interrupt_ends_it_in_order_and_a_second_run_goes_on() {
    /// Interrupts once some ledgers have been applied.
    struct Impatient<'a>(&'a Interrupt);
    impl Watch for Impatient<'_> {
        fn look(
            &mut self,
            _: &mut crankwork::WorkScheduler<catchup::catchup::App>,
            app: &catchup::catchup::App,
        ) {
            if app.applied() >= nth(1).last() && !self.0.is_raised() {
                self.0.raise();
            }
        }
    }
    let faults = Faults {
        latency: Duration::from_millis(5),
        ..Faults::default()
    };
    let listener = serve(&EIGHT.files, faults);
    let disk: Arc<dyn Disk> = Arc::new(Memory::new());
    let interrupt = Interrupt::default();
    let mut watch = Impatient(&interrupt);
    let ended = catch_up_watched(&listener, disk.clone(), settings(2), &mut watch, &interrupt);
    assert_eq!(ended.failure, None);
    assert!(ended.ledger >= nth(1).last() && ended.ledger < nth(7).last());
    assert_eq!(ended.metrics.forced_aborts, 0);
    assert_eq!(
        ended.recorded, ended.ledger,
        "what was applied is written down"
    );
    let rest = catch_up(&listener, disk, settings(2));
    assert_eq!((rest.failure, rest.hash), (None, EIGHT.last_hash));
    assert_eq!(rest.tally.ledgers, u64::from(511 - ended.ledger));
}

#[test]
fn a_broken_file_stops_it_where_it_is() {
    let mut files = EIGHT.files.clone();
    let file = File::Results(nth(3));
    files.insert(file, files[&File::Results(nth(2))].clone());
    let listener = serve(&files, Faults::default());
    let ended = catch_up(&listener, Arc::new(Memory::new()), settings(4));
    let failure = ended.failure.unwrap();
    assert!(failure.contains(&file.path()), "{failure}");
    assert!(failure.contains("expected hash"), "{failure}");
    assert_eq!(ended.ledger, nth(2).last());
    assert_eq!(ended.recorded, nth(2).last());
}

#[test]
fn a_server_that_is_not_there() {
    let listener = serve(&EIGHT.files, Faults::default());
    let server = listener.address();
    drop(listener);
    let real = Real {
        settings: settings(4),
        server,
        disk: Arc::new(Memory::new()),
        ledger: None,
        seed: 1,
    };
    let ended = real.run(&mut (), &Interrupt::default()).unwrap();
    let failure = ended.failure.unwrap();
    assert!(failure.contains("refused"), "{failure}");
    assert_eq!(ended.tally.attempts, 1);
}
