//! Answers that are no HTTP/1.1, and answers without an end or of too great a size.

use super::answer::{chunked, chunks, ok};
use super::case::{Case, ConcatCases, check};
use super::server::Act::{self, Endless, Pieces, Send};
use std::time::Duration;

const INVALID: &str = "is not valid HTTP/1.1";

#[test]
fn what_is_no_http_is_refused() {
    check("wire::malformed::what_is_no_http_is_refused", || {
        [heads(), chunk_sizes()].concat_cases()
    });
}

#[test]
fn what_does_not_end_or_is_too_large_is_refused() {
    check(
        "wire::malformed::what_does_not_end_or_is_too_large_is_refused",
        || [endless(), too_large()].concat_cases(),
    );
}

fn bad(name: &str, bytes: Vec<u8>) -> Case {
    Case::bad(name, INVALID, move |_| vec![Send(bytes.clone())])
}

/// An answer with these header lines.
fn lines(lines: &str) -> Vec<u8> {
    ok(lines, b"body")
}

fn heads() -> Vec<Case> {
    [first_lines(), header_lines(), lengths(), encodings()].concat_cases()
}

fn first_lines() -> Vec<Case> {
    let control = b"HTTP/1.1 200 \x1b[31m\r\n\r\n";
    vec![
        bad("a control character in the reason", control.to_vec()),
        bad("a banner", b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()),
        bad("a bare body", b"<html>hello</html>\r\n\r\n".to_vec()),
        bad("ICY", b"ICY 200 OK\r\n\r\n".to_vec()),
        bad("HTTP/2", b"HTTP/2 200\r\n\r\n".to_vec()),
        bad("a status of two digits", b"HTTP/1.1 20 OK\r\n\r\n".to_vec()),
        bad("a status of letters", b"HTTP/1.1 abc OK\r\n\r\n".to_vec()),
        bad("zeros", vec![0; 100]),
    ]
}

fn header_lines() -> Vec<Case> {
    vec![
        bad("a zero byte in a header", lines("X: \0\r\n")),
        bad("a header without a colon", lines("Content-Length 4\r\n")),
        bad("a space before the colon", lines("Content-Length : 4\r\n")),
        bad(
            "a folded header",
            lines("X: a\r\n b\r\nContent-Length: 4\r\n"),
        ),
        bad("sixty-five header lines", lines(&"X: y\r\n".repeat(65))),
    ]
}

fn lengths() -> Vec<Case> {
    vec![
        bad("a length below zero", lines("Content-Length: -4\r\n")),
        bad("a length with a sign", lines("Content-Length: +4\r\n")),
        bad("a length in hex", lines("Content-Length: 0x4\r\n")),
        bad("a length with a letter", lines("Content-Length: 4x\r\n")),
        bad(
            "a length of 15 KiB of letters",
            lines(&format!("Content-Length: {}\r\n", "x".repeat(15 << 10))),
        ),
        bad("a length that is empty", lines("Content-Length: \r\n")),
        bad("two lengths in one line", lines("Content-Length: 4, 5\r\n")),
        bad(
            "two lengths in two lines",
            lines("Content-Length: 4\r\nContent-Length: 5\r\n"),
        ),
        bad(
            "a length and chunks",
            lines("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
        ),
    ]
}

fn encodings() -> Vec<Case> {
    vec![
        bad(
            "gzip as the transfer encoding",
            lines("Transfer-Encoding: gzip\r\n"),
        ),
        bad(
            "gzip and chunks",
            lines("Transfer-Encoding: gzip, chunked\r\n"),
        ),
        bad(
            "gzip and chunks in two lines",
            lines("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"),
        ),
        bad(
            "chunks in chunks",
            lines("Transfer-Encoding: chunked, chunked\r\n"),
        ),
    ]
}

fn chunk_sizes() -> Vec<Case> {
    let bad = |name: &str, chunks: &'static [u8]| {
        Case::bad(name, INVALID, move |_| vec![Send(chunked(chunks))])
    };
    vec![
        bad("a chunk without a size", b"\r\nabc\r\n0\r\n\r\n"),
        bad("a chunk of a letter", b"g\r\nabc\r\n0\r\n\r\n"),
        bad("a chunk below zero", b"-1\r\nabc\r\n0\r\n\r\n"),
        bad("a chunk with a prefix", b"0x3\r\nabc\r\n0\r\n\r\n"),
        bad(
            "a chunk of seventeen digits",
            b"00000000000000003\r\nabc\r\n0\r\n\r\n",
        ),
        bad(
            "a chunk that is longer than it says",
            b"3\r\nabcd\r\n0\r\n\r\n",
        ),
        bad(
            "a chunk that is shorter than it says",
            b"5\r\nabc\r\n0\r\n\r\n0123",
        ),
    ]
}

/// Sends `head`, then `bytes` for ever. Without waits the virtual time stands still: only a bound on bytes ends this.
fn for_ever(head: &'static str, bytes: Vec<u8>) -> impl Fn(&[u8]) -> Vec<Act> + 'static {
    let after = Duration::from_nanos(1);
    move |_| {
        let head = head.as_bytes().to_vec();
        vec![Send(head), Endless(bytes.clone(), after)]
    }
}

const OK: &str = "HTTP/1.1 200 OK\r\n";
const IN_CHUNKS: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fn endless() -> Vec<Case> {
    [endless_heads(), endless_chunks(), endless_bodies()].concat_cases()
}

fn endless_heads() -> Vec<Case> {
    let fatal = |name, head, bytes: &[u8]| {
        Case::fatal(name, "the head is larger", for_ever(head, bytes.to_vec()))
    };
    let endless =
        |name, head, bytes: &[u8]| Case::bad(name, INVALID, for_ever(head, bytes.to_vec()));
    let interim = b"HTTP/1.1 100 Continue\r\n\r\n";
    let header = "HTTP/1.1 200 OK\r\nX: ";
    vec![
        fatal("a head line without end", header, &[b'y'; 999]),
        fatal("a reason without end", "HTTP/1.1 200 ", &[b'y'; 999]),
        endless("header lines without end", OK, b"X: y\r\n"),
        fatal("empty lines without end", "", b"\r\n"),
        endless("interim answers without end", "", interim),
    ]
}

fn endless_chunks() -> Vec<Case> {
    let endless = |name, after: &str, bytes: &[u8]| {
        let head = format!("{IN_CHUNKS}{after}").leak();
        Case::bad(name, INVALID, for_ever(head, bytes.to_vec()))
    };
    vec![
        endless("a size without end", "", b"0"),
        endless("an extension without end", "1;", &[b'y'; 99]),
        endless("a trailer without end", "0\r\nX: ", &[b'y'; 99]),
        endless("trailers without end", "0\r\n", b"X: y\r\n"),
    ]
}

fn endless_bodies() -> Vec<Case> {
    let fatal = |name, says, head, bytes| Case::fatal(name, says, for_ever(head, bytes));
    let size = format!("1;{}\r\nx\r\n", "y".repeat(900)).into_bytes();
    let larger = "the body is larger";
    vec![
        fatal(
            "small chunks with long extensions without end",
            "is larger",
            IN_CHUNKS,
            size,
        ),
        fatal(
            "a body without end",
            larger,
            "HTTP/1.1 200 OK\r\n\r\n",
            vec![b'y'; 16 << 10],
        ),
        fatal("chunks without end", larger, IN_CHUNKS, chunk_of(4 << 10)),
    ]
}

fn chunk_of(length: usize) -> Vec<u8> {
    let last = b"0\r\n\r\n".len();
    let mut bytes = chunks(&vec![b'y'; length], length, "", "");
    bytes.truncate(bytes.len() - last);
    bytes
}

fn too_large() -> Vec<Case> {
    let fatal = |name: &str, bytes: Vec<u8>| {
        Case::fatal(name, "the body is larger", move |_| {
            vec![Send(bytes.clone())]
        })
    };
    let limit = 4 << 20;
    vec![
        fatal(
            "a length beyond the limit",
            ok(&format!("Content-Length: {}\r\n", limit + 1), b""),
        ),
        fatal(
            "the longest length",
            ok(&format!("Content-Length: {}\r\n", u64::MAX), b""),
        ),
        fatal(
            "a length beyond all numbers",
            ok("Content-Length: 99999999999999999999\r\n", b""),
        ),
        fatal("the largest chunk", chunked(b"ffffffffffffffff\r\n")),
        fatal(
            "a chunk beyond the limit",
            chunked(format!("{:x}\r\n", limit + 1).as_bytes()),
        ),
        Case::bad(
            "a body of the limit's size",
            "cannot be unpacked",
            move |_| {
                let every = Duration::from_nanos(1);
                vec![Pieces(
                    ok(&format!("Content-Length: {limit}\r\n"), &vec![0; limit]),
                    8 << 10,
                    every,
                )]
            },
        ),
    ]
}
