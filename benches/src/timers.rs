//! What is done with timers, for the wheel and for the ordered map alike.

use crate::baselines::{self, OrderedMap};
use crankwork::Stream;
use crankwork::time::{Time, TimerKey, TimerWheel};

/// A wheel or a map.
pub trait Timers: Default {
    type Key: Copy;
    fn arm(&mut self, at: u64, owner: u32) -> Self::Key;
    fn cancel(&mut self, key: Self::Key);
    /// Moves a timer that is armed; it has a key as before or a new one.
    fn rearm(&mut self, key: Self::Key, at: u64) -> Self::Key;
    fn next_deadline(&mut self) -> Option<u64>;
    fn advance(&mut self, now: u64);
    fn pop_due(&mut self, now: u64) -> Option<u32>;
}

impl Timers for TimerWheel {
    type Key = TimerKey;

    #[inline]
    fn arm(&mut self, at: u64, owner: u32) -> TimerKey {
        TimerWheel::arm(self, Time::from_nanos(at), owner)
    }

    #[inline]
    fn cancel(&mut self, key: TimerKey) {
        TimerWheel::cancel(self, key);
    }

    #[inline]
    fn rearm(&mut self, key: TimerKey, at: u64) -> TimerKey {
        TimerWheel::rearm(self, key, Time::from_nanos(at));
        key
    }

    #[inline]
    fn next_deadline(&mut self) -> Option<u64> {
        TimerWheel::next_deadline(self).map(Time::as_nanos)
    }

    #[inline]
    fn advance(&mut self, now: u64) {
        TimerWheel::advance(self, Time::from_nanos(now));
    }

    #[inline]
    fn pop_due(&mut self, _: u64) -> Option<u32> {
        TimerWheel::pop_due(self).map(|(_, owner)| owner)
    }
}

impl Timers for OrderedMap {
    type Key = baselines::Key;

    #[inline]
    fn arm(&mut self, at: u64, owner: u32) -> baselines::Key {
        OrderedMap::arm(self, at, owner)
    }

    #[inline]
    fn cancel(&mut self, key: baselines::Key) {
        OrderedMap::cancel(self, key);
    }

    #[inline]
    fn rearm(&mut self, key: baselines::Key, at: u64) -> baselines::Key {
        match OrderedMap::cancel(self, key) {
            Some(owner) => OrderedMap::arm(self, at, owner),
            None => key,
        }
    }

    #[inline]
    fn next_deadline(&mut self) -> Option<u64> {
        OrderedMap::next_deadline(self)
    }

    #[inline]
    fn advance(&mut self, _: u64) {}

    #[inline]
    fn pop_due(&mut self, now: u64) -> Option<u32> {
        OrderedMap::pop_due(self, now)
    }
}

/// Delays that are drawn before anything is timed, and then taken over and over.
pub struct Delays {
    drawn: Vec<u64>,
    at: usize,
}

impl Delays {
    const DRAWN: usize = 1 << 16;

    pub fn new(mut delay: impl FnMut(&mut Stream) -> u64) -> Delays {
        let mut stream = Stream::new(1);
        Delays {
            drawn: (0..Self::DRAWN).map(|_| delay(&mut stream)).collect(),
            at: 0,
        }
    }

    #[inline]
    pub fn next(&mut self) -> u64 {
        self.at = following(self.at, Self::DRAWN);
        self.drawn[self.at]
    }
}

/// The next number below `n`, after the last the first: without a division, which would be most of what is timed.
#[inline]
fn following(at: usize, n: usize) -> usize {
    if at + 1 == n { 0 } else { at + 1 }
}

/// Every number below `n` once.
pub fn shuffled(n: u32) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n).collect();
    let mut stream = Stream::new(2);
    for last in (1..order.len()).rev() {
        order.swap(last, stream.below(last as u64 + 1) as usize);
    }
    order
}

/// Timers that are armed, and what comes next.
pub struct Armed<T: Timers> {
    timers: T,
    keys: Vec<T::Key>,
    delays: Delays,
    now: u64,
    /// Whose turn it is to be armed anew.
    at: usize,
}

impl<T: Timers> Armed<T> {
    pub fn new(n: u64, mut delays: Delays) -> Self {
        let mut timers = T::default();
        let keys = (0..n as u32).map(|owner| timers.arm(delays.next(), owner));
        Armed {
            keys: keys.collect(),
            timers,
            delays,
            now: 0,
            at: 0,
        }
    }

    /// The next deadline comes, and who was due is armed again.
    pub fn fire(&mut self, times: u64) {
        let mut left = times;
        while left > 0 {
            self.now = self.timers.next_deadline().unwrap_or(self.now);
            self.timers.advance(self.now);
            while left > 0
                && let Some(owner) = self.timers.pop_due(self.now)
            {
                self.timers.arm(self.now + self.delays.next(), owner);
                left -= 1;
            }
        }
    }

    /// Another timer is armed beside them, and cancelled.
    pub fn insert_and_cancel(&mut self, times: u64) {
        for owner in 0..times {
            let key = self.timers.arm(self.delays.next(), owner as u32);
            self.timers.cancel(key);
        }
    }

    /// One timer after the other is moved, in the order of arming, as a host renews timeouts.
    pub fn rearm(&mut self, times: u64) {
        for _ in 0..times {
            self.at = following(self.at, self.keys.len());
            self.rearm_one(self.at);
        }
    }

    /// Returns the delays in another order.
    pub fn rearm_in_order(&mut self, times: u64, order: &[u32]) {
        for _ in 0..times {
            self.at = following(self.at, order.len());
            self.rearm_one(order[self.at] as usize);
        }
    }

    #[inline]
    fn rearm_one(&mut self, timer: usize) {
        self.keys[timer] = self.timers.rearm(self.keys[timer], self.delays.next());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffled_has_every_number_once() {
        let order = shuffled(1_000);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, (0..1_000).collect::<Vec<_>>());
        assert_ne!(order, sorted);
    }

    /// Both have the same work: the clock is where the last of so many timers was due.
    #[test]
    fn the_wheel_and_the_map_fire_the_same() {
        let delays = || Delays::new(|stream| 1 + stream.below(1_000_000));
        let mut wheel = Armed::<TimerWheel>::new(100, delays());
        let mut map = Armed::<OrderedMap>::new(100, delays());
        for times in [1, 10, 1_000] {
            wheel.fire(times);
            map.fire(times);
            assert_eq!(wheel.now, map.now);
        }
    }
}
