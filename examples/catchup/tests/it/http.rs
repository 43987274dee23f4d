//! Answers in any pieces, and answers that are none.

use catchup::http::{Decoder, HttpError};

const WITH_LENGTH: &str = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world";
const IN_CHUNKS: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n\
     5;name=value\r\nhello\r\n006\r\n world\r\n0\r\nTrailer: x\r\n\r\n";
const UNTIL_CLOSED: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello world";

/// The body of an answer that comes in these pieces, and whether the connection stays open.
fn read(pieces: &[&[u8]]) -> Result<(Vec<u8>, bool), HttpError> {
    let mut decoder = Decoder::new(1000);
    for piece in pieces {
        if decoder.feed(piece)? {
            return Ok(decoder.take_body());
        }
    }
    decoder.end()?;
    Ok(decoder.take_body())
}

#[test]
fn the_pieces_do_not_matter() {
    for (answer, stays) in [
        (WITH_LENGTH, true),
        (IN_CHUNKS, true),
        (UNTIL_CLOSED, false),
    ] {
        let bytes = answer.as_bytes();
        let expected = (b"hello world".to_vec(), stays);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        assert_eq!(read(&single).unwrap(), expected, "{answer}");
        for first in 0..bytes.len() {
            for second in first..bytes.len() {
                let pieces = [&bytes[..first], &bytes[first..second], &bytes[second..]];
                assert_eq!(
                    read(&pieces).unwrap(),
                    expected,
                    "{answer} at {first}, {second}"
                );
            }
        }
    }
}

#[test]
fn an_end_that_comes_too_early_is_noticed() {
    for answer in [WITH_LENGTH, IN_CHUNKS] {
        for length in 0..answer.len() {
            let cut = read(&[&answer.as_bytes()[..length]]);
            assert!(
                matches!(cut, Err(HttpError::Closed { .. })),
                "{length} of {answer}"
            );
        }
    }
}

#[test]
fn what_comes_after_an_answer_ends_the_connection() {
    let more = format!("{WITH_LENGTH}HTTP/1.1");
    assert_eq!(
        read(&[more.as_bytes()]).unwrap(),
        (b"hello world".to_vec(), false)
    );
}

#[test]
fn what_is_not_understood_is_refused() {
    let head = |lines: &str| format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n");
    let malformed = [
        String::from("SSH-2.0-OpenSSH_9.9\r\n"),
        head("Content-Length: -1"),
        head("Content-Length: 1x"),
        head("Content-Length: +1"),
        head("Content-Length: 1\r\nContent-Length: 2"),
        head("Content-Length: 1\r\nTransfer-Encoding: chunked"),
        head("Transfer-Encoding: gzip"),
        head("Transfer-Encoding: chunked") + "x\r\n",
        head("Transfer-Encoding: chunked") + "1\r\nab\r\n",
        head("Transfer-Encoding: chunked") + "1;" + &"x".repeat(2000),
    ];
    for answer in malformed {
        let error = read(&[answer.as_bytes()]).unwrap_err();
        assert!(
            matches!(error, HttpError::Malformed(_)),
            "{answer}: {error}"
        );
        assert!(error.may_pass());
    }
}

#[test]
fn sizes_are_bounded() {
    let endless = format!("HTTP/1.1 200 OK\r\n{}", "X: y\r\n".repeat(60));
    let endless = format!("{endless}X: {}", "y".repeat(20_000));
    let long = "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n";
    let huge = "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n";
    let chunk = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n";
    let chunks = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n".to_owned()
        + &"x".repeat(1000)
        + "\r\n1\r\n";
    let until_closed = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(1001));
    for answer in [&endless, long, chunk, &chunks, &until_closed] {
        let error = read(&[answer.as_bytes()]).unwrap_err();
        assert!(matches!(error, HttpError::TooLarge { .. }), "{error}");
        assert!(!error.may_pass());
    }
    assert!(read(&[huge.as_bytes()]).is_err());
}

#[test]
fn redirects_are_refused_and_other_states_told() {
    let read = |status: &str| read(&[format!("HTTP/1.1 {status}\r\n\r\n").as_bytes()]).unwrap_err();
    let redirect = read("301 Moved\r\nLocation: http://elsewhere/");
    assert!(matches!(redirect, HttpError::Redirect(301)), "{redirect}");
    assert!(!redirect.may_pass());
    assert!(!read("404 Not Found").may_pass());
    let busy = read("503 Busy\r\nRetry-After: 7");
    assert!(busy.may_pass());
    assert_eq!(busy.retry_after().unwrap().as_secs(), 7);
}
