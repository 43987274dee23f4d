//! Chains of headers: each header has the hash that its record says, but something does not fit.

use super::{Case, Forge, check, forked, with};
use crate::common::{EIGHT, nth};
use catchup::archive::{File, Hash};
use catchup::maker;
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

#[test]
fn chains_that_do_not_fit_together() {
    let other = maker::make(8, 2).files;
    let fork = forked(200);
    let path = |at: u32| File::Ledger(nth(at)).path();
    let from = |files: &maker::Files, all: &[u32]| {
        let mut mixed = EIGHT.files.clone();
        for at in all {
            mixed.insert(
                File::Ledger(nth(*at)),
                files[&File::Ledger(nth(*at))].clone(),
            );
        }
        mixed
    };
    let mut first = Forge::new();
    first.header(1).previous_ledger_hash = Hash::of(b"before").into();
    let mut coins = Forge::new();
    coins.header(100).total_coins += 1;
    let mut fees = Forge::new();
    fees.header(100).fee_pool += 1;
    let mut base = Forge::new();
    base.header(100).base_fee = 0;
    let mut version = Forge::new();
    version.header(100).ledger_version = 19;
    let cases = [
        Case::fails(
            "one file of another chain",
            from(&other, &[4]),
            0,
            &[&path(4), &path(5), "as ledger 320 names it"],
        ),
        Case::fails(
            "the first file of another chain",
            from(&other, &[0]),
            0,
            &[&path(0), &path(1)],
        ),
        Case::fails(
            "the last file of another chain",
            from(&other, &[7]),
            0,
            &[&File::State(nth(7)).path(), &path(7)],
        ),
        Case::fails(
            "half of another chain",
            from(&other, &[0, 1, 2, 3]),
            0,
            &[&path(3), &path(4)],
        ),
        Case::fails(
            "a fork in the middle",
            from(&fork, &[3, 4]),
            0,
            &[&path(4), &path(5)],
        ),
        Case::fails(
            "a fork to the end without its beginning",
            from(&fork, &[4, 5, 6, 7]),
            0,
            &[&path(3), &path(4)],
        ),
        Case::passes("a fork to the end, which is another life", fork),
        Case::fails(
            "one file in another's place",
            with(
                File::Ledger(nth(3)),
                EIGHT.files[&File::Ledger(nth(4))].clone(),
            ),
            0,
            &[&path(3), "where that of 192 belongs"],
        ),
        Case::fails(
            "something before the first ledger",
            first.build(2),
            0,
            &[&path(0), "what is before the first ledger"],
        ),
        Case::fails(
            "a coin too many",
            coins.build(101),
            nth(0).last(),
            &["ledger 100 cannot be applied", "(coins, fees)"],
        ),
        Case::fails(
            "a fee too many",
            fees.build(101),
            nth(0).last(),
            &["ledger 100 cannot be applied", "(coins, fees)"],
        ),
        Case::fails(
            "no fees",
            base.build(101),
            nth(0).last(),
            &["ledger 100 cannot be applied"],
        ),
        Case::passes(
            "another version where nothing depends on it",
            version.build(101),
        ),
    ];
    check("chain, several files", 13, &cases);
}
