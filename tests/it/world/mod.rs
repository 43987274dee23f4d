//! The world outside the main thread: offloaded closures, sockets.

mod inbox;
#[cfg(feature = "mio")]
mod mio;
mod offload;

use std::process::Command;

const ALONE: &str = "CRANKWORK_TEST_ALONE";

/// Runs `test` in a process of its own, where no other test opens descriptors or starts children. `name` is the path of
/// the test that calls this.
#[cfg(target_os = "linux")]
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

/// How many descriptors this process has open.
#[cfg(target_os = "linux")]
fn open_descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}
