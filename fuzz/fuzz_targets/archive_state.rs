//! Any bytes, as the state file of an archive.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../examples/catchup/tests/it/fuzzed/archive_state.rs"]
mod archive_state;

fuzz_target!(|data: &[u8]| archive_state::check(data));
