//! Tests that measure memory: each in a process of its own, where nothing else allocates.

use peak_alloc::PeakAlloc;
use std::env;
use std::process::Command;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Says which test a process is for.
const ALONE: &str = "CATCHUP_TEST_ALONE";

/// Runs the body of a test in a process of its own: this one, started again for that test and no other. `test` is the
/// test's path.
///
/// # Panics
/// If the test fails there.
pub fn alone(test: &str, body: impl FnOnce()) {
    if env::var(ALONE).is_ok_and(|alone| alone == test) {
        return body();
    }
    let output = Command::new(env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads", "1"])
        .env(ALONE, test)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    println!("{stdout}");
    assert!(
        stdout.contains("1 passed"),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The most memory that was in use since it began, beyond what was then.
pub struct Peak(usize);

impl Peak {
    /// Begins.
    pub fn begin() -> Peak {
        ALLOCATOR.reset_peak_usage();
        Peak(ALLOCATOR.current_usage())
    }

    /// In bytes.
    pub fn bytes(&self) -> usize {
        ALLOCATOR.peak_usage().saturating_sub(self.0)
    }
}
