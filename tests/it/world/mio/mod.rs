//! Sockets of works in a host's poll, beside the host's own, and in a `MioDriver`.

mod driver;
mod ends;
mod host;
mod parked;
mod refused;

use crate::units::secs;
use crate::workbench::{Bench, Cx, Log};
use crankwork::{Failure, Io, Next, Work};
use mio::event::Event;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll as Poller, Token};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::ops::Range;
use std::task::{Poll, ready};
use std::time::Duration;

/// Tokens of works; the host's own are below.
const TOKENS: Range<usize> = 100..usize::MAX;

/// Longer than anything takes: a test that has to wait so long has failed.
const TOO_LONG: Duration = secs(30);

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Two connected streams: one for a work, one for the test.
fn pair() -> (TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (theirs, _) = listener.accept().unwrap();
    theirs.set_nonblocking(true).unwrap();
    ours.set_nodelay(true).unwrap();
    (TcpStream::from_std(theirs), ours)
}

/// Polls until something comes, or `time` is over. A signal to the process may interrupt the call.
fn poll_for(poll: &mut Poller, events: &mut Events, time: Option<Duration>) {
    while let Err(error) = poll.poll(events, time) {
        assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    }
}

/// A host with a poll of its own.
struct Host {
    poll: Poller,
    events: Events,
    b: Bench,
}

impl Host {
    fn new(config: crankwork::WorkSchedulerConfig) -> Host {
        let poll = Poller::new().unwrap();
        let mut b = Bench::new(config);
        b.s.attach(poll.registry(), TOKENS).unwrap();
        Host {
            poll,
            events: Events::with_capacity(64),
            b,
        }
    }

    /// Waits until something comes; what is not for the works goes to `own`.
    fn wait(&mut self, mut own: impl FnMut(&Poller, &Event)) {
        poll_for(&mut self.poll, &mut self.events, Some(TOO_LONG));
        assert!(!self.events.is_empty(), "nothing has come");
        for event in &self.events {
            let ours = self.b.s.handle_event(event);
            assert_eq!(ours, TOKENS.contains(&event.token().0));
            if !ours {
                own(&self.poll, event);
            }
        }
    }

    /// Cranks and waits until all works have settled.
    fn run(&mut self, mut own: impl FnMut(&Poller, &Event)) {
        loop {
            match self.b.crank().next {
                Next::Now => {}
                Next::External => self.wait(&mut own),
                Next::Idle => return,
                other => panic!("{other:?}: {}", self.b.s.stall_report()),
            }
        }
    }
}

/// Sends bytes and reads as many back.
struct Client {
    server: SocketAddr,
    bytes: Vec<u8>,
    sent: usize,
    got: Vec<u8>,
    stream: Option<Io<TcpStream>>,
}

impl Client {
    fn new(server: SocketAddr, bytes: Vec<u8>) -> Client {
        Client {
            server,
            bytes,
            sent: 0,
            got: Vec::new(),
            stream: None,
        }
    }
}

impl Work<Log, Vec<u8>> for Client {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<Vec<u8>, Failure>> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.server)?;
            self.stream = Some(cx.io().register(stream, BOTH)?);
        }
        let stream = self.stream.as_mut().unwrap();
        while self.sent < self.bytes.len() {
            if self.sent == 0 {
                ready!(stream.poll_connect())?;
            }
            match stream.poll_write(&self.bytes[self.sent..]) {
                Poll::Ready(n) => self.sent += n?,
                Poll::Pending => break,
            }
        }
        let mut buffer = [0; 1000];
        while self.got.len() < self.bytes.len() {
            match ready!(stream.poll_read(&mut buffer))? {
                0 => return Poll::Ready(Err(Failure::msg("the server has hung up"))),
                n => self.got.extend_from_slice(&buffer[..n]),
            }
        }
        Poll::Ready(Ok(std::mem::take(&mut self.got)))
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        self.stream = None;
        self.sent = 0;
        self.got.clear();
    }
}

/// Accepts and answers with what it gets, in the host's own way: sources, tokens and buffers are the host's.
struct EchoServer {
    listener: TcpListener,
    peers: Vec<(TcpStream, Vec<u8>)>,
}

impl EchoServer {
    fn new(poll: &Poller) -> (EchoServer, SocketAddr) {
        let (mut listener, address) = listener();
        let registry = poll.registry();
        registry
            .register(&mut listener, Token(0), Interest::READABLE)
            .unwrap();
        let peers = Vec::new();
        (EchoServer { listener, peers }, address)
    }

    fn handle(&mut self, poll: &Poller, event: &Event) {
        match event.token() {
            Token(0) => self.accept(poll),
            Token(n) => self.echo(n - 1),
        }
    }

    fn accept(&mut self, poll: &Poller) {
        while let Ok((mut peer, _)) = self.listener.accept() {
            let token = Token(self.peers.len() + 1);
            poll.registry().register(&mut peer, token, BOTH).unwrap();
            self.peers.push((peer, Vec::new()));
        }
    }

    fn echo(&mut self, n: usize) {
        use std::io::{Read, Write};
        let (peer, pending) = &mut self.peers[n];
        let mut buffer = [0; 700];
        loop {
            match peer.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => pending.extend_from_slice(&buffer[..n]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return,
            }
        }
        while !pending.is_empty()
            && let Ok(n) = peer.write(pending)
        {
            pending.drain(..n);
        }
    }
}
