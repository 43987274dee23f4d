//! Any bytes, as one of the programs of `data/sct` and the order of its turns. Without that data it does nothing.
#![no_main]

use libfuzzer_sys::fuzz_target;
use program::Program;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::rc::Rc;

#[path = "../../tests/it/explore/sct/fuzzed.rs"]
mod fuzzed;
#[path = "../../tests/it/explore/sct/parse.rs"]
mod parse;
#[path = "../../tests/it/explore/sct/play.rs"]
mod play;
#[path = "../../tests/it/explore/sct/program.rs"]
mod program;
#[path = "../../tests/it/explore/sct/state.rs"]
mod state;

thread_local! {
    /// The programs, read once.
    static PROGRAMS: Vec<Rc<Program>> = programs();
}

fn programs() -> Vec<Rc<Program>> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let folder = std::env::var_os("CRANKWORK_DATA").map_or(shared, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(folder.join("sct/programs.json")) else {
        return Vec::new();
    };
    let source: Value = serde_json::from_str(&text).expect("JSON");
    let all = source["programs"].as_array().expect("programs").iter();
    let read = |source| Rc::new(Program::new(source).expect("a program"));
    all.map(read).collect()
}

fuzz_target!(|data: &[u8]| PROGRAMS.with(|programs| {
    if !programs.is_empty() {
        fuzzed::check(programs, data);
    }
}));
