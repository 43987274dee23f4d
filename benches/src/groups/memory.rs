//! P8: heap bytes per work. Counted in a process of its own, since the allocator that counts would slow down the rest.

use super::{Case, Group, How};
use crate::budgets::absolute;
use crate::measure::{Figures, Spread};
use std::collections::BTreeMap;
use std::process::Command;

pub const GROUP: Group = Group {
    name: "memory",
    about: "heap bytes per work with a 16-byte body, to a tokio task; bytes per work",
    cases,
};

/// What the counting program may print, in the order of the table.
pub const ROWS: [&str; 8] = [
    "tokio task",
    "stakker actor",
    "waiting, timer, retry",
    "waiting",
    "pending, 3 dependencies",
    "24-byte name",
    "settled, kept",
    "settled, reaped",
];

fn cases(_: bool) -> Vec<Case> {
    let n = 1_000_000;
    vec![Case {
        name: "bytes",
        n,
        unit: "B",
        budgets: vec![absolute("P8", "waiting, timer, retry", 136.0)],
        how: How::Counted(Box::new(move || count(n))),
    }]
}

fn count(n: u64) -> Result<Vec<Figures>, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| String::from("cargo"));
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let output = Command::new(cargo)
        .args(["run", "--release", "--quiet", "--manifest-path", manifest])
        .args(["--bin", "crankwork-bench-memory", "--", &n.to_string()])
        .output()
        .map_err(|error| format!("cargo cannot be started: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let bytes: BTreeMap<String, f64> =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let base = bytes.get(ROWS[0]).copied().unwrap_or(1.0);
    let exactly = |value: f64| Spread::of(vec![value]);
    let rows = ROWS.iter().filter_map(|&name| {
        let value = *bytes.get(name)?;
        Some(Figures {
            name,
            ratio: exactly(value / base),
            nanos: exactly(value),
        })
    });
    Ok(rows.collect())
}
