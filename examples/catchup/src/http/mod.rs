//! HTTP/1.1 as a client of an archive needs it: GET, keep-alive, bodies with a length or in chunks. Sizes and waiting
//! times are bounded, redirects are refused. The bytes may come in any pieces.

mod chunked;
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
