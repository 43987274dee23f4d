//! The client against any bytes in any pieces: the decoder alone, and a whole exchange in virtual time.

use catchup::catchup::{App, Cx, Settings};
use catchup::http::{Decoder, Exchange, HttpError, get};
use catchup::net::{Bytes, Network};
use catchup::store::Memory;
use crankwork::{Budget, Failure, Next, Spec, Time, Work, WorkScheduler, WorkSchedulerConfig};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

/// The most bytes of a body.
const LIMIT: usize = 1_000;

/// Between two pieces.
const GAP: Duration = Duration::from_millis(1);

/// The body and whether the connection can be used again, or the error in words.
type Outcome = Result<(Vec<u8>, bool), String>;

/// Reads the bytes as an answer, in one piece and in others. The first byte says how many of the next ones are the
/// lengths of pieces.
///
/// # Panics
/// If the pieces make a difference, a bound does not hold, or an exchange does not end.
pub fn check(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else {
        return;
    };
    let (cuts, answer) = rest.split_at(rest.len().min(usize::from(first % 8)));
    let pieces = pieces(cuts, answer);
    let whole = decoded(&[answer]);
    let in_pieces = decoded(&pieces);
    let same = match (&whole, &in_pieces) {
        // What comes after the answer is seen only if it comes in its last piece.
        (Ok((one, keeps)), Ok((other, other_keeps))) => one == other && keeps <= other_keeps,
        (one, other) => one == other,
    };
    assert!(same, "in one piece {whole:?}, in pieces {in_pieces:?}");
    let exchanged = exchanged(&pieces);
    assert_eq!(exchanged, in_pieces, "an exchange, then a decoder alone");
}

/// The bytes in pieces of these lengths, again and again; without any, byte by byte.
fn pieces<'a>(cuts: &[u8], mut answer: &'a [u8]) -> Vec<&'a [u8]> {
    let mut lengths = cuts.iter().copied().cycle();
    let mut pieces = Vec::new();
    while !answer.is_empty() {
        let length = 1 + usize::from(lengths.next().unwrap_or_default());
        let (piece, rest) = answer.split_at(length.min(answer.len()));
        pieces.push(piece);
        answer = rest;
    }
    pieces
}

fn decoded(pieces: &[&[u8]]) -> Outcome {
    let mut decoder = Decoder::new(LIMIT);
    let ended = feed(&mut decoder, pieces);
    let (come, total) = decoder.body_progress();
    assert!(come <= LIMIT + longest(pieces), "{come} bytes of a body");
    match ended {
        Ok(()) => {
            assert_eq!(total.unwrap_or(come), come);
            let (body, keeps) = decoder.take_body();
            assert!(body.len() <= LIMIT, "{} bytes of a body", body.len());
            Ok((body, keeps))
        }
        Err(error) => Err(in_words(&error)),
    }
}

fn longest(pieces: &[&[u8]]) -> usize {
    pieces
        .iter()
        .map(|piece| piece.len())
        .max()
        .unwrap_or_default()
}

fn feed(decoder: &mut Decoder, pieces: &[&[u8]]) -> Result<(), HttpError> {
    for piece in pieces {
        if decoder.feed(piece)? {
            return Ok(());
        }
    }
    decoder.end()
}

fn in_words(error: &HttpError) -> String {
    let text = error.to_string();
    assert!(text.len() < 20_000, "{} bytes of message", text.len());
    text
}

/// A connection over which these pieces come; then it is closed.
struct Pieces(VecDeque<(Time, Vec<u8>)>);

impl Bytes for Pieces {
    fn read(&mut self, cx: &mut Cx<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        match self.0.front_mut() {
            None => Poll::Ready(Ok(0)),
            Some((at, _)) if *at > cx.now() => {
                cx.wake_at(*at);
                Poll::Pending
            }
            Some((_, piece)) => {
                let length = piece.len().min(buffer.len());
                buffer[..length].copy_from_slice(&piece[..length]);
                piece.drain(..length);
                if piece.is_empty() {
                    self.0.pop_front();
                }
                Poll::Ready(Ok(length))
            }
        }
    }

    fn write(&mut self, _: &mut Cx<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn release(self: Box<Self>) -> Option<Box<dyn Bytes>> {
        Some(self)
    }
}

/// The exchange needs none.
struct NoNetwork;

impl Network for NoNetwork {
    fn connect(&mut self, _: Time) -> io::Result<Box<dyn Bytes>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// The work that asks.
struct Ask {
    exchange: Exchange,
    outcome: Rc<RefCell<Option<Outcome>>>,
}

impl Work<App> for Ask {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        let result = ready!(self.exchange.poll(cx));
        let outcome = result.map(|answer| (answer.body, answer.stream.is_some()));
        *self.outcome.borrow_mut() = Some(outcome.map_err(|error| in_words(&error)));
        Poll::Ready(Ok(()))
    }
}

fn exchanged(pieces: &[&[u8]]) -> Outcome {
    let settings = Settings::local(1);
    let mut at = Time::ZERO;
    let coming = pieces.iter().map(|piece| {
        at = at.saturating_add(GAP);
        (at, piece.to_vec())
    });
    let stream = Box::new(Pieces(coming.collect()));
    let exchange = Exchange::new(
        stream,
        get("host", "/"),
        LIMIT,
        settings.patience,
        Time::ZERO,
    );
    let outcome = Rc::new(RefCell::new(None));
    let ask = Ask {
        exchange,
        outcome: outcome.clone(),
    };
    let mut app = App::new(settings, Box::new(NoNetwork), Arc::new(Memory::new()), None);
    let mut scheduler = WorkScheduler::new(WorkSchedulerConfig::default());
    scheduler
        .add(Spec::new("ask", ask))
        .expect("an empty scheduler");
    let mut now = Time::ZERO;
    loop {
        match scheduler
            .crank_work(now, &mut app, Budget::unlimited())
            .next
        {
            Next::At(next) => now = next,
            Next::Idle => break,
            next => panic!("the exchange does not end: {next:?}"),
        }
    }
    assert!(now <= at, "{now} is later than the last piece, {at}");
    outcome.take().expect("the work has ended")
}
