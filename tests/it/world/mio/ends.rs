//! However an attempt ends, its sources are deregistered and closed by then; and what comes late is dropped.

use super::{BOTH, Host, TOKENS, TOO_LONG, pair, poll_for};
use crate::units::{at_secs, secs};
use crate::workbench::{Cx, OK, ON_PURPOSE, Probe, fail, never, quiet_panics};
use crankwork::{Io, Next, Retry, Spec, WorkId, WorkSchedulerConfig, WorkState};
use mio::net::TcpStream;
use std::cell::RefCell;
use std::io::{Read, Write};
use std::rc::Rc;
use std::task::Poll;

type Kept = Rc<RefCell<Option<Io<TcpStream>>>>;

/// A work whose registered source outlives it, in the hands of the test. Its first turn registers; all others call
/// `then`.
fn lender(
    stream: TcpStream,
    mut then: impl FnMut(&mut Cx<'_>) -> crate::workbench::Turn + 'static,
) -> (Probe, Kept) {
    let kept: Kept = Rc::default();
    let (mut stream, keeper) = (Some(stream), kept.clone());
    let probe = Probe::new(move |cx| match stream.take() {
        Some(stream) => {
            *keeper.borrow_mut() = Some(cx.io().register(stream, BOTH)?);
            cx.yield_now()
        }
        None => then(cx),
    });
    (probe, kept)
}

fn sleeps(_: &mut Cx<'_>) -> crate::workbench::Turn {
    Poll::Pending
}

/// Nothing is registered or open any more, though the `Io` is still there.
fn is_closed(host: &Host, kept: &Kept, mut peer: std::net::TcpStream) {
    assert_eq!(host.b.s.sources(), 0);
    assert_eq!(peer.read(&mut [0]).unwrap(), 0, "the end of the stream");
    let mut io = kept.take().unwrap();
    assert!(!io.is_registered());
    let late = io.poll_read(&mut [0]);
    assert!(format!("{late:?}").contains("the attempt that registered it is over"));
    assert!(io.reregister(BOTH).is_err());
    assert!(io.with(|stream| stream.peer_addr()).is_err());
    assert!(io.deregister().is_err());
}

/// Adds a lender that does `then` after its first turn, lets `end` end it, and looks at its source.
fn ends(
    then: impl FnMut(&mut Cx<'_>) -> crate::workbench::Turn + 'static,
    spec: impl FnOnce(Spec<crate::workbench::Log, Probe>) -> Spec<crate::workbench::Log, Probe>,
    end: impl FnOnce(&mut Host, WorkId),
    state: WorkState,
) {
    let mut host = Host::new(WorkSchedulerConfig::default());
    let (stream, peer) = pair();
    let (probe, kept) = lender(stream, then);
    let probe = if state == WorkState::Failed {
        probe.on_abort(never)
    } else {
        probe
    };
    let id = host.b.add_spec(spec(Spec::new("lender", probe)));
    host.b.crank();
    end(&mut host, id);
    assert_eq!(host.b.s.state(id), Some(state));
    is_closed(&host, &kept, peer);
}

fn plain<S>(spec: S) -> S {
    spec
}

#[test]
fn success() {
    ends(|_| OK, plain, |_, _| (), WorkState::Success);
}

#[test]
fn failure() {
    ends(|_| fail("no luck"), plain, |_, _| (), WorkState::Failed);
}

#[test]
fn a_failure_that_is_tried_again() {
    let retry = |spec: Spec<_, _>| spec.retry(Retry::ONCE);
    ends(|_| fail("no luck"), retry, |_, _| (), WorkState::Retrying);
}

#[test]
fn a_panic() {
    quiet_panics();
    let panics = |_: &mut Cx<'_>| panic!("{ON_PURPOSE}");
    ends(panics, plain, |_, _| (), WorkState::Failed);
}

#[test]
fn a_cancel() {
    let cancel = |host: &mut Host, id| {
        assert_eq!(host.b.s.sources(), 1);
        host.b.s.cancel(id).unwrap();
        assert_eq!(host.b.crank().next, Next::Idle);
    };
    ends(sleeps, plain, cancel, WorkState::Cancelled);
}

#[test]
fn a_deadline_with_a_forced_abort() {
    let limit = |spec: Spec<_, _>| spec.deadline(at_secs(1)).abort_grace(secs(1));
    let wait = |host: &mut Host, id| {
        host.b.crank_at(at_secs(1));
        assert_eq!(host.b.s.state(id), Some(WorkState::Aborting));
        assert_eq!(host.b.s.sources(), 1, "on_abort may still say goodbye");
        host.b.crank_at(at_secs(2));
    };
    ends(sleeps, limit, wait, WorkState::Failed);
}

#[test]
fn the_end_of_the_scheduler() {
    let mut host = Host::new(WorkSchedulerConfig::default());
    let (stream, peer) = pair();
    let (probe, kept) = lender(stream, sleeps);
    host.b.add_spec(Spec::new("lender", probe));
    host.b.crank();
    host.b.s = crankwork::WorkScheduler::new(WorkSchedulerConfig::default());
    is_closed(&host, &kept, peer);
}

#[test]
fn a_work_that_owns_its_source_closes_it_with_its_attempt() {
    let mut host = Host::new(WorkSchedulerConfig::default());
    let (stream, mut peer) = pair();
    let (mut stream, mut io) = (Some(stream), None);
    let work = Probe::new(move |cx| {
        if let Some(stream) = stream.take() {
            io = Some(cx.io().register(stream, BOTH)?);
        }
        assert!(io.as_ref().is_some_and(Io::is_registered));
        Poll::Pending
    });
    let work = Spec::new("work", work.on_abort(never)).abort_grace(secs(1));
    let id = host.b.add_spec(work);
    host.b.crank();
    host.b.s.cancel(id).unwrap();
    host.b.crank_at(at_secs(1));
    host.b.crank_at(at_secs(2));
    assert_eq!(host.b.s.state(id), Some(WorkState::Cancelled));
    assert_eq!(peer.read(&mut [0]).unwrap(), 0, "the end of the stream");
}

#[test]
fn an_event_that_comes_late_wakes_nobody() {
    // A host that takes some events, cranks, and then goes on with the rest of them.
    for narrow in [false, true] {
        let mut host = Host::new(WorkSchedulerConfig::default());
        if narrow {
            host.b.s.attach(host.poll.registry(), 100..102).unwrap();
        }
        let (stream, mut peer) = pair();
        let (probe, _kept) = lender(stream, sleeps);
        let first = host.b.s.add(Spec::new("first", probe)).unwrap();
        host.b.crank();
        peer.write_all(b"x").unwrap();
        poll_for(&mut host.poll, &mut host.events, Some(TOO_LONG));
        assert_eq!(host.events.iter().count(), 1);
        host.b.s.cancel(first).unwrap();
        let (stream, _peer) = pair();
        let (probe, _kept) = lender(stream, sleeps);
        let second = host.b.s.add(Spec::new("second", probe)).unwrap();
        assert_eq!(host.b.crank().next, Next::External);
        assert_eq!(host.b.s.state(second), Some(WorkState::Waiting));
        host.b.log.lines.clear();
        for event in &host.events {
            assert!(host.b.s.handle_event(event), "it is one of ours");
            assert!(TOKENS.contains(&event.token().0));
        }
        assert_eq!(host.b.s.next(), Next::External);
        assert_eq!(host.b.crank().next, Next::External);
        assert!(host.b.log.lines.is_empty(), "{:?}", host.b.log.lines);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn no_descriptor_is_left_after_ten_thousand_attempts() {
    use crate::world::{alone, open_descriptors};
    alone(
        "world::mio::ends::no_descriptor_is_left_after_ten_thousand_attempts",
        || {
            let mut host = Host::new(WorkSchedulerConfig::default().max_concurrency(100));
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let address = listener.local_addr().unwrap();
            let before = open_descriptors();
            for round in 0..100 {
                let ids: Vec<WorkId> = (0..100)
                    .map(|n| {
                        let mut io = None;
                        let work = Probe::new(move |cx| {
                            if io.is_none() {
                                let stream = TcpStream::connect(address)?;
                                io = Some(cx.io().register(stream, BOTH)?);
                            }
                            Poll::Pending
                        });
                        let work = if n % 2 == 0 {
                            work.on_abort(never)
                        } else {
                            work
                        };
                        let spec = Spec::new(format!("work {n}"), work).abort_grace(secs(1));
                        host.b.add_spec(spec)
                    })
                    .collect();
                host.b.crank_at(at_secs(2 * round));
                // The listener's queue is kept short.
                listener.set_nonblocking(true).unwrap();
                while listener.accept().is_ok() {}
                assert_eq!(host.b.s.sources(), 100);
                host.b.s.cancel_all();
                host.b.crank_at(at_secs(2 * round + 1));
                for id in ids {
                    host.b.s.reap(id).unwrap();
                }
                host.b.log.lines.clear();
            }
            assert_eq!(host.b.s.sources(), 0);
            assert_eq!(open_descriptors(), before);
        },
    );
}
