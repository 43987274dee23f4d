//! How far a curve goes: to where a size would take too long, or more memory than there is.

use std::time::Duration;

/// Sizes up to this are never too long.
const ALWAYS: u64 = 1_000_000;

/// What a larger one may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// More than a work or timer takes, by hand and ours together, with its edges.
const BYTES_EACH: u64 = 800;

/// Why a size is left out, if it is; `last` is the size before and what it took.
pub fn reason(n: u64, last: Option<(u64, Duration)>) -> Option<String> {
    too_long(n, last).or_else(|| too_large(n, available()))
}

fn too_long(n: u64, last: Option<(u64, Duration)>) -> Option<String> {
    let (smaller, took) = last?;
    let expected = took.mul_f64(n as f64 / smaller as f64);
    (n > ALWAYS && expected > PATIENCE)
        .then(|| format!("it would take some {} s", expected.as_secs()))
}

fn too_large(n: u64, available: Option<u64>) -> Option<String> {
    let available = available?;
    (n.saturating_mul(BYTES_EACH) > available)
        .then(|| format!("{} MB may not be enough memory", available >> 20))
}

/// Bytes of memory to be had, where the system says so.
fn available() -> Option<u64> {
    parse(&std::fs::read_to_string("/proc/meminfo").ok()?)
}

fn parse(meminfo: &str) -> Option<u64> {
    let mut lines = meminfo.lines();
    let amount = lines.find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kilobytes: u64 = amount.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_long_is_not_done_with_ten_times_as_much() {
        let took = |seconds| Some((1_000_000, Duration::from_secs(seconds)));
        assert_eq!(too_long(10_000_000, None), None);
        assert_eq!(too_long(10_000_000, took(6)), None);
        let reason = too_long(10_000_000, took(7)).unwrap();
        assert_eq!(reason, "it would take some 70 s");
        let slow = Some((100_000, Duration::from_secs(7)));
        assert_eq!(too_long(1_000_000, slow), None);
    }

    #[test]
    fn what_may_not_fit_is_not_done() {
        assert_eq!(too_large(1_000_000, None), None);
        assert_eq!(too_large(1_000_000, Some(800_000_000)), None);
        assert!(too_large(1_000_001, Some(800_000_000)).is_some());
    }

    #[test]
    fn meminfo_is_in_kilobytes() {
        let text = "MemTotal:       24 kB\nMemAvailable:   16384 kB\nBuffers: 1 kB\n";
        assert_eq!(parse(text), Some(16_384 * 1024));
        assert_eq!(parse("MemTotal: 24 kB\n"), None);
    }
}
