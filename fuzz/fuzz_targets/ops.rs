//! Any bytes, as operations on a scheduler, against the reference model.
#![no_main]

use libfuzzer_sys::fuzz_target;

// The property test uses more of it.
#[allow(dead_code)]
#[path = "../../tests/it/model/mod.rs"]
mod model;

fuzz_target!(|data: &[u8]| model::compare::check_bytes(data, model::compare::SELDOM));
