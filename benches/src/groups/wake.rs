//! P9: wakes from other threads.

use super::{Case, Group, How};
use crate::budgets::{Against, Budget, OURS, absolute, ratio};
use crate::measure::{Contender, Figures, Spread, timed};
use crate::ours::Wakers;
use std::sync::mpsc;

pub const GROUP: Group = Group {
    name: "wake",
    about: "one send to a busy scheduler, to std's mpsc; ns per send, or notifier calls per 100 transitions from parked to running",
    cases,
};

const MESSAGES: u64 = 100_000;

fn cases(_: bool) -> Vec<Case> {
    let busy = vec![ratio("P9", "std mpsc", 1.2)];
    let again = vec![absolute("P9", OURS, 3.0)];
    vec![
        Case::timed("busy", MESSAGES, busy, busy_sends),
        Case::timed("redundant", 1, again, || {
            let mut own = Wakers::new(1);
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

/// Nobody takes anything out meanwhile: what is timed is what the sender pays.
fn busy_sends() -> Vec<Contender> {
    let (sender, receiver) = mpsc::channel();
    let (tokio_sender, mut tokio_receiver) = tokio::sync::mpsc::unbounded_channel();
    let mut own = Wakers::new(MESSAGES as u32);
    vec![
        Contender::new("std mpsc", move || {
            let sample = timed(MESSAGES, || {
                for n in 0..MESSAGES {
                    let _ = sender.send([n; 2]);
                }
            });
            assert_eq!(receiver.try_iter().count() as u64, MESSAGES);
            sample.0
        }),
        Contender::new(OURS, move || {
            let sample = timed(MESSAGES, || own.wake_all());
            assert_eq!(own.take(), MESSAGES);
            sample.0
        }),
        Contender::new("tokio mpsc", move || {
            let sample = timed(MESSAGES, || {
                for n in 0..MESSAGES {
                    let _ = tokio_sender.send([n; 2]);
                }
            });
            while tokio_receiver.try_recv().is_ok() {}
            sample.0
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
    let calls = Spread::of(vec![calls.load(std::sync::atomic::Ordering::Relaxed) as f64]);
    Figures {
        name: OURS,
        ratio: Spread::of(vec![1.0]),
        nanos: calls,
    }
}
