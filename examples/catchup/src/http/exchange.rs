//! One request and its answer over a byte stream, a turn at a time.

use super::{Decoder, HttpError};
use crate::catchup::Cx;
use crate::net::Bytes;
use crankwork::Time;
use std::task::{Poll, ready};
use std::time::Duration;

/// So many bytes are read in one turn; then others have theirs.
const BYTES_PER_TURN: usize = 256 << 10;

/// A request under way.
pub struct Exchange {
    /// Given away with the answer.
    stream: Option<Box<dyn Bytes>>,
    request: Vec<u8>,
    sent: usize,
    decoder: Decoder,
    patience: Duration,
    /// Until then something must come or go.
    until: Time,
}

/// A complete answer.
pub struct Answer {
    /// Its body.
    pub body: Vec<u8>,
    /// The connection, if it can be used again.
    pub stream: Option<Box<dyn Bytes>>,
}

impl Exchange {
    /// Asks for a path. The body may have at most `limit` bytes; when nothing comes or goes for as long as `patience`,
    /// the exchange fails.
    pub fn new(
        stream: Box<dyn Bytes>,
        request: Vec<u8>,
        limit: usize,
        patience: Duration,
        now: Time,
    ) -> Exchange {
        Exchange {
            stream: Some(stream),
            request,
            sent: 0,
            decoder: Decoder::new(limit),
            patience,
            until: now.saturating_add(patience),
        }
    }

    /// Bytes that have come so far.
    pub fn received(&self) -> usize {
        self.decoder.received()
    }

    /// Bytes of the body that have come so far, and in all if that is known.
    pub fn body_progress(&self) -> (usize, Option<usize>) {
        self.decoder.body_progress()
    }

    /// Goes on as far as it can; the stream or the end of the patience wakes the work. Not to be polled again once it
    /// is ready.
    ///
    /// # Errors
    /// [`HttpError`].
    pub fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<Answer, HttpError>> {
        let mut budget = BYTES_PER_TURN;
        if let Poll::Ready(result) = self.advance(cx, &mut budget) {
            return Poll::Ready(result.map(|()| self.answer()));
        }
        if budget == 0 {
            return cx.yield_now();
        }
        if cx.now() >= self.until {
            return Poll::Ready(Err(HttpError::Stalled(self.patience)));
        }
        cx.wake_at(self.until);
        Poll::Pending
    }

    fn answer(&mut self) -> Answer {
        let (body, again) = self.decoder.take_body();
        Answer {
            body,
            stream: self
                .stream
                .take()
                .filter(|_| again)
                .and_then(Bytes::release),
        }
    }

    fn advance(&mut self, cx: &mut Cx<'_>, budget: &mut usize) -> Poll<Result<(), HttpError>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(Err(HttpError::Closed { received: 0 }));
        };
        while self.sent < self.request.len() {
            match ready!(stream.write(cx, &self.request[self.sent..]))? {
                0 => return Poll::Ready(Err(HttpError::Closed { received: 0 })),
                sent => self.sent += sent,
            }
            self.until = cx.now().saturating_add(self.patience);
        }
        let mut buffer = [0; 16 << 10];
        while *budget > 0 {
            let read = ready!(stream.read(cx, &mut buffer))?;
            if read == 0 {
                return Poll::Ready(self.decoder.end());
            }
            self.until = cx.now().saturating_add(self.patience);
            *budget = budget.saturating_sub(read);
            if self.decoder.feed(&buffer[..read])? {
                return Poll::Ready(Ok(()));
            }
        }
        Poll::Pending
    }
}
