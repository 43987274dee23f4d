//! Files that are no gzip, gzip that is not what it should be, and gzip that unpacks to too much.

use super::answer::with_length;
use super::case::{Case, TARGET, check};
use super::server::Act::Send;
use crate::common::{EIGHT, nth};
use catchup::archive::{ArchiveState, File, gzip};
use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use std::io::Write;
use std::sync::Arc;

#[test]
fn gzip_of_any_allowed_form_is_unpacked() {
    check("wire::gzip::gzip_of_any_allowed_form_is_unpacked", allowed);
}

#[test]
fn gzip_that_is_damaged_is_asked_for_again() {
    check(
        "wire::gzip::gzip_that_is_damaged_is_asked_for_again",
        damaged,
    );
}

#[test]
fn gzip_that_is_too_large_is_refused_for_good() {
    check(
        "wire::gzip::gzip_that_is_too_large_is_refused_for_good",
        too_large,
    );
}

const MIB: usize = 1 << 20;

/// So many zeros, packed.
pub fn bomb(length: usize) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 64 << 10];
    let mut left = length;
    while left > 0 {
        let part = left.min(zeros.len());
        encoder.write_all(&zeros[..part]).unwrap();
        left -= part;
    }
    encoder.finish().unwrap()
}

/// The target's contents, packed in another way.
fn repacked(name: &str, pack: impl Fn(&[u8]) -> Vec<u8>) -> Case {
    let plain = gzip::unpack(&EIGHT.files[&TARGET()], 16 * MIB).unwrap();
    let packed = pack(&plain);
    Case::good(name, move |_| vec![Send(with_length(&packed))])
}

fn allowed() -> Vec<Case> {
    let built = |builder: fn() -> GzBuilder| {
        move |plain: &[u8]| {
            let mut encoder = builder().write(Vec::new(), Compression::default());
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
    };
    let level = |level: u32| {
        move |plain: &[u8]| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::new(level));
            encoder.write_all(plain).unwrap();
            encoder.finish().unwrap()
        }
    };
    vec![
        repacked("stored", level(0)),
        repacked("packed as well as can be", level(9)),
        repacked("a name", built(|| GzBuilder::new().filename("ledger.xdr"))),
        repacked(
            "a comment and a time",
            built(|| GzBuilder::new().comment("a comment").mtime(7)),
        ),
        repacked(
            "an extra field",
            built(|| GzBuilder::new().extra(vec![7; 60_000])),
        ),
    ]
}

/// The target's file, changed, always.
fn changed(name: &str, change: impl Fn(&mut Vec<u8>) + 'static) -> Case {
    Case::bad(name, "cannot be unpacked", move |body| {
        let mut body = body.to_vec();
        change(&mut body);
        vec![Send(with_length(&body))]
    })
}

fn damaged() -> Vec<Case> {
    let flipped = |name: &str, back: usize| {
        changed(name, move |body| {
            let at = body.len() - back;
            body[at] ^= 1;
        })
    };
    vec![
        changed("an empty file", Vec::clear),
        changed("text", |body| *body = b"not gzip at all".to_vec()),
        changed("the head only", |body| body.truncate(10)),
        changed("cut in the middle", |body| body.truncate(body.len() / 2)),
        changed("without its checksum", |body| body.truncate(body.len() - 8)),
        changed("cut by one byte", |body| body.truncate(body.len() - 1)),
        changed("another method", |body| body[2] = 7),
        changed("reserved flags", |body| body[3] = 0xe0),
        changed("a block of no type", |body| body[10] |= 6),
        changed("a byte after the end", |body| body.push(0)),
        changed("a name without end", |body| {
            *body = [&[0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0][..], &vec![b'x'; MIB]].concat();
        }),
        flipped("another checksum", 8),
        flipped("another length", 4),
        flipped("another length by far", 1),
    ]
}

/// The file is this, always: it is asked for once and named.
fn fatal(file: File, name: &str, says: &str, packed: Vec<u8>) -> Case {
    let packed = Arc::new(packed);
    let script = packed.clone();
    Case::script(name, move |asked, _| {
        (asked.file == file).then(|| vec![Send(with_length(&script))])
    })
    .refused(&[&file.path(), says])
    .memory(64 + 3 * (packed.len() >> 20))
}

/// The file unpacks to more than it may, whatever it is packed from.
fn unpacks_to_too_much(file: File, name: &str, packed: Vec<u8>) -> Case {
    let says = format!("unpacks to more than the {} bytes", file.limits().unpacked);
    fatal(file, name, &says, packed)
}

/// A byte more than the file may unpack to.
fn one_too_many(file: File, name: &str) -> Case {
    unpacks_to_too_much(file, name, bomb(file.limits().unpacked + 1))
}

fn too_large() -> Vec<Case> {
    let state = ArchiveState::parse(&EIGHT.files[&File::Root]).unwrap();
    let (headers, bucket) = (TARGET(), File::Bucket(state.buckets()[0]));
    let (transactions, results) = (File::Transactions(nth(3)), File::Results(nth(3)));
    let mut lying = bomb(100 * MIB);
    let at = lying.len() - 4;
    lying[at..].copy_from_slice(&100u32.to_le_bytes());
    let members =
        |file: File, name: &str, packed: Vec<u8>| fatal(file, name, "gzip members", packed);
    let two = |first: &[u8], second: &[u8]| [gzip::pack(first), gzip::pack(second)].concat();
    let empty = gzip::pack(b"");
    vec![
        one_too_many(headers, "headers with a byte too many"),
        one_too_many(transactions, "transactions with a byte too many"),
        one_too_many(results, "results with a byte too many"),
        one_too_many(bucket, "a bucket with a byte too many"),
        unpacks_to_too_much(headers, "headers of 1 GiB", bomb(1 << 30)),
        unpacks_to_too_much(headers, "headers of 100 MiB that claim 100 bytes", lying),
        members(headers, "two members", two(b"one", b"two")),
        members(headers, "an empty member in front", two(b"", b"headers")),
        members(headers, "100,000 empty members", empty.repeat(100_000)),
        members(
            transactions,
            "3,000,000 empty members",
            empty.repeat(3_000_000),
        ),
    ]
}
