//! Chains of headers: each header has the hash that its record says, but something does not fit.

use super::{Case, Forge, check, forked, with};
use crate::common::{EIGHT, nth};
use catchup::archive::File;
use catchup::maker::{self, Files};
use stellar_xdr::LedgerHeader;

/// A change of one header: its name, and whether the next headers name the new hash.
type Change = (&'static str, fn(&mut LedgerHeader));

const CHANGES: [Change; 8] = [
    ("another time", |h| h.scp_value.close_time.0 += 1),
    ("another number", |h| h.ledger_seq += 1),
    ("the number 0", |h| h.ledger_seq = 0),
    ("the last number there is", |h| h.ledger_seq = u32::MAX),
    ("another ledger before", |h| {
        h.previous_ledger_hash.0[0] ^= 1
    }),
    ("other transactions", |h| h.scp_value.tx_set_hash.0[0] ^= 1),
    ("other results", |h| h.tx_set_result_hash.0[0] ^= 1),
    ("another bucket list", |h| h.bucket_list_hash.0[0] ^= 1),
];

/// In the middle of a checkpoint, at its end, and in the last header of all: what is said of each.
#[test]
fn one_header_is_another() {
    let mut cases = Vec::new();
    for (ledger, at) in [(200, 3), (255, 3), (511, 7)] {
        for (name, change) in CHANGES {
            let mut forge = Forge::new();
            change(forge.header(ledger));
            let file = File::Ledger(nth(at)).path();
            let state = File::State(nth(7)).path();
            let says = match (name, ledger) {
                ("another number" | "the number 0" | "the last number there is", _) => {
                    vec![file.as_str(), "belongs"]
                }
                // Nothing names the last header but the state, and that knows of its bucket list only.
                ("another time", 511) => vec![],
                ("other transactions", 511) => vec!["transactions/", "of ledger 511"],
                ("other results", 511) => vec!["results/", "of ledger 511"],
                ("another bucket list", 511) => vec![&state, &file, "expected hash"],
                _ => vec![&file, "as ledger", "expected hash"],
            };
            let ledger_applied = match (name, ledger) {
                ("another time", 511) => 511,
                ("other transactions" | "other results", 511) => nth(6).last(),
                _ => 0,
            };
            let name = format!("ledger {ledger} with {name}");
            cases.push(Case::fails(
                name,
                forge.build_unlinked(),
                ledger_applied,
                &says,
            ));
        }
    }
    check("chain, one header", 24, &cases);
}

/// The eight checkpoints with these headers of other files.
fn mixed(files: &Files, all: &[u32]) -> Files {
    let mut mixed = EIGHT.files.clone();
    for file in all.iter().map(|at| File::Ledger(nth(*at))) {
        mixed.insert(file, files[&file].clone());
    }
    mixed
}

fn path(at: u32) -> String {
    File::Ledger(nth(at)).path()
}

#[test]
fn chains_that_do_not_fit_together() {
    let other = maker::make(8, 2).files;
    let fork = forked(200);
    let state = File::State(nth(7)).path();
    let place = &EIGHT.files[&File::Ledger(nth(4))];
    let files = |files, all: &[u32]| mixed(files, all);
    let rows: [(&str, Files, &[&str]); 7] = [
        (
            "one file of another chain",
            files(&other, &[4]),
            &[&path(4), &path(5), "as ledger 320 names it"],
        ),
        (
            "the first file of another chain",
            files(&other, &[0]),
            &[&path(0), &path(1)],
        ),
        (
            "the last file of another chain",
            files(&other, &[7]),
            &[&state, &path(7)],
        ),
        (
            "half of another chain",
            files(&other, &[0, 1, 2, 3]),
            &[&path(3), &path(4)],
        ),
        (
            "a fork in the middle",
            files(&fork, &[3, 4]),
            &[&path(4), &path(5)],
        ),
        (
            "a fork to the end without its beginning",
            files(&fork, &[4, 5, 6, 7]),
            &[&path(3), &path(4)],
        ),
        (
            "one file in another's place",
            with(File::Ledger(nth(3)), place.clone()),
            &[&path(3), "where that of 192 belongs"],
        ),
    ];
    let cases = rows.map(|(name, files, says)| Case::fails(name, files, 0, says));
    check("chain, several files", 7, &cases);
}

/// A change of one header that the next headers follow, the last ledger that can be applied, and what is said.
type Life = (&'static str, u32, fn(&mut LedgerHeader), u32, &'static str);

const LIVES: [Life; 8] = [
    (
        "another time",
        1,
        |h| h.scp_value.close_time.0 += 1,
        511,
        "",
    ),
    (
        "another time in the middle",
        200,
        |h| h.scp_value.close_time.0 += 1,
        511,
        "",
    ),
    (
        "another version where nothing depends on it",
        100,
        |h| h.ledger_version = 19,
        511,
        "",
    ),
    (
        "something before the first ledger",
        1,
        |h| h.previous_ledger_hash.0 = [7; 32],
        0,
        "what is before the first ledger",
    ),
    (
        "a coin too many",
        100,
        |h| h.total_coins += 1,
        63,
        "ledger 100 cannot be applied: it comes to (coins, fees)",
    ),
    (
        "a fee too many",
        100,
        |h| h.fee_pool += 1,
        63,
        "ledger 100 cannot be applied: it comes to (coins, fees)",
    ),
    (
        "no fees",
        100,
        |h| h.base_fee = 0,
        63,
        "ledger 100 cannot be applied",
    ),
    (
        "fees that nobody can pay",
        100,
        |h| h.base_fee = u32::MAX,
        63,
        "ledger 100 cannot be applied",
    ),
];

#[test]
fn chains_of_another_life() {
    let cases = LIVES.map(|(name, ledger, change, applied, says)| {
        let mut forge = Forge::new();
        change(forge.header(ledger));
        let files = forge.build(ledger + 1);
        match says {
            "" => Case::passes(name, files),
            _ => Case::fails(name, files, applied, &[says]),
        }
    });
    check("chain, another life", 8, &cases);
}
