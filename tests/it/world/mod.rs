//! The world outside the main thread: other threads, offloaded closures, sockets, child processes.

mod inbox;
#[cfg(feature = "mio")]
mod mio;
mod offload;
mod pins;
// They look into /proc.
#[cfg(all(target_os = "linux", feature = "mio", feature = "process"))]
mod process;

#[cfg(all(target_os = "linux", feature = "mio"))]
use std::process::Command;

#[cfg(all(target_os = "linux", feature = "mio"))]
const ALONE: &str = "CRANKWORK_TEST_ALONE";

/// Runs `test` in a process of its own, where no other test opens descriptors or starts children. `name` is the path of
/// the test that calls this.
#[cfg(all(target_os = "linux", feature = "mio"))]
fn alone(name: &str, test: impl FnOnce()) {
    if std::env::var(ALONE).as_deref() == Ok(name) {
        return test();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--nocapture"])
        .env(ALONE, name)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("1 passed"), "{said}");
}

/// Returns how many descriptors this process has open.
#[cfg(all(target_os = "linux", feature = "mio"))]
fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}
