//! A host's own poll and sources.

use super::{BOTH, Client, EchoServer, Host, listener, pair, poll_for};
use crate::units::{at_secs, secs};
use crate::workbench::{Cx, OK, Probe};
use crankwork::{Io, Next, Spec, WorkSchedulerConfig, WorkState};
use mio::Interest;
use mio::net::TcpStream;
use std::cell::RefCell;
use std::io::Write;
use std::rc::Rc;
use std::task::{Poll, ready};

fn config() -> WorkSchedulerConfig {
    WorkSchedulerConfig::default().max_concurrency(100)
}

#[test]
fn works_and_the_host_share_one_poll() {
    let mut host = Host::new(config());
    let (mut server, address) = EchoServer::new(&host.poll);
    // More than the buffers of a socket hold, so that writing blocks too.
    let bytes = |n: usize| (0..300_000).map(|i| (i * n) as u8).collect::<Vec<u8>>();
    let clients: Vec<_> = (1..6)
        .map(|n| {
            let client = Client::new(address, bytes(n));
            host.b
                .s
                .add(Spec::new(format!("client {n}"), client))
                .unwrap()
        })
        .collect();
    host.run(|poll, event| server.handle(poll, event));
    for (n, &client) in clients.iter().enumerate() {
        assert!(host.b.s.take(client) == Some(bytes(n + 1)), "client {n}");
    }
    assert_eq!(host.b.s.sources(), 0);
    assert_eq!(server.peers.len(), 5);
}

/// Works that read from the stream that they are given, one line at a time.
fn reader(stream: TcpStream) -> Probe {
    let (mut stream, mut io) = (Some(stream), None);
    Probe::new(move |cx| {
        if let Some(stream) = stream.take() {
            io = Some(cx.io().register(stream, Interest::READABLE)?);
        }
        let io: &mut Io<TcpStream> = io.as_mut().unwrap();
        let mut byte = [0];
        match ready!(io.poll_read(&mut byte))? {
            0 => OK,
            _ => {
                cx.app.push(format!("got {}", byte[0] as char));
                cx.yield_now()
            }
        }
    })
}

#[test]
fn a_work_that_stops_reading_in_the_middle_goes_on_without_another_event() {
    let mut host = Host::new(config());
    let (stream, mut peer) = pair();
    host.b.add_spec(Spec::new("reader", reader(stream)));
    assert_eq!(host.b.crank().next, Next::External);
    for text in ["abc", "de"] {
        peer.write_all(text.as_bytes()).unwrap();
        // One event, but a turn for each byte.
        let last = &text[text.len() - 1..];
        while !host.b.log.lines.iter().any(|line| line.ends_with(last)) {
            host.wait(|_, _| ());
            assert_eq!(host.b.crank().next, Next::External);
        }
    }
    drop(peer);
    host.run(|_, _| ());
    host.b.log.lines.retain(|line| line.starts_with("got"));
    assert_eq!(
        host.b.log.lines,
        ["got a", "got b", "got c", "got d", "got e"]
    );
}

#[test]
fn l08_a_sleeper_may_wait_for_a_source_alone() {
    let mut host = Host::new(config());
    let (stream, peer) = pair();
    let reader = host.b.s.add(Spec::new("reader", reader(stream))).unwrap();
    assert_eq!(host.b.crank().next, Next::External, "no LostWake");
    assert_eq!(host.b.s.state(reader), Some(WorkState::Waiting));
    let report = host.b.s.stall_report().to_string();
    assert!(
        report.contains("waits for 1 registered sources"),
        "{report}"
    );
    let status = host.b.s.status();
    assert_eq!(status, "reader: Waiting : 1 sources registered\n");
    drop(peer);
    host.run(|_, _| ());
    assert_eq!(host.b.s.state(reader), Some(WorkState::Success));
}

#[test]
fn l08_a_sleeper_whose_last_source_is_dropped_elsewhere_is_woken() {
    let mut host = Host::new(config());
    let (stream, _peer) = pair();
    let lent: Rc<RefCell<Option<Io<TcpStream>>>> = Rc::default();
    let (mut stream, keeper) = (Some(stream), lent.clone());
    let work = Probe::new(move |cx| {
        if let Some(stream) = stream.take() {
            *keeper.borrow_mut() = Some(cx.io().register(stream, BOTH)?);
        }
        match &*keeper.borrow() {
            Some(_) => Poll::Pending,
            None => OK,
        }
    });
    let work = host.b.s.add(Spec::new("work", work)).unwrap();
    assert_eq!(host.b.crank().next, Next::External);
    lent.take();
    assert_eq!(host.b.s.next(), Next::Now);
    assert_eq!(host.b.crank().next, Next::Idle);
    assert_eq!(host.b.s.state(work), Some(WorkState::Success));
}

#[test]
fn a_dropped_source_wakes_nobody_who_waits_for_something_else() {
    let mut host = Host::new(config());
    let (stream, _peer) = pair();
    let mut stream = Some(stream);
    let work = Probe::new(move |cx: &mut Cx<'_>| {
        if let Some(stream) = stream.take() {
            drop(cx.io().register(stream, BOTH)?);
        }
        cx.sleep(secs(5)).map(Ok)
    });
    host.b.add_spec(Spec::new("work", work));
    assert_eq!(host.b.crank().next, Next::At(at_secs(5)));
    assert_eq!(host.b.s.sources(), 0);
    assert_eq!(host.b.log.lines, ["work: on_reset", "work: poll 1"]);
    assert_eq!(host.b.crank_at(at_secs(5)).next, Next::Idle);
}

#[test]
fn l07_events_before_a_turn_merge_into_one() {
    let mut host = Host::new(config());
    let (mut theirs, mut ours): (Vec<_>, Vec<_>) = (0..4).map(|_| pair()).unzip();
    let mut streams = Vec::new();
    let work = Probe::new(move |cx| {
        for stream in theirs.drain(..) {
            streams.push(cx.io().register(stream, Interest::READABLE)?);
        }
        let mut byte = [0];
        let mut ready: Vec<usize> = Vec::new();
        for (n, stream) in streams.iter_mut().enumerate() {
            // Only a source that has something costs a call.
            if stream.is_readable() && stream.poll_read(&mut byte).is_ready() {
                ready.push(n);
            }
        }
        cx.app.push(format!("ready {ready:?}"));
        Poll::Pending
    });
    let work = host.b.s.add(Spec::new("work", work)).unwrap();
    assert_eq!(host.b.crank().next, Next::External);
    ours[1].write_all(b"x").unwrap();
    ours[3].write_all(b"y").unwrap();
    let mut heard = 0;
    while heard < 2 {
        poll_for(&mut host.poll, &mut host.events, None);
        for event in &host.events {
            assert!(host.b.s.handle_event(event));
            heard += 1;
        }
    }
    assert_eq!(host.b.s.next(), Next::Now);
    assert_eq!(host.b.crank().next, Next::External);
    host.b.log.lines.retain(|line| line.starts_with("ready"));
    assert_eq!(host.b.log.lines, ["ready []", "ready [1, 3]"]);
    host.b.s.cancel(work).unwrap();
    assert_eq!(host.b.crank().next, Next::Idle);
}

#[test]
fn interests_can_be_changed_and_sources_taken_back() {
    let mut host = Host::new(config());
    let (stream, mut peer) = pair();
    let (mut stream, mut io) = (Some(stream), None);
    let back: Rc<RefCell<Option<TcpStream>>> = Rc::default();
    let gives = back.clone();
    let work = Probe::new(move |cx| {
        if let Some(stream) = stream.take() {
            let mut registered = cx.io().register(stream, Interest::WRITABLE)?;
            let wrong = registered.poll_read(&mut [0]);
            cx.app.push(format!("{wrong:?}"));
            assert_eq!(cx.io().len(), 1);
            registered.reregister(Interest::READABLE)?;
            io = Some(registered);
        }
        let mut byte = [0];
        ready!(io.as_mut().unwrap().poll_read(&mut byte))?;
        *gives.borrow_mut() = io.take().map(Io::deregister).transpose()?;
        assert!(cx.io().is_empty());
        OK
    });
    host.b.add_spec(Spec::new("work", work));
    assert_eq!(host.b.crank().next, Next::External);
    assert!(
        host.b.log.lines[2].contains("`reregister` it"),
        "{:?}",
        host.b.log.lines
    );
    peer.write_all(b"z").unwrap();
    host.run(|_, _| ());
    // It is open, and nobody's: the host may register it.
    let mut stream = back.take().unwrap();
    let registry = host.poll.registry();
    registry
        .register(&mut stream, mio::Token(7), Interest::READABLE)
        .unwrap();
    peer.write_all(b"z").unwrap();
    let mut tokens = Vec::new();
    host.wait(|_, event| tokens.push(event.token().0));
    assert_eq!(tokens, [7]);
}

#[test]
fn ten_thousand_sleepers_leave_the_host_parked() {
    let mut host = Host::new(config().max_concurrency(20_000));
    let (listener, address) = listener();
    for n in 0..10_000 {
        let work = crate::workbench::idling();
        host.b.add_spec(Spec::new(format!("work {n}"), work));
    }
    let client = Client::new(address, b"hello".to_vec());
    host.b.add_spec(Spec::new("client", client));
    assert_eq!(host.b.crank().next, Next::External);
    // Connected, written: from here on nothing comes, and there is no time at which to look.
    while host
        .b
        .s
        .stall_report()
        .works
        .iter()
        .any(|work| work.state != WorkState::Waiting)
    {
        host.wait(|_, _| ());
        host.b.crank();
    }
    assert_eq!(host.b.s.next().timeout(host.b.s.now()), None);
    drop(listener);
}
