//! Any bytes, as the records of a history file.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../examples/catchup/tests/it/fuzzed/xdr_records.rs"]
mod xdr_records;

fuzz_target!(|data: &[u8]| xdr_records::check(data));
