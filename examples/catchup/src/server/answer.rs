//! The bytes of an answer, made while they are sent: a piece of a file is in memory, never a file.

use crankwork::Stream;
use std::io::{self, Cursor, ErrorKind, Read};

/// The longest chunk, in bytes.
const LONGEST_CHUNK: u64 = 16 << 10;

/// An answer, to be read once.
pub struct Answer {
    /// What comes before more of the body: the head, or a line between chunks.
    line: Cursor<Vec<u8>>,
    body: Box<dyn Read + Send>,
    /// Bytes of the body before the next line.
    part: u64,
    /// Bytes of the body after that.
    rest: u64,
    framing: Framing,
    /// At least so many bytes are in it; chunks have lines in between besides.
    least: u64,
    /// What has been read, and where the answer is cut short.
    read: u64,
    cut: u64,
    /// The byte that is changed, and the bits in it.
    flip: Option<(u64, u8)>,
}

/// How the end of the body is told.
enum Framing {
    /// By its length.
    Length,
    /// By the last chunk; their sizes are random.
    Chunks {
        /// The random numbers.
        sizes: Stream,
        /// Whether none has begun.
        first: bool,
    },
}

impl Answer {
    /// An answer without a body.
    pub fn plain(status: &str) -> Answer {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        Answer::new(head, Box::new(io::empty()), 0, Framing::Length)
    }

    /// The first `length` bytes of the body, after a head that says so.
    pub fn with_length(body: Box<dyn Read + Send>, length: u64) -> Answer {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        Answer::new(head, body, length, Framing::Length)
    }

    /// The first `length` bytes of the body in chunks.
    pub fn in_chunks(body: Box<dyn Read + Send>, length: u64, sizes: Stream) -> Answer {
        let head = String::from("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        Answer::new(head, body, length, Framing::Chunks { sizes, first: true })
    }

    fn new(head: String, body: Box<dyn Read + Send>, length: u64, framing: Framing) -> Answer {
        let part = match framing {
            Framing::Length => length,
            Framing::Chunks { .. } => 0,
        };
        Answer {
            least: head.len() as u64 + length,
            line: Cursor::new(head.into_bytes()),
            body,
            part,
            rest: length - part,
            framing,
            read: 0,
            cut: u64::MAX,
            flip: None,
        }
    }

    /// At least so many bytes are in it, before it is cut.
    pub fn least(&self) -> u64 {
        self.least
    }

    /// Only so many bytes are sent.
    pub fn cut(&mut self, length: u64) {
        self.cut = length;
    }

    /// Changes these bits of the byte at this place.
    pub fn flip(&mut self, at: u64, bits: u8) {
        self.flip = Some((at, bits));
    }

    /// The line before the next chunk, or after the last; `false` after that.
    fn next_line(&mut self) -> bool {
        let Framing::Chunks { sizes, first } = &mut self.framing else {
            return false;
        };
        let before = match std::mem::take(first) {
            true => "",
            false => "\r\n",
        };
        self.part = self.rest.min(1 + sizes.below(LONGEST_CHUNK));
        self.rest -= self.part;
        let line = match self.part {
            0 => {
                self.framing = Framing::Length;
                format!("{before}0\r\n\r\n")
            }
            size => format!("{before}{size:x}\r\n"),
        };
        self.line = Cursor::new(line.into_bytes());
        true
    }

    fn read_whole(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.line.read(buffer)?;
        if length > 0 {
            return Ok(length);
        }
        if self.part == 0 {
            return match self.next_line() {
                true => self.line.read(buffer),
                false => Ok(0),
            };
        }
        let wanted = buffer
            .len()
            .min(usize::try_from(self.part).unwrap_or(usize::MAX));
        match self.body.read(&mut buffer[..wanted])? {
            // It has become shorter since it was opened, and the head is sent.
            0 => Err(ErrorKind::UnexpectedEof.into()),
            length => {
                self.part -= length as u64;
                Ok(length)
            }
        }
    }
}

impl Read for Answer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.cut - self.read).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        if wanted == 0 {
            return Ok(0);
        }
        let length = self.read_whole(&mut buffer[..wanted])?;
        if let Some((at, bits)) = self.flip
            && let Some(back) = at.checked_sub(self.read)
            && back < length as u64
        {
            buffer[back as usize] ^= bits;
        }
        self.read += length as u64;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(mut answer: Answer) -> String {
        let mut bytes = Vec::new();
        answer.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn hello() -> Box<dyn Read + Send> {
        Box::new(&b"hello world"[..])
    }

    #[test]
    fn a_body_with_its_length() {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
        let answer = Answer::with_length(hello(), 5);
        assert_eq!(answer.least(), head.len() as u64 + 5);
        assert_eq!(text(answer), format!("{head}hello"));
    }

    #[test]
    fn a_body_in_chunks_and_none() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let empty = Answer::in_chunks(hello(), 0, Stream::new(1));
        assert_eq!(text(empty), format!("{head}0\r\n\r\n"));
        let body = vec![b'x'; 100_000];
        let mut decoder = crate::http::Decoder::new(100_000);
        let answer = text(Answer::in_chunks(
            Box::new(Cursor::new(body.clone())),
            100_000,
            Stream::new(1),
        ));
        assert!(decoder.feed(answer.as_bytes()).unwrap());
        assert_eq!(decoder.take_body(), (body, true));
    }

    #[test]
    fn cut_and_flipped_at_their_places() {
        let whole = text(Answer::with_length(hello(), 11));
        for at in 0..whole.len() as u64 {
            let mut cut = Answer::with_length(hello(), 11);
            cut.cut(at);
            assert_eq!(text(cut), whole[..at as usize]);
            let mut flipped = Answer::with_length(hello(), 11);
            flipped.flip(at, 1);
            let flipped = text(flipped).into_bytes();
            let differing = |place: &usize| flipped[*place] != whole.as_bytes()[*place];
            let places: Vec<usize> = (0..whole.len()).filter(differing).collect();
            assert_eq!(places, [at as usize]);
        }
    }

    #[test]
    fn a_body_that_has_become_shorter_is_an_error() {
        let mut answer = Answer::with_length(hello(), 12);
        let error = answer.read_to_end(&mut Vec::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    }
}
