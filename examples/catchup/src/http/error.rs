//! What can go wrong with a request.

use std::io;
use std::time::Duration;
use thiserror::Error;

/// Why a request brought no file.
#[derive(Debug, Error)]
pub enum HttpError {
    /// The connection failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server closed the connection too early.
    #[error("the connection was closed after {received} bytes of the answer")]
    Closed {
        /// Bytes that had come by then.
        received: usize,
    },
    /// Nothing came or went for so long.
    #[error("nothing came for {0:?}")]
    Stalled(Duration),
    /// The answer is not HTTP/1.1.
    #[error("the answer is not valid HTTP/1.1: {0}")]
    Malformed(String),
    /// The answer is larger than it may be.
    #[error("the {what} is larger than the {limit} bytes that are allowed")]
    TooLarge {
        /// Which part.
        what: &'static str,
        /// Bytes allowed.
        limit: usize,
    },
    /// A redirect, which an archive does not need.
    #[error("the server redirects (status {0}); redirects are refused")]
    Redirect(u16),
    /// Another answer than 200.
    #[error("the server answered with status {code}")]
    Status {
        /// The status.
        code: u16,
        /// When to come back, if the server says so.
        retry_after: Option<Duration>,
    },
}

impl HttpError {
    /// Whether another request may bring the file.
    pub fn may_pass(&self) -> bool {
        match self {
            HttpError::Io(_)
            | HttpError::Closed { .. }
            | HttpError::Stalled(_)
            | HttpError::Malformed(_) => true,
            // 408: timeout, 429: too many requests; 5xx: the server's own trouble.
            HttpError::Status { code, .. } => matches!(code, 408 | 429 | 500..=599),
            HttpError::TooLarge { .. } | HttpError::Redirect(_) => false,
        }
    }

    /// When to come back, if the server says so.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            HttpError::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}
