//! Readers of foreign bytes, with any bytes. The fuzz targets share the checks; their corpora are replayed here.

mod archive_state;
mod http;
mod xdr_records;

use std::fs;
use std::path::Path;

/// Checks each file of a target's corpus, in the order of their names.
fn replay(target: &str, check: impl Fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let entries = fs::read_dir(corpus).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 15, "only {} corpus files", files.len());
    for file in files {
        println!("{}", file.display());
        check(&fs::read(&file).unwrap());
    }
}

#[test]
fn the_corpus_of_http() {
    replay("http", http::check);
}

#[test]
fn the_corpus_of_archive_states() {
    replay("archive_state", archive_state::check);
}

#[test]
fn the_corpus_of_xdr_records() {
    replay("xdr_records", xdr_records::check);
}
