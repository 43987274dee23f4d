//! Answers, good and bad, as bytes.

/// A good answer with these header lines, each with its line break, and this body.
pub fn ok(lines: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{lines}\r\n");
    [head.as_bytes(), body].concat()
}

/// A good answer with its length.
pub fn with_length(body: &[u8]) -> Vec<u8> {
    ok(&format!("Content-Length: {}\r\n", body.len()), body)
}

/// A good answer whose body is in this form of chunks.
pub fn chunked(body: &[u8]) -> Vec<u8> {
    ok("Transfer-Encoding: chunked\r\n", body)
}

/// The body in chunks of this length; `extension` is in each line with a size, `trailers` after the last one.
pub fn chunks(body: &[u8], length: usize, extension: &str, trailers: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in body.chunks(length) {
        bytes.extend(format!("{:x}{extension}\r\n", chunk.len()).into_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend(format!("0\r\n{trailers}\r\n").into_bytes());
    bytes
}

/// An answer without a body: this status line and these header lines, each with its line break.
pub fn status(status: &str, lines: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n{lines}\r\n").into_bytes()
}
