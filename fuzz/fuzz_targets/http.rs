//! Any bytes in any pieces, as answers to the catch-up's HTTP client.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../examples/catchup/tests/it/fuzzed/http.rs"]
mod http;

fuzz_target!(|data: &[u8]| http::check(data));
