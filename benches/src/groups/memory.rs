//! P8: heap bytes per work. Counted in a process of its own, since the allocator that counts would slow down the rest.

use super::{Case, Group, How};
use crate::budgets::absolute;
use crate::measure::Figures;
use std::collections::BTreeMap;
use std::process::Command;

pub const GROUP: Group = Group {
    name: "memory",
    about: "heap bytes per work with a 16-byte body, to a tokio task; bytes per work",
    cases,
    curve: None,
};

/// What the counting program prints, in the order of the table.
const ROWS: [&str; 10] = [
    "tokio task",
    "stakker actor",
    "pending",
    "pending, 3 dependencies",
    "queued",
    "waiting",
    "waiting, 24-byte name",
    "waiting, timer, retry",
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
    if let Some(missing) = ROWS.iter().find(|name| !bytes.contains_key(**name)) {
        return Err(format!("crankwork-bench-memory did not count `{missing}`"));
    }
    let base = bytes[ROWS[0]];
    let row = |name| Figures::of(name, vec![bytes[name]], &[base]);
    Ok(ROWS.map(row).to_vec())
}
