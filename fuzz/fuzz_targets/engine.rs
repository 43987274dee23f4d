//! Any bytes, as calls of a host and answers of works, on the engine without a single work.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    crankwork::play_engine_alone(data);
});
