//! Requests, read as they come.

/// The longest head of a request, in bytes.
const HEAD_LIMIT: usize = 8 << 10;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// A path, without the slash in front.
    Get(String),
    /// Something that this server does not understand; the connection is closed after the answer.
    Bad,
}

/// Reads the requests of one connection.
#[derive(Debug, Default)]
pub struct Requests {
    buffer: Vec<u8>,
    broken: bool,
}

impl Requests {
    /// Nothing read yet.
    pub fn new() -> Requests {
        Requests::default()
    }

    /// Takes what has come.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next request, if it is complete. After a bad one there are no more.
    pub fn take(&mut self) -> Option<Request> {
        if self.broken {
            return None;
        }
        let mut lines = [httparse::EMPTY_HEADER; 32];
        let mut request = httparse::Request::new(&mut lines);
        match request.parse(&self.buffer) {
            Ok(httparse::Status::Complete(length)) => {
                let path = request.path.and_then(|path| path.strip_prefix('/'));
                let read = match (request.method, path) {
                    (Some("GET"), Some(path)) => Request::Get(path.to_owned()),
                    _ => Request::Bad,
                };
                self.broken = read == Request::Bad;
                self.buffer.drain(..length);
                Some(read)
            }
            Ok(httparse::Status::Partial) if self.buffer.len() <= HEAD_LIMIT => None,
            _ => {
                self.broken = true;
                Some(Request::Bad)
            }
        }
    }
}
