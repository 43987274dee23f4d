//! HTTP/1.1 as a client of an archive needs it: GET, keep-alive, bodies with a length or in chunks. Interim answers
//! (1xx) are skipped, redirects are refused. Sizes and waiting times are bounded: the body, the head, and everything
//! between the body's parts. The bytes may come in any pieces, and the pieces make no difference.

mod chunked;
mod date;
mod error;
mod exchange;
mod response;

pub use error::HttpError;
pub use exchange::{Answer, Exchange};
pub use response::Decoder;

/// The request for a path.
pub fn get(host: &str, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: crankwork-catchup\r\n\r\n")
        .into_bytes()
}
