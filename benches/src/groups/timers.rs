//! P6, P7: the timer wheel by itself.

use super::{Case, Group};
use crate::baselines::{Key, OrderedMap};
use crate::budgets::{OURS, ratio};
use crate::measure::{Contender, timed};
use crate::peers::tokio::Delays;
use crankwork::Stream;
use crankwork::time::{Time, TimerKey, TimerWheel};

pub const GROUP: Group = Group {
    name: "timers",
    about: "N timers, to an ordered map: fire = next deadline + advance + pop + insert; ns per operation",
    cases,
};

const SECOND: u64 = 1_000_000_000;

type Delay = fn(&mut Stream) -> u64;

const UNIFORM: Delay = |stream| 1 + stream.below(60 * SECOND);
const SAME: Delay = |_| 30 * SECOND;
/// 1, 2, 4, .. 512 s.
const BACKOFF: Delay = |stream| SECOND << stream.below(10);

fn cases(quick: bool) -> Vec<Case> {
    let sizes = [1_000, 10_000, 100_000, 1_000_000];
    let ops = if quick { 100_000 } else { 500_000 };
    let mut cases = Vec::new();
    for (name, delay) in [
        ("fire: uniform", UNIFORM),
        ("fire: all 30 s", SAME),
        ("fire: back-off", BACKOFF),
    ] {
        for n in sizes {
            let limit = if n <= 100_000 { 0.45 } else { 0.6 };
            let budgets = vec![ratio("P6", "ordered map", limit)];
            let peers = !quick && n <= 10_000;
            cases.push(Case::timed(name, n, budgets, move || {
                fire(n, ops, delay, peers)
            }));
        }
    }
    for (name, make) in [
        ("insert + cancel", cancel as fn(u64, u64) -> Vec<Contender>),
        ("re-arm", rearm),
    ] {
        for n in sizes {
            let budgets = vec![ratio("P7", "ordered map", 0.08)];
            cases.push(Case::timed(name, n, budgets, move || make(n, ops)));
        }
    }
    cases
}

struct Wheel {
    wheel: TimerWheel,
    keys: Vec<TimerKey>,
    stream: Stream,
    now: u64,
}

impl Wheel {
    fn new(n: u64, delay: Delay) -> Wheel {
        let (mut wheel, mut stream) = (TimerWheel::new(), Stream::new(1));
        let mut arm = |owner| wheel.arm(Time::from_nanos(delay(&mut stream)), owner);
        let keys = (0..n as u32).map(&mut arm).collect();
        Wheel {
            wheel,
            keys,
            stream,
            now: 0,
        }
    }
}

struct Map {
    map: OrderedMap,
    keys: Vec<Key>,
    stream: Stream,
    now: u64,
}

impl Map {
    fn new(n: u64, delay: Delay) -> Map {
        let (mut map, mut stream) = (OrderedMap::default(), Stream::new(1));
        let mut arm = |owner| map.arm(delay(&mut stream), owner);
        let keys = (0..n as u32).map(&mut arm).collect();
        Map {
            map,
            keys,
            stream,
            now: 0,
        }
    }
}

fn fire(n: u64, ops: u64, delay: Delay, peers: bool) -> Vec<Contender> {
    let (mut map, mut own) = (Map::new(n, delay), Wheel::new(n, delay));
    let mut all = vec![
        Contender::new("ordered map", move || {
            timed(ops, || fire_map(&mut map, ops, delay)).0
        }),
        Contender::new(OURS, move || {
            timed(ops, || fire_wheel(&mut own, ops, delay)).0
        }),
    ];
    if peers {
        let mut stream = Stream::new(1);
        let mut delays = Delays::new((0..n).map(|_| delay(&mut stream)));
        let ops = ops / 10;
        all.push(Contender::new("DelayQueue (ms)", move || {
            timed(ops, || delays.fire_and_insert(ops, || delay(&mut stream))).0
        }));
    }
    all
}

fn fire_map(own: &mut Map, ops: u64, delay: Delay) {
    let mut left = ops;
    while left > 0 {
        own.now = own.map.next_deadline().unwrap_or(own.now);
        while left > 0
            && let Some(owner) = own.map.pop_due(own.now)
        {
            own.map.arm(own.now + delay(&mut own.stream), owner);
            left -= 1;
        }
    }
}

fn fire_wheel(own: &mut Wheel, ops: u64, delay: Delay) {
    let mut left = ops;
    while left > 0 {
        own.now = own.wheel.next_deadline().map_or(own.now, Time::as_nanos);
        own.wheel.advance(Time::from_nanos(own.now));
        while left > 0
            && let Some((_, owner)) = own.wheel.pop_due()
        {
            let at = Time::from_nanos(own.now + delay(&mut own.stream));
            own.wheel.arm(at, owner);
            left -= 1;
        }
    }
}

fn cancel(n: u64, ops: u64) -> Vec<Contender> {
    let (mut map, mut own) = (Map::new(n, UNIFORM), Wheel::new(n, UNIFORM));
    let mut delays = Delays::new((0..n.min(100_000)).map(|owner| SECOND + owner));
    let mut stream = Stream::new(1);
    let mut all = vec![
        Contender::new("ordered map", move || {
            timed(ops, || {
                for owner in 0..ops as u32 {
                    let key = map.map.arm(UNIFORM(&mut map.stream), owner);
                    map.map.cancel(key);
                }
            })
            .0
        }),
        Contender::new(OURS, move || {
            timed(ops, || {
                for owner in 0..ops as u32 {
                    let at = Time::from_nanos(UNIFORM(&mut own.stream));
                    let key = own.wheel.arm(at, owner);
                    own.wheel.cancel(key);
                }
            })
            .0
        }),
    ];
    if n <= 100_000 {
        all.push(Contender::new("DelayQueue (ms)", move || {
            timed(ops, || {
                delays.insert_and_cancel(ops, || UNIFORM(&mut stream))
            })
            .0
        }));
    }
    all
}

/// One timer after the other, as a host renews timeouts.
fn rearm(n: u64, ops: u64) -> Vec<Contender> {
    let (mut map, mut own) = (Map::new(n, UNIFORM), Wheel::new(n, UNIFORM));
    let (mut at, mut own_at) = (0, 0);
    vec![
        Contender::new("ordered map", move || {
            timed(ops, || {
                for _ in 0..ops {
                    at = (at + 1) % map.keys.len();
                    if let Some(owner) = map.map.cancel(map.keys[at]) {
                        map.keys[at] = map.map.arm(UNIFORM(&mut map.stream), owner);
                    }
                }
            })
            .0
        }),
        Contender::new(OURS, move || {
            timed(ops, || {
                for _ in 0..ops {
                    own_at = (own_at + 1) % own.keys.len();
                    let deadline = Time::from_nanos(UNIFORM(&mut own.stream));
                    own.wheel.rearm(own.keys[own_at], deadline);
                }
            })
            .0
        }),
    ]
}
