//! P6, P7: the timer wheel by itself.

use super::{Case, Group};
use crate::baselines::OrderedMap;
use crate::budgets::{Budget, OURS, ratio};
use crate::measure::{Contender, timed};
use crate::peers::tokio::DelayQueueTimers;
use crate::timers::{Armed, Delays, shuffled};
use crankwork::Stream;
use crankwork::time::TimerWheel;
use std::rc::Rc;

pub const GROUP: Group = Group {
    name: "timers",
    about: "N timers, to an ordered map: fire = next deadline + advance + pop + insert; ns per operation",
    cases,
    curve: Some(curve),
};

const SECOND: u64 = 1_000_000_000;

type Delay = fn(&mut Stream) -> u64;

const UNIFORM: Delay = |stream| 1 + stream.below(60 * SECOND);
const SAME: Delay = |_| 30 * SECOND;
/// 1, 2, 4, .. 512 s.
const BACKOFF: Delay = |stream| SECOND << stream.below(10);

const FIRE: [(&str, Delay); 3] = [
    ("fire: uniform", UNIFORM),
    ("fire: all 30 s", SAME),
    ("fire: back-off", BACKOFF),
];

/// With N timers and so many operations a round.
type Make = fn(n: u64, ops: u64) -> Vec<Contender>;

const CHANGE: [(&str, Make); 3] = [
    ("insert + cancel", cancel),
    ("re-arm", rearm),
    ("re-arm, random order", rearm_in_random_order),
];

const SIZES: [u64; 4] = [1_000, 10_000, 100_000, 1_000_000];

fn cases(quick: bool) -> Vec<Case> {
    let ops = if quick { 100_000 } else { 500_000 };
    let mut cases = Vec::new();
    for (name, delay) in FIRE {
        for n in SIZES {
            let limit = if n <= 100_000 { 0.45 } else { 0.6 };
            let peers = !quick && n <= 10_000;
            let budgets = vec![ratio("P6", "ordered map", limit)];
            cases.push(fire_case(name, n, ops, delay, peers, budgets));
        }
    }
    for (name, make) in CHANGE {
        for n in SIZES {
            let budgets = vec![ratio("P7", "ordered map", 0.08)];
            cases.push(Case::timed(name, n, budgets, move || make(n, ops)));
        }
    }
    cases
}

fn curve(n: u64) -> Vec<Case> {
    let ops = n.max(100_000);
    let fire = FIRE.map(|(name, delay)| fire_case(name, n, ops, delay, false, Vec::new()));
    let change = CHANGE.map(|(name, make)| {
        Case::timed(name, n, Vec::new(), move || by_hand_and_ours(make(n, ops)))
    });
    fire.into_iter().chain(change).collect()
}

fn by_hand_and_ours(mut all: Vec<Contender>) -> Vec<Contender> {
    all.truncate(2);
    all
}

/// Each timer fires at least once a round: the wheel does some of its work for many timers at once.
fn fire_case(
    name: &'static str,
    n: u64,
    ops: u64,
    delay: Delay,
    peers: bool,
    budgets: Vec<Budget>,
) -> Case {
    let ops = ops.max(n);
    Case::timed(name, n, budgets, move || {
        let (mut map, mut own) = armed(n, delay);
        let mut all = vec![
            Contender::new("ordered map", move || timed(ops, || map.fire(ops)).0),
            Contender::new(OURS, move || timed(ops, || own.fire(ops)).0),
        ];
        if peers {
            all.push(delay_queue(
                n,
                ops / 10,
                delay,
                DelayQueueTimers::fire_and_insert,
            ));
        }
        all
    })
}

fn armed(n: u64, delay: Delay) -> (Armed<OrderedMap>, Armed<TimerWheel>) {
    let delays = || Delays::new(delay);
    (Armed::new(n, delays()), Armed::new(n, delays()))
}

fn delay_queue(n: u64, ops: u64, delay: Delay, run: fn(&mut DelayQueueTimers, u64)) -> Contender {
    let mut timers = DelayQueueTimers::new(n, Delays::new(delay));
    Contender::new("DelayQueue (ms)", move || {
        timed(ops, || run(&mut timers, ops)).0
    })
}

fn cancel(n: u64, ops: u64) -> Vec<Contender> {
    let (mut map, mut own) = armed(n, UNIFORM);
    let mut all = vec![
        Contender::new("ordered map", move || {
            timed(ops, || map.insert_and_cancel(ops)).0
        }),
        Contender::new(OURS, move || timed(ops, || own.insert_and_cancel(ops)).0),
    ];
    if n <= 100_000 {
        all.push(delay_queue(
            n,
            ops,
            UNIFORM,
            DelayQueueTimers::insert_and_cancel,
        ));
    }
    all
}

fn rearm(n: u64, ops: u64) -> Vec<Contender> {
    let (mut map, mut own) = armed(n, UNIFORM);
    vec![
        Contender::new("ordered map", move || timed(ops, || map.rearm(ops)).0),
        Contender::new(OURS, move || timed(ops, || own.rearm(ops)).0),
    ]
}

fn rearm_in_random_order(n: u64, ops: u64) -> Vec<Contender> {
    let (mut map, mut own) = armed(n, UNIFORM);
    let order: Rc<[u32]> = shuffled(n as u32).into();
    let same = order.clone();
    vec![
        Contender::new("ordered map", move || {
            timed(ops, || map.rearm_in_order(ops, &order)).0
        }),
        Contender::new(OURS, move || {
            timed(ops, || own.rearm_in_order(ops, &same)).0
        }),
    ]
}
