//! Any bytes, as the order in which the works of a small catch-up have their turns.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/explore/catch_up.rs"]
mod catch_up;

fuzz_target!(|data: &[u8]| catch_up::check(data));
