//! A few connections of the host's own: each is asked for a page, gets it, and is closed.

use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use std::io::{ErrorKind, Read, Result, Write};
use std::net::SocketAddr;

/// The longest request, in bytes; a longer one is hung up on.
const REQUEST: usize = 8 * 1024;

/// The most connections at a time; further ones are hung up on.
const CLIENTS: usize = 16;

/// A listener and its connections. They have the tokens from 0 on.
pub struct Server {
    listener: TcpListener,
    clients: [Option<Client>; CLIENTS],
}

/// The tokens of a server: the first for the listener, then one for each client.
pub const TOKENS: usize = 1 + CLIENTS;

struct Client {
    stream: TcpStream,
    request: Vec<u8>,
    /// The answer, as soon as the request is complete, and how much of it has been sent.
    answer: Option<(Vec<u8>, usize)>,
}

impl Server {
    /// Listens on `address`. Port 0 lets the system choose one.
    pub fn new(address: SocketAddr, registry: &Registry) -> Result<Self> {
        let mut listener = TcpListener::bind(address)?;
        registry.register(&mut listener, Token(0), Interest::READABLE)?;
        Ok(Server {
            listener,
            clients: Default::default(),
        })
    }

    /// Returns where the server listens.
    pub fn address(&self) -> Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Goes on with what the event is about, and never waits. Returns whether a page was sent to its end. Calls `page`
    /// for each complete request.
    pub fn handle(
        &mut self,
        event: &Event,
        registry: &Registry,
        page: &mut dyn FnMut() -> String,
    ) -> Result<bool> {
        let Token(number) = event.token();
        let Some(place) = number.checked_sub(1) else {
            return self.accept(registry).map(|()| false);
        };
        let Some(client) = self.clients.get_mut(place).and_then(Option::as_mut) else {
            return Ok(false);
        };
        match client.go_on(page) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(false),
            // A peer that breaks off is no reason to end the program.
            done => {
                self.clients[place] = None;
                Ok(done.is_ok_and(|sent| sent))
            }
        }
    }

    fn accept(&mut self, registry: &Registry) -> Result<()> {
        loop {
            let mut stream = match self.listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            if let Some(place) = self.clients.iter().position(Option::is_none) {
                let both = Interest::READABLE | Interest::WRITABLE;
                registry.register(&mut stream, Token(place + 1), both)?;
                self.clients[place] = Some(Client {
                    stream,
                    request: Vec::new(),
                    answer: None,
                });
            }
        }
    }
}

impl Client {
    /// Reads and writes as far as possible. Returns whether the answer is sent; a broken request has none.
    fn go_on(&mut self, page: &mut dyn FnMut() -> String) -> Result<bool> {
        let mut buffer = [0; 1024];
        let (answer, sent) = loop {
            if let Some(answer) = &mut self.answer {
                break answer;
            }
            let read = self.stream.read(&mut buffer)?;
            self.request.extend_from_slice(&buffer[..read]);
            if self.request.windows(4).any(|end| end == b"\r\n\r\n") {
                self.answer = Some((answer_with(&page()), 0));
            } else if read == 0 || self.request.len() > REQUEST {
                return Ok(false);
            }
        };
        while *sent < answer.len() {
            *sent += self.stream.write(&answer[*sent..])?;
        }
        Ok(true)
    }
}

fn answer_with(page: &str) -> Vec<u8> {
    let length = page.len();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8";
    format!("{head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{page}").into_bytes()
}
