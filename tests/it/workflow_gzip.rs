//! The example unpacks gzip, and not without bounds.

use std::io::{Read, Write};
use std::path::Path;

use super::temp_file::TempFile;
use super::workflow_example::input;
use super::workflow_input::EDGES;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn a_compressed_edge_list_is_unpacked() {
    let file = TempFile::new("good.txt.gz", gzip(EDGES.as_bytes()));
    assert_eq!(
        input::load(Some(&file.0), None)
            .expect("an edge list")
            .edge_count(),
        3
    );
}

#[test]
fn gzip_data_that_is_cut_or_damaged_is_refused() {
    let whole = gzip(EDGES.as_bytes());
    for cut in 1..whole.len() {
        let file = TempFile::new("cut.txt.gz", &whole[..cut]);
        let error = input::load(Some(&file.0), None)
            .expect_err("cut")
            .to_string();
        assert!(error.contains("ends too early"), "{cut} bytes: {error}");
    }
    let mut damaged = whole.clone();
    let checksum = whole.len() - 6;
    damaged[checksum] ^= 1;
    for bytes in [&damaged[..], b"not gzip at all"] {
        let file = TempFile::new("bad.txt.gz", bytes);
        let error = input::load(Some(&file.0), None)
            .expect_err("damaged")
            .to_string();
        assert!(error.contains("not valid gzip data"), "{error}");
    }
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let file = TempFile::new("large.txt", b"");
    let sparse = std::fs::OpenOptions::new()
        .write(true)
        .open(&file.0)
        .expect("our own file");
    sparse
        .set_len(input::MAX_BYTES as u64 + 1)
        .expect("a file with a hole takes no space");
    let error = input::load(Some(&file.0), None)
        .expect_err("too large")
        .to_string();
    assert!(error.contains("larger than 256 MiB"), "{error}");
}

#[test]
fn a_small_file_that_unpacks_to_too_much_is_refused() {
    let mebibyte = gzip(&vec![b'#'; 1 << 20]);
    let file = TempFile::new("bomb.txt.gz", mebibyte.repeat((input::MAX_BYTES >> 20) + 1));
    let error = input::load(Some(&file.0), None)
        .expect_err("a bomb")
        .to_string();
    assert!(error.contains("larger than 256 MiB"), "{error}");
}

/// An endless file of bytes that recur. It counts how many of them are read.
struct Endless {
    bytes: Vec<u8>,
    read: u64,
}

impl Endless {
    fn new(bytes: &[u8]) -> Self {
        let bytes = bytes.to_vec();
        Endless { bytes, read: 0 }
    }
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = buffer.len().min(self.bytes.len());
        buffer[..length].copy_from_slice(&self.bytes[..length]);
        self.bytes.rotate_left(length);
        self.read += length as u64;
        Ok(length)
    }
}

#[test]
fn gzip_members_are_counted() {
    let load = |members: usize| {
        let empty = gzip(b"").repeat(members - 1);
        let file = [&empty[..], &gzip(EDGES.as_bytes())].concat();
        input::load_from(Path::new("x.txt.gz"), &file[..], None)
    };
    assert!(load(1).is_ok());
    assert!(load(input::MAX_MEMBERS).is_ok());
    let error = load(input::MAX_MEMBERS + 1)
        .expect_err("one too many")
        .to_string();
    assert!(error.contains("more than 8192 gzip members"), "{error}");
}

#[test]
fn a_file_of_three_million_empty_members_is_not_read_to_its_end() {
    let member = gzip(b"");
    let mut file = Endless::new(&member);
    let error = input::load_from(
        Path::new("x.txt.gz"),
        file.by_ref().take(3_000_000 * member.len() as u64),
        None,
    )
    .expect_err("too many members")
    .to_string();
    assert!(error.contains("more than 8192 gzip members"), "{error}");
    let allowed = (input::MAX_MEMBERS * member.len()) as u64;
    assert!(file.read < allowed + (64 << 10), "{} bytes", file.read);
}

#[test]
fn a_file_without_end_that_unpacks_to_nothing_is_refused() {
    let head = &gzip(b"")[..10];
    let empty_blocks = Endless::new(&[0, 0, 0, 0xff, 0xff]);
    let error = input::load_from(Path::new("x.txt.gz"), head.chain(empty_blocks), None)
        .expect_err("it does not end")
        .to_string();
    assert!(error.contains("larger than 256 MiB"), "{error}");
}
