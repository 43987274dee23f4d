//! How do works use sockets in a main loop that has sockets of its own?
//!
//! ```text
//! cargo run --example host_sockets
//! ```
//!
//! The host owns the `mio::Poll`. It keeps the tokens below 100 for itself and lends the rest to the scheduler. An
//! event belongs to the scheduler or to the host.

use crankwork::{
    Budget, Failure, Io, MonotonicClock, Next, Retry, Spec, Work, WorkContext, WorkScheduler,
};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Token, Waker};
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;
use std::task::{Poll, ready};

const LISTENER: Token = Token(0);
const WAKER: Token = Token(1);
const FIRST_OF_WORKS: usize = 100;

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// The host's state, lent to each work for its turn.
#[derive(Default)]
struct Node {
    answers: Vec<String>,
}

/// Connects, and reads until the server closes the connection.
struct Ask {
    address: SocketAddr,
    stream: Option<(Io<TcpStream>, Vec<u8>)>,
}

impl Work<Node> for Ask {
    fn poll(&mut self, cx: &mut WorkContext<'_, Node>) -> Poll<Result<(), Failure>> {
        let (stream, answer) = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address)?;
                let stream = cx.io().register(stream, BOTH)?;
                self.stream.insert((stream, Vec::new()))
            }
        };
        // On some systems a stream cannot be read before it is connected; it is connected when it is writable.
        ready!(stream.poll_connect())?;
        let mut buffer = [0; 64];
        loop {
            match ready!(stream.poll_read(&mut buffer))? {
                0 => break,
                n => answer.extend_from_slice(&buffer[..n]),
            }
        }
        let answer = String::from_utf8_lossy(answer);
        cx.app.answers.push(format!("{}: {answer}", cx.name()));
        Poll::Ready(Ok(()))
    }

    /// Each attempt has a connection of its own.
    fn on_reset(&mut self, _: &mut WorkContext<'_, Node>) {
        self.stream = None;
    }
}

/// The host's own business: it greets each peer that connects, and hangs up.
fn greet(listener: &TcpListener, greeted: &mut u32) -> std::io::Result<()> {
    loop {
        match listener.accept() {
            Ok((mut peer, _)) => {
                *greeted += 1;
                peer.write_all(format!("you are number {greeted}").as_bytes())?;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut poll = mio::Poll::new()?;
    let mut listener = TcpListener::bind("127.0.0.1:0".parse()?)?;
    let address = listener.local_addr()?;
    let registry = poll.registry();
    registry.register(&mut listener, LISTENER, Interest::READABLE)?;

    let mut work = WorkScheduler::<Node>::new(Default::default());
    work.attach(poll.registry(), FIRST_OF_WORKS..usize::MAX)?;
    // A poll has one waker, which the host owns; other threads' wakes arrive through it.
    let waker = Waker::new(poll.registry(), WAKER)?;
    work.set_notifier(move || drop(waker.wake()));

    for name in ["a", "b", "c"] {
        work.add(
            Spec::new(
                name,
                Ask {
                    address,
                    stream: None,
                },
            )
            .retry(Retry::A_FEW),
        )?;
    }

    let (clock, mut node) = (MonotonicClock::new(), Node::default());
    let (mut events, mut greeted) = (Events::with_capacity(64), 0);
    loop {
        let crank = work.crank_work(clock.now(), &mut node, Budget::turns(100));
        match crank.next {
            Next::Idle => break,
            Next::Stalled => return Err(work.stall_report().to_string().into()),
            next => match poll.poll(&mut events, next.timeout(clock.now())) {
                // A signal has ended the wait; the next crank finds nothing new.
                Err(error) if error.kind() == ErrorKind::Interrupted => events.clear(),
                done => done?,
            },
        }
        for event in &events {
            if !work.handle_event(event) && event.token() == LISTENER {
                greet(&listener, &mut greeted)?;
            }
        }
    }
    println!("{}", node.answers.join("\n"));
    println!("{greeted} were greeted by the host itself");
    Ok(())
}
