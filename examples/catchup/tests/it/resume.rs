//! A second run goes on where the first ended, however it ended.

use crate::common::{EIGHT, flip, nth, simulation};
use catchup::archive::File;
use catchup::maker;
use catchup::run::{Ended, Simulation};
use catchup::store::{self, Disk, Item, Memory};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

fn run_on(disk: &Arc<Memory>, change: impl FnOnce(&mut Simulation)) -> Ended {
    let mut run = simulation(&EIGHT.files, 0.0, 1);
    run.disk = disk.clone();
    change(&mut run);
    run.run(false).unwrap().ended
}

#[test]
fn what_is_there_is_not_downloaded_again() {
    let disk = Arc::new(Memory::new());
    let broken = run_on(&disk, |run| {
        let mut files = EIGHT.files.clone();
        files.remove(&File::Transactions(nth(5)));
        run.files = Arc::new(files);
    });
    assert_eq!(broken.ledger, nth(4).last());
    let rest = run_on(&disk, |_| ());
    assert_eq!((rest.failure, rest.hash), (None, EIGHT.last_hash));
    assert_eq!(rest.tally.ledgers, 3 * 64);
    // The two states and the last header, which no hash protects, and what is missing.
    let packed = rest.tally.files - 3;
    assert!(packed <= 6, "{packed}");
    assert!(rest.tally.kept > 3, "{}", rest.tally.kept);
    let nothing = run_on(&disk, |_| ());
    assert_eq!((nothing.failure, nothing.hash), (None, EIGHT.last_hash));
    assert_eq!(nothing.tally.ledgers, 0);
}

#[test]
fn what_has_rotten_is_downloaded_anew() {
    let disk = Arc::new(Memory::new());
    run_on(&disk, |run| run.settings.checkpoints = Some(2));
    let item = Item::File(File::Transactions(nth(1)));
    disk.remove(Item::Ledger).unwrap();
    let mut bytes = disk.read(item).unwrap().unwrap();
    let good = bytes.clone();
    flip(&mut bytes);
    disk.write(item, &bytes).unwrap();
    let again = run_on(&disk, |run| run.settings.checkpoints = Some(2));
    assert_eq!((again.failure, again.ledger), (None, 127));
    // The two states, the last header and this file.
    assert_eq!(again.tally.files, 4);
    assert_eq!(disk.read(item).unwrap().unwrap(), good);
}

/// A disk whose process dies: after this many writes nothing is written any more.
struct Dying {
    disk: Arc<Memory>,
    left: AtomicUsize,
}

impl Disk for Dying {
    fn read(&self, item: Item) -> io::Result<Option<Vec<u8>>> {
        self.disk.read(item)
    }

    fn write(&self, item: Item, bytes: &[u8]) -> io::Result<()> {
        let less = |left: usize| left.checked_sub(1);
        match self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less)
        {
            Ok(_) => self.disk.write(item, bytes),
            Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn remove(&self, item: Item) -> io::Result<()> {
        self.disk.remove(item)
    }
}

#[test]
fn a_process_that_dies_after_any_write_loses_nothing_written() {
    let mut deaths = 0;
    for writes in 0.. {
        let disk = Arc::new(Memory::new());
        let mut dying = simulation(&EIGHT.files, 0.1, 1);
        dying.disk = Arc::new(Dying {
            disk: disk.clone(),
            left: AtomicUsize::new(writes),
        });
        if dying.run(false).unwrap().ended.failure.is_none() {
            break;
        }
        deaths += 1;
        let written = store::saved_ledger(&*disk).unwrap();
        let written = written.map_or(0, |ledger| ledger.ledger);
        let rest = run_on(&disk, |_| ());
        assert_eq!((rest.failure, rest.hash), (None, EIGHT.last_hash));
        assert_eq!(rest.tally.ledgers, u64::from(511 - written));
    }
    // One for each file at least.
    assert!(deaths > 30, "{deaths}");
}

#[test]
fn a_ledger_of_another_archive_is_not_gone_on_with() {
    let disk = Arc::new(Memory::new());
    run_on(&disk, |run| run.settings.checkpoints = Some(2));
    let other = maker::make(4, 9);
    let ended = run_on(&disk, |run| run.files = Arc::new(other.files));
    let failure = ended.failure.unwrap();
    assert!(failure.contains("is it of the same archive?"), "{failure}");
    assert!(failure.contains("ledger 127"), "{failure}");
    assert_eq!(ended.ledger, 127);
}

#[test]
fn a_written_ledger_that_cannot_be_read_is_said_so() {
    let disk = Memory::new();
    disk.write(Item::Ledger, b"{").unwrap();
    let error = store::saved_ledger(&disk).unwrap_err().to_string();
    assert!(
        error.contains("ledger.json") && error.contains("remove it"),
        "{error}"
    );
}
