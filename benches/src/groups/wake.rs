//! P9: wakes from other threads.

use super::{Case, Group, How};
use crate::budgets::{Against, Budget, OURS, absolute, ratio};
use crate::measure::{Contender, Figures, Sample, timed};
use crate::ours::Wakers;
use crankwork::RemoteWaker;
use std::sync::mpsc;

pub const GROUP: Group = Group {
    name: "wake",
    about: "one send to a busy scheduler, to std's mpsc; ns per send, or notifier calls per 100 transitions from parked to running",
    cases,
    curve: None,
};

const MESSAGES: u64 = 100_000;

fn cases(_: bool) -> Vec<Case> {
    let busy = vec![ratio("P9", "std mpsc", 1.2)];
    let again = vec![absolute("P9", OURS, 3.0)];
    vec![
        Case::timed("busy", BURST, busy, busy_sends),
        Case::timed("redundant", 1, again, || {
            let own = Wakers::new(1);
            own.wake_all();
            let wakes = 1_000_000;
            vec![Contender::new(OURS, move || {
                timed(wakes, || own.wake_again(wakes)).0
            })]
        }),
        Case {
            name: "notifier calls",
            n: 100,
            unit: "calls",
            budgets: vec![Budget {
                id: "P9",
                row: OURS,
                against: Against::Nothing,
                at_most: 100.0,
            }],
            how: How::Counted(Box::new(|| Ok(vec![notifier_calls()]))),
        },
    ]
}

/// So many messages are sent one after the other before they are taken.
const BURST: u64 = 1_000;

/// What the sender pays: nobody takes anything out meanwhile, and taking is not timed.
fn bursts(mut send: impl FnMut(), mut take: impl FnMut()) -> Sample {
    let mut nanos = 0.0;
    for _ in 0..MESSAGES / BURST {
        nanos += timed(BURST, &mut send).0.nanos;
        take();
    }
    Sample {
        nanos,
        ops: MESSAGES,
    }
}

fn busy_sends() -> Vec<Contender> {
    let (sender, receiver) = mpsc::channel();
    let (tokio_sender, mut tokio_receiver) = tokio::sync::mpsc::unbounded_channel();
    let mut own = Wakers::new(BURST as u32);
    vec![
        Contender::new("std mpsc", move || {
            let send = || assert!((0..BURST).all(|n| sender.send([n; 2]).is_ok()));
            bursts(send, || {
                assert_eq!(receiver.try_iter().count() as u64, BURST)
            })
        }),
        Contender::new(OURS, move || {
            let wakers = own.wakers();
            let send = || wakers.iter().for_each(RemoteWaker::wake);
            bursts(send, || assert_eq!(own.take(), BURST))
        }),
        Contender::new("tokio mpsc", move || {
            let send = || assert!((0..BURST).all(|n| tokio_sender.send([n; 2]).is_ok()));
            bursts(send, || while tokio_receiver.try_recv().is_ok() {})
        }),
    ]
}

/// A hundred times: park, then a thousand wakes.
fn notifier_calls() -> Figures {
    let mut own = Wakers::new(1_000);
    let calls = own.count_notifier_calls();
    for _ in 0..100 {
        own.wake_all();
        own.take();
    }
    let calls = calls.load(std::sync::atomic::Ordering::Relaxed) as f64;
    Figures::of(OURS, vec![calls], &[calls])
}
