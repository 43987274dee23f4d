//! Answers whose form is unusual but allowed, and answers that end where they must not.

use super::answer::{chunked, chunks, ok, status, with_length};
use super::case::{Case, ConcatCases, check};
use super::server::Act::{self, Close, Pieces, Send};
use std::time::Duration;

#[test]
fn unusual_answers_are_understood() {
    check("wire::framing::unusual_answers_are_understood", unusual);
}

#[test]
fn answers_that_go_wrong_once_are_asked_for_again() {
    check(
        "wire::framing::answers_that_go_wrong_once_are_asked_for_again",
        once,
    );
}

#[test]
fn answers_that_are_always_wrong_end_the_run() {
    check(
        "wire::framing::answers_that_are_always_wrong_end_the_run",
        always,
    );
}

fn good_bytes(name: &str, bytes: impl Fn(&[u8]) -> Vec<u8> + 'static) -> Case {
    Case::good(name, move |body| vec![Send(bytes(body))])
}

/// Interim answers, then the good one.
fn after_interim(interim: &[u8], body: &[u8]) -> Vec<u8> {
    [interim, &with_length(body)].concat()
}

fn byte_by_byte(bytes: Vec<u8>) -> Vec<Act> {
    vec![Pieces(bytes, 1, Duration::from_nanos(10))]
}

fn unusual() -> Vec<Case> {
    [bodies(), heads(), interim_answers()].concat_cases()
}

fn bodies() -> Vec<Case> {
    let until_closed = |lines: &'static str| {
        move |body: &[u8]| vec![Send([lines.as_bytes(), body].concat()), Close]
    };
    vec![
        good_bytes("a length", with_length),
        Case::good("a length, byte by byte", move |body| {
            byte_by_byte(with_length(body))
        }),
        good_bytes("one chunk", |body| {
            chunked(&chunks(body, body.len(), "", ""))
        }),
        good_bytes("chunks of one byte", |body| {
            chunked(&chunks(body, 1, "", ""))
        }),
        Case::good("chunks, byte by byte", move |body| {
            byte_by_byte(chunked(&chunks(body, 100, "", "")))
        }),
        good_bytes("chunks with extensions", |body| {
            chunked(&chunks(body, 1000, ";name=\"value\"", ""))
        }),
        good_bytes("chunks with trailers", |body| {
            chunked(&chunks(body, 1000, "", "Digest: none\r\nX: y\r\n"))
        }),
        Case::good("until closed", until_closed("HTTP/1.1 200 OK\r\n\r\n")),
        Case::good("HTTP/1.0", until_closed("HTTP/1.0 200 OK\r\n\r\n")),
        Case::good(
            "closed as announced",
            until_closed("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"),
        ),
    ]
}

fn heads() -> Vec<Case> {
    vec![
        good_bytes("a length in odd letters", |body| {
            ok(&format!("cOnTeNt-LeNgTh:\t {} \r\n", body.len()), body)
        }),
        good_bytes("a length with zeros in front", |body| {
            ok(&format!("Content-Length: 000{}\r\n", body.len()), body)
        }),
        good_bytes("the length twice", |body| {
            ok(
                &format!("Content-Length: {}\r\n", body.len()).repeat(2),
                body,
            )
        }),
        good_bytes("sixty-four header lines", |body| {
            ok(
                &format!(
                    "Content-Length: {}\r\n{}",
                    body.len(),
                    "X: y\r\n".repeat(63)
                ),
                body,
            )
        }),
        good_bytes("a head of 15 KiB", |body| {
            ok(
                &format!(
                    "Content-Length: {}\r\nX: {}\r\n",
                    body.len(),
                    "y".repeat(15 << 10)
                ),
                body,
            )
        }),
        good_bytes("no reason phrase", |body| {
            let head = format!("HTTP/1.1 200\r\nContent-Length: {}\r\n\r\n", body.len());
            [head.as_bytes(), body].concat()
        }),
    ]
}

fn interim_answers() -> Vec<Case> {
    vec![
        good_bytes("100 before the answer", |body| {
            after_interim(b"HTTP/1.1 100 Continue\r\n\r\n", body)
        }),
        good_bytes("103 with header lines before the answer", |body| {
            let hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\nContent-Length: 5\r\n\r\n";
            after_interim(hints, body)
        }),
        good_bytes("five interim answers", |body| {
            after_interim(&b"HTTP/1.1 102 Processing\r\n\r\n".repeat(5), body)
        }),
        Case::good("100 byte by byte", move |body| {
            byte_by_byte(after_interim(b"HTTP/1.1 100 Continue\r\n\r\n", body))
        }),
    ]
}

fn once() -> Vec<Case> {
    let once_bytes = |name: &str, bytes: &'static [u8]| {
        Case::once(name, move |_| vec![Send(bytes.to_vec())]).within(Duration::from_secs(3))
    };
    vec![
        Case::once("cut in the head", |_| {
            vec![Send(b"HTTP/1.1 200 OK\r\nCont".to_vec()), Close]
        }),
        Case::once("cut in the body", |body| {
            let answer = with_length(body);
            vec![Send(answer[..answer.len() / 2].to_vec()), Close]
        }),
        Case::once("cut in a chunk", |body| {
            let answer = chunked(&chunks(body, 1000, "", ""));
            vec![Send(answer[..answer.len() - 900].to_vec()), Close]
        }),
        Case::once("cut before the last chunk", |body| {
            let answer = chunked(&chunks(body, 1000, "", ""));
            vec![Send(answer[..answer.len() - 5].to_vec()), Close]
        }),
        Case::once("cut in the trailers", |body| {
            let answer = chunked(&chunks(body, 1000, "", "X: y\r\n"));
            vec![Send(answer[..answer.len() - 2].to_vec()), Close]
        }),
        Case::once("another file's body", |body| {
            vec![Send(with_length(&body[..body.len() - 1]))]
        }),
        once_bytes(
            "an empty body",
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        ),
        once_bytes("a banner", b"SSH-2.0-OpenSSH_9.9\r\n"),
        once_bytes("503", b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
        once_bytes(
            "429",
            b"HTTP/1.1 429 Slow Down\r\nContent-Length: 0\r\n\r\n",
        ),
        once_bytes("408", b"HTTP/1.1 408 Timeout\r\nContent-Length: 0\r\n\r\n"),
        once_bytes("500 without a length", b"HTTP/1.1 500 Oops\r\n\r\n"),
    ]
}

const REDIRECTS: [&str; 5] = [
    "301 Moved",
    "302 Found",
    "304 Not Modified",
    "307 Moved",
    "308 Moved",
];

/// Statuses after which asking again is of no use.
const FATAL: [&str; 10] = [
    "400 Bad Request",
    "401 Unauthorized",
    "403 Forbidden",
    "404 Not Found",
    "410 Gone",
    "101 Switching Protocols",
    "204 No Content",
    "206 Partial Content",
    "418 Teapot",
    "999 Nobody knows",
];

const BUSY: [&str; 5] = [
    "500 Oops",
    "502 Bad Gateway",
    "503 Busy",
    "504 Too Late",
    "429 Slow Down",
];

fn always() -> Vec<Case> {
    let answers =
        |line: &'static str, lines: &'static str| move |_: &[u8]| vec![Send(status(line, lines))];
    let mut cases = Vec::new();
    for line in REDIRECTS {
        let elsewhere = answers(line, "Location: http://x/\r\n");
        cases.push(Case::fatal(line, "redirects are refused", elsewhere));
    }
    let says = |line: &str| format!("status {}", &line[..3]);
    for line in FATAL {
        cases.push(Case::fatal(line, &says(line), answers(line, "")));
    }
    for line in BUSY {
        cases.push(Case::bad(line, &says(line), answers(line, "")));
    }
    cases.extend([
        Case::bad("closed at once", "closed after 0 bytes", |_| vec![Close]),
        Case::bad("closed in the body", "the connection was closed", |body| {
            let answer = with_length(body);
            vec![Send(answer[..answer.len() - 1].to_vec()), Close]
        }),
        Case::bad("closed in the head", "closed after 17 bytes", |_| {
            vec![Send(b"HTTP/1.1 200 OK\r\n".to_vec()), Close]
        }),
    ]);
    cases
}
