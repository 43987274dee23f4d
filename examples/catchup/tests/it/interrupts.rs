//! Interrupts of jobs that would go on for long: they look whether they are to end.

use crate::common::{EIGHT, nth};
use catchup::archive::File;
use catchup::catchup::{App, Settings};
use catchup::run::{Interrupt, Real, Watch};
use catchup::server::{Faults, Listener, Responder, Shelf};
use catchup::store::{Disk, Item, Memory};
use crankwork::{Time, WorkScheduler};
use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// A disk from which one kind of file comes very slowly.
struct Slow {
    disk: Memory,
    is_slow: fn(File) -> bool,
    /// Whether it has begun to come.
    begun: Arc<AtomicBool>,
}

impl Disk for Slow {
    fn read(&self, item: Item) -> io::Result<Option<Vec<u8>>> {
        self.disk.read(item)
    }

    fn open(&self, item: Item) -> io::Result<Option<Box<dyn BufRead>>> {
        let opened = self.disk.open(item)?;
        Ok(opened.map(|bytes| match item {
            Item::File(file) if (self.is_slow)(file) => {
                let begun = self.begun.clone();
                Box::new(Trickle { bytes, begun }) as Box<dyn BufRead>
            }
            _ => bytes,
        }))
    }

    fn write(&self, item: Item, bytes: &[u8]) -> io::Result<()> {
        self.disk.write(item, bytes)
    }

    fn remove(&self, item: Item) -> io::Result<()> {
        self.disk.remove(item)
    }
}

/// Ten bytes at a time, and twenty times a second: a file of some thousand bytes takes a minute.
struct Trickle {
    bytes: Box<dyn BufRead>,
    begun: Arc<AtomicBool>,
}

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(buffer)?;
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Trickle {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.begun.store(true, Ordering::Relaxed);
        thread::sleep(Duration::from_millis(50));
        let bytes = self.bytes.fill_buf()?;
        Ok(&bytes[..bytes.len().min(10)])
    }

    fn consume(&mut self, length: usize) {
        self.bytes.consume(length);
    }
}

/// Interrupts as soon as the slow file has begun to come.
struct Impatient<'a> {
    interrupt: &'a Interrupt,
    begun: Arc<AtomicBool>,
    interrupted: Option<Instant>,
    next: Time,
}

impl Watch for Impatient<'_> {
    fn look(&mut self, scheduler: &mut WorkScheduler<App>, _: &App) {
        self.next = scheduler.now().saturating_add(Duration::from_millis(10));
        if self.begun.load(Ordering::Relaxed) && self.interrupted.is_none() {
            self.interrupted = Some(Instant::now());
            self.interrupt.raise();
        }
    }

    fn next(&self) -> Option<Time> {
        Some(self.next)
    }
}

#[test]
fn jobs_end_when_they_are_told_to() {
    // The first is read by apply, the second by the comparison: neither was kept when its download looked for it.
    let slow: [fn(File) -> bool; 2] = [
        |file| file == File::Results(nth(0)),
        |file| matches!(file, File::Bucket(_)),
    ];
    for is_slow in slow {
        let shelf = Shelf::Memory(Arc::new(EIGHT.files.clone()));
        let listener = Listener::start(0, Responder::new(shelf, Faults::default())).unwrap();
        let begun = Arc::new(AtomicBool::new(false));
        let disk = Slow {
            disk: Memory::new(),
            is_slow,
            begun: begun.clone(),
        };
        let real = Real {
            settings: Settings::local(4),
            server: listener.address(),
            disk: Arc::new(disk),
            ledger: None,
            seed: 1,
        };
        let interrupt = Interrupt::default();
        let mut watch = Impatient {
            interrupt: &interrupt,
            begun,
            interrupted: None,
            next: Time::ZERO,
        };
        let ended = real.run(&mut watch, &interrupt).unwrap();
        let took = watch.interrupted.unwrap().elapsed();
        assert!(!ended.complete);
        assert_eq!(ended.metrics.forced_aborts, 0);
        assert!(took < Duration::from_secs(4), "{took:?}");
    }
}
