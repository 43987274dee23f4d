//! The fuzz targets' corpora, as plain tests.

use std::path::Path;

/// Checks each file of a target's corpus, in the order of their names.
pub fn replay(target: &str, check: impl Fn(&[u8])) {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut files: Vec<_> = std::fs::read_dir(corpus)
        .expect("the corpus is part of the repository")
        .map(|entry| entry.expect("a readable entry").path())
        .collect();
    files.sort();
    assert!(files.len() >= 15, "only {} corpus files", files.len());
    for file in files {
        println!("{}", file.display());
        check(&std::fs::read(&file).expect("a readable file"));
    }
}
