//! Helpers that the tests share.

use catchup::archive::{Checkpoint, File, gzip};
use catchup::catchup::Settings;
use catchup::maker::{self, Files, Made};
use catchup::run::{Ended, Simulation};
use catchup::server::Faults;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// An archive of eight checkpoints, made once.
pub static EIGHT: LazyLock<Made> = LazyLock::new(|| maker::make(8, 1));

/// One of 64.
pub static SIXTY_FOUR: LazyLock<Made> = LazyLock::new(|| maker::make(64, 1));

/// Faults at this rate.
pub fn faults(rate: f64, seed: u64) -> Faults {
    Faults {
        rate,
        latency: Duration::from_millis(5),
        seed,
    }
}

/// These files with faults, simulated.
pub fn simulation(files: &Files, rate: f64, seed: u64) -> Simulation {
    Simulation::new(
        Arc::new(files.clone()),
        Settings::local(4),
        faults(rate, seed),
    )
}

/// Returns the result of these files without faults.
pub fn catch_up(files: &Files) -> Ended {
    simulation(files, 0.0, 1).run(false).unwrap().ended
}

/// The checkpoint with this number, from 0.
pub fn nth(index: u32) -> Checkpoint {
    Checkpoint::nth(index)
}

/// The eight checkpoints with one file changed, once it is unpacked.
pub fn with_changed(file: File, change: impl FnOnce(&mut [u8])) -> Files {
    let mut files = EIGHT.files.clone();
    let packed = &files[&file];
    let mut bytes = match file.is_packed() {
        true => gzip::unpack(packed, usize::MAX - 1).unwrap(),
        false => packed.clone(),
    };
    change(&mut bytes);
    let changed = match file.is_packed() {
        true => gzip::pack(&bytes),
        false => bytes,
    };
    files.insert(file, changed);
    files
}

/// Flips a bit this many bytes before the end.
pub fn flip_from_end(bytes: &mut [u8], back: usize) {
    let at = bytes.len() - back;
    bytes[at] ^= 4;
}

/// Flips a bit in the middle.
pub fn flip(bytes: &mut [u8]) {
    let middle = bytes.len() / 2;
    bytes[middle] ^= 4;
}
