//! Any bytes, as a file for the example `workflow`.
#![no_main]

use libfuzzer_sys::fuzz_target;

// The example's tests use more of it.
#[allow(dead_code)]
#[path = "../../tests/it/workflow_example.rs"]
mod workflow_example;
#[path = "../../tests/it/workflow_file.rs"]
mod workflow_file;

fuzz_target!(|data: &[u8]| workflow_file::check_file(data));
