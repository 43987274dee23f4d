//! Time and memory are bounded by what is allowed, whatever is sent.

use crate::common::nth;
use crate::hostile::{Case, check, with};
use crate::payments;
use crate::program::Program;
use catchup::archive::{File, Hash, Header, gzip, records};
use catchup::server::{Faults, Listener, Responder, Shelf};
use cpu_time::ThreadTime;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use stellar_xdr::LedgerHeader;

#[test]
fn a_million_payments_in_one_ledger_are_applied_in_seconds() {
    const COUNT: usize = 1_000_000;
    let mut made = payments::origin();
    let (payments, results) = payments::executed(&mut made, COUNT);
    let transactions: Vec<_> = payments
        .into_iter()
        .map(|(_, transaction)| transaction)
        .collect();
    let mut header = Header::of(&LedgerHeader::default());
    (header.ledger, header.previous) = (1, Hash::ZERO);
    (header.base_fee, header.fee_pool) = (100, made.fee_pool);
    header.total_coins = made.total_coins;
    let mut ledger = payments::origin();
    let begun = ThreadTime::now();
    ledger.apply(&header, transactions, &results).unwrap();
    let took = begun.elapsed();
    println!("{COUNT} payments applied in {took:?}");
    assert_eq!(ledger.accounts, made.accounts);
    // An optimized build takes a second; this is one for tests. By looking at each transaction for each result it would
    // take hours.
    assert!(took < Duration::from_secs(20), "{took:?}");
}

/// Less than the limits, so that the test is short: in memory as a whole, this would be some 300 MiB.
const UNPACKED: usize = 16 << 20;

/// A large body, in bytes.
const BODY: usize = 24 << 20;

/// Zeros are records of every kind: transactions, results. They are packed to a thousandth.
fn zeros(head: &[u32]) -> Vec<u8> {
    let mut record: Vec<u8> = head.iter().flat_map(|word| word.to_be_bytes()).collect();
    record.resize(UNPACKED - 4, 0);
    let mark = record.len() as u32 | 1 << 31;
    gzip::pack(&[&mark.to_be_bytes()[..], &record].concat())
}

/// As many as there can be.
const MANY: u32 = u32::MAX;

/// The beginnings of records, before their zeros: the ledger, the set of the older form, the set of the newer one.
const HEADS: [(&str, &[u32]); 4] = [
    (
        "transactions of the older form",
        &[2, 0, 0, 0, 0, 0, 0, 0, 0, MANY],
    ),
    (
        "transactions",
        &[
            2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, MANY,
        ],
    ),
    (
        "transactions in clusters",
        &[
            2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, MANY,
        ],
    ),
    (
        "phases",
        &[
            2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, MANY,
        ],
    ),
];

#[test]
fn what_unpacks_to_much_takes_little_memory() {
    let (sets, results) = (File::Transactions(nth(0)), File::Results(nth(0)));
    let (header, bucket) = (File::Ledger(nth(0)), crate::hostile::a_bucket());
    let marks = gzip::pack(&[0x80, 0, 0, 0].repeat(UNPACKED / 4));
    let other = "the bucket: expected hash";
    let mut rows = HEADS
        .map(|(name, head)| (name, sets, zeros(head), "cannot be read"))
        .to_vec();
    rows.extend([
        (
            "results",
            results,
            zeros(&[result_ledger(), MANY]),
            "cannot be read",
        ),
        ("a header", header, zeros(&[]), "bytes too many"),
        ("a bucket's entry", bucket, zeros(&[]), other),
        ("a bucket's marks", bucket, marks, other),
    ]);
    let cases = rows.into_iter().map(|(name, file, bytes, says)| {
        assert!(bytes.len() < 50 << 10, "{name}: {}", bytes.len());
        Case::fails(name, with(file, bytes), 0, &[&file.path(), says])
    });
    check("memory", 8, &cases.collect::<Vec<_>>());
}

/// The first ledger with results: those of the first checkpoint begin with its number.
fn result_ledger() -> u32 {
    let file = crate::hostile::unpacked(File::Results(nth(0)));
    u32::from_be_bytes(file[4..8].try_into().unwrap())
}

#[test]
fn the_largest_ledger_takes_less_than_a_quarter_of_a_gigabyte() {
    // Unoptimized, a million take minutes.
    let count = if cfg!(debug_assertions) {
        150_000
    } else {
        1_000_000
    };
    let files = payments::archive(&BTreeMap::from([(2, count)]));
    let shelf = Shelf::Memory(Arc::new(files));
    let listener = Listener::start(0, Responder::new(shelf, Faults::default())).unwrap();
    let url = format!("http://{}", listener.address());
    let (code, json) = Program::new().run_json(&["--archive", &url]);
    assert_eq!(code, Some(0), "{json}");
    assert_eq!(json["applied_transactions"], count);
    println!("{count} payments: {json}");
    let peak = json["peak_memory_bytes"].as_u64().unwrap_or(0);
    assert!(peak < 256_000_000, "{peak} bytes");
}

/// Files that are as large as they may be as they are sent, and larger unpacked: many at a time.
#[test]
fn large_bodies_do_not_come_side_by_side() {
    let mut files = crate::common::EIGHT.files.clone();
    let mut random = crankwork::Stream::new(1);
    let words = (0..BODY / 8).map(|_| random.below(u64::MAX));
    let mut bytes: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
    bytes.resize(File::Results(nth(0)).limits().unpacked + 1, 0);
    let body = gzip::pack(&bytes);
    for at in (0..3).map(nth) {
        files.insert(File::Transactions(at), body.clone());
        files.insert(File::Results(at), body.clone());
    }
    let shelf = Shelf::Memory(Arc::new(files));
    let listener = Listener::start(0, Responder::new(shelf, Faults::default())).unwrap();
    let url = format!("http://{}", listener.address());
    let arguments = ["--archive", &url, "--slots", "6", "--checkpoints", "3"];
    let (code, json) = Program::new().run_json(&arguments);
    assert_eq!((code, &json["retries"]), (Some(1), &0.into()), "{json}");
    let peak = json["peak_memory_bytes"].as_u64().unwrap_or(0);
    println!("six bodies of 24 MiB: {} MiB", peak >> 20);
    assert!(peak < 100 << 20, "{peak} bytes; six bodies are 144 MiB");
}

#[test]
fn a_record_may_be_longer_than_a_value() {
    let mut file = Vec::new();
    records::push(
        &mut file,
        &stellar_xdr::BytesM::<{ u32::MAX }>::try_from(vec![0; 300 << 10]).unwrap(),
    );
    let mut records = records::Records::new(&file[..]);
    assert!(records.advance().unwrap());
    let value = records.value::<stellar_xdr::BytesM<{ u32::MAX }>>();
    assert!(value.unwrap_err().to_string().contains("cannot be read"));
}
