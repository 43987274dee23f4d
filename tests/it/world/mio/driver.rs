//! The driver that owns its poll: real time, sockets, other threads, together.

use super::{BOTH, Client, listener};
use crate::units::{ms, secs};
use crate::workbench::{Cx, Log, OK, Probe};
use crankwork::{
    Driver, Failure, Io, MioDriver, Spec, ThreadOffload, Time, Work, WorkContext, WorkScheduler,
    WorkState,
};
use mio::Interest;
use mio::net::{TcpListener, TcpStream};
use std::task::{Poll, ready};

fn scheduler() -> (WorkScheduler<Log>, MioDriver) {
    let mut s = WorkScheduler::new(Default::default());
    let driver = MioDriver::new(&mut s).unwrap();
    (s, driver)
}

/// Serves as many clients as it is told, each by a child of its own.
struct Server {
    listener: Option<TcpListener>,
    io: Option<Io<TcpListener>>,
    clients: u32,
}

impl Work<Log> for Server {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        if let Some(listener) = self.listener.take() {
            self.io = Some(cx.io().register(listener, Interest::READABLE)?);
        }
        let io = self.io.as_mut().unwrap();
        while self.clients > 0 {
            let (stream, _) = ready!(io.poll_io(Interest::READABLE, |io| io.accept()))?;
            self.clients -= 1;
            cx.spawn(Spec::new("peer", Peer::new(stream)))?;
        }
        OK
    }
}

/// Sends back what it gets, until the other side hangs up.
struct Peer {
    stream: Option<TcpStream>,
    io: Option<Io<TcpStream>>,
    held: Vec<u8>,
}

impl Peer {
    fn new(stream: TcpStream) -> Peer {
        Peer {
            stream: Some(stream),
            io: None,
            held: Vec::new(),
        }
    }
}

impl Work<Log> for Peer {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        if let Some(stream) = self.stream.take() {
            self.io = Some(cx.io().register(stream, BOTH)?);
        }
        let io = self.io.as_mut().unwrap();
        let mut buffer = [0; 512];
        loop {
            while !self.held.is_empty() {
                let n = ready!(io.poll_write(&self.held))?;
                self.held.drain(..n);
            }
            match ready!(io.poll_read(&mut buffer))? {
                0 => return OK,
                n => self.held.extend_from_slice(&buffer[..n]),
            }
        }
    }
}

#[test]
fn servers_and_clients_are_works_of_one_scheduler() {
    let (mut s, mut driver) = scheduler();
    let (listener, address) = listener();
    let server = Server {
        listener: Some(listener),
        io: None,
        clients: 3,
    };
    s.set_pool_capacity("max_concurrency", 20);
    let server = s.add(Spec::new("server", server)).unwrap();
    let clients: Vec<_> = (0..3)
        .map(|n| {
            let client = Client::new(address, vec![n; 10_000]);
            s.add(Spec::new(format!("client {n}"), client)).unwrap()
        })
        .collect();
    s.run_until_done(&mut Log::default(), &mut driver).unwrap();
    assert_eq!(s.state(server), Some(WorkState::Success));
    for (n, client) in clients.into_iter().enumerate() {
        assert!(s.take(client) == Some(vec![n as u8; 10_000]), "client {n}");
    }
    assert_eq!(s.sources(), 0);
    assert!(driver.error().is_none());
}

#[test]
fn timers_threads_and_jobs_end_its_wait() {
    let (mut s, mut driver) = scheduler();
    s.set_offload(ThreadOffload::new(1).unwrap());
    let nap = ms(3);
    s.add(Spec::new(
        "sleeper",
        Probe::new(move |cx| cx.sleep(nap).map(Ok)),
    ))
    .unwrap();
    let mut ticket = None;
    let job = move |cx: &mut WorkContext<'_, Log>| {
        let ticket = ticket.get_or_insert_with(|| cx.offload(|| 6 * 7));
        ticket.poll(cx)
    };
    let job = s.add(Spec::new("job", job)).unwrap();
    let (sender, receiver) = std::sync::mpsc::channel::<crankwork::RemoteWaker>();
    let mut sender = Some(sender);
    let woken = Probe::new(move |cx| match sender.take() {
        Some(sender) => {
            sender.send(cx.remote_waker()).unwrap();
            Poll::Pending
        }
        None => OK,
    });
    s.add(Spec::new("woken", woken)).unwrap();
    let thread = std::thread::spawn(move || receiver.recv().unwrap().wake());
    s.run_until_done(&mut Log::default(), &mut driver).unwrap();
    thread.join().unwrap();
    assert_eq!(s.take(job), Some(42));
    assert!(s.now() >= Time::ZERO.saturating_add(nap));
}

#[test]
fn works_that_are_always_busy_do_not_keep_the_driver_from_looking() {
    let (mut s, mut driver) = scheduler();
    let (listener, address) = listener();
    let server = Server {
        listener: Some(listener),
        io: None,
        clients: 1,
    };
    s.add(Spec::new("server", server)).unwrap();
    let client = s
        .add(Spec::new("client", Client::new(address, vec![1; 100])))
        .unwrap();
    // Yields until the client is done: the scheduler always says `Now`.
    let busy = Probe::new(move |cx| match cx.state(client) {
        Some(state) if state.is_settled() => OK,
        _ => cx.yield_now(),
    });
    s.add(Spec::new("busy", busy).deadline(Time::ZERO.saturating_add(secs(60))))
        .unwrap();
    let summary = s.run_until_done(&mut Log::default(), &mut driver).unwrap();
    assert_eq!(s.state(client), Some(WorkState::Success));
    assert!(summary.finished < Time::ZERO.saturating_add(secs(60)));
    assert!(driver.now() >= summary.finished);
}
