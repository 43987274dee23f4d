//! Any bytes, as operations on the timer wheel, against an ordered map.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/it/wheel_ops.rs"]
mod wheel_ops;

fuzz_target!(|data: &[u8]| wheel_ops::check_wheel_bytes(data));
