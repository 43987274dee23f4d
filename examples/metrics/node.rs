//! The host: a main loop with works, and with a page of metrics on a socket of its own.

use super::exporter::Exporter;
use super::server::{Server, TOKENS};
use crankwork::{
    Budget, Failure, Measure, MonotonicClock, Next, Retry, Spec, WorkContext, WorkScheduler,
    WorkSchedulerConfig,
};
use mio::{Events, Poll, Token, Waker};
use std::error::Error;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::task::ready;
use std::time::Duration;

/// The first token of works. The waker has the one before.
const FIRST_OF_WORKS: usize = TOKENS + 1;

pub struct Node {
    pub work: WorkScheduler<()>,
    clock: MonotonicClock,
    poll: Poll,
    server: Server,
    exporter: Exporter,
}

impl Node {
    /// Returns a node without works that serves its page on `address`.
    pub fn new(address: SocketAddr) -> Result<Self, Box<dyn Error>> {
        let (poll, clock) = (Poll::new()?, MonotonicClock::new());
        let server = Server::new(address, poll.registry())?;
        // `get/3f` counts as `get`, since files have names without end.
        let measure = Measure::ByPrefix { end: '/', most: 50 };
        let config = WorkSchedulerConfig::default()
            .max_concurrency(8)
            .pool("disk", 2)
            .measure(measure);
        let mut work = WorkScheduler::new(config);
        work.set_clock(move || clock.now());
        let waker = Waker::new(poll.registry(), Token(TOKENS))?;
        work.set_notifier(move || drop(waker.wake()));
        work.attach(poll.registry(), FIRST_OF_WORKS..usize::MAX)?;
        Ok(Node {
            work,
            clock,
            poll,
            server,
            exporter: Exporter::new()?,
        })
    }

    /// Returns where the page is.
    pub fn address(&self) -> Result<SocketAddr, Box<dyn Error>> {
        Ok(self.server.address()?)
    }

    /// Adds downloads, some of which fail once, and their checks, which need a disk.
    pub fn add_works(&mut self, files: u64) -> Result<(), Box<dyn Error>> {
        for file in 0..files {
            let get = move |cx: &mut WorkContext<'_, ()>| {
                ready!(cx.sleep(Duration::from_millis(1 + file % 3)));
                std::task::Poll::Ready(match cx.attempt() {
                    1 if file % 5 == 0 => Err(Failure::retry_after("reset", Duration::ZERO)),
                    _ => Ok(()),
                })
            };
            let get = Spec::new(format!("get/{file:02x}"), get).retry(Retry::A_FEW);
            let get = self.work.add(get)?;
            let verify = |cx: &mut WorkContext<'_, ()>| {
                ready!(cx.sleep(Duration::from_millis(2)));
                std::task::Poll::Ready(Ok(()))
            };
            let verify = Spec::new(format!("verify/{file:02x}"), verify);
            self.work.add(verify.after(get).pool("disk", 1))?;
        }
        Ok(())
    }

    /// Runs until all works are done and the page has been served `pages` times.
    pub fn run(&mut self, pages: u64) -> Result<(), Box<dyn Error>> {
        let (mut events, mut served) = (Events::with_capacity(64), 0);
        loop {
            let crank = self
                .work
                .crank_work(self.clock.now(), &mut (), Budget::turns(100));
            let wait = match crank.next {
                Next::Idle if served >= pages => return Ok(()),
                Next::Idle => None,
                Next::Stalled => return Err(self.work.stall_report().to_string().into()),
                next => next.timeout(self.clock.now()),
            };
            match self.poll.poll(&mut events, wait) {
                Err(error) if error.kind() == ErrorKind::Interrupted => events.clear(),
                done => done?,
            }
            for event in &events {
                if !self.work.handle_event(event) {
                    let (work, exporter) = (&self.work, &mut self.exporter);
                    let mut page = || exporter.page(work.measured().unwrap_or_default());
                    let registry = self.poll.registry();
                    served += self.server.handle(event, registry, &mut page)? as u64;
                }
            }
        }
    }
}
