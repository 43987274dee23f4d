//! How often each order came up: a hash table with open addressing, since an ordered map of a million orders takes
//! longer than a run of a small program.
//!
//! An order is told by a hash of its answers, which needs no second hash. The table is at most half full, and larger
//! than a near cache. So orders wait, and are looked up together: a processor then fetches several places at once.

/// The most different orders that are told apart.
const TOLD_APART: usize = 1 << 20;

/// So many orders are looked up together.
const TOGETHER: usize = 64;

/// The bits of a place that are no part of the hash: whether the order has come up once, or more often.
const TIMES: u64 = 3;
const ONCE: u64 = 1;
const MORE: u64 = 2;

/// Counts by order.
#[derive(Clone, Debug, Default)]
pub(super) struct Orders {
    /// None, or as many as a power of two. A place is 0 if it is free, and else a hash with the two lowest bits taken
    /// for [`TIMES`].
    places: Vec<u64>,
    /// Orders that have not been looked up.
    waiting: Vec<u64>,
    /// How many orders there are.
    distinct: usize,
    /// How many of them came up once.
    once: usize,
}

impl Orders {
    /// Makes room for the orders of so many runs at once.
    pub fn reserve(&mut self, runs: u64) {
        let orders = usize::try_from(runs).unwrap_or(TOLD_APART).min(TOLD_APART);
        let places = 2 * orders.next_power_of_two();
        // Saved failures have been counted before, and the table must never shrink.
        if places > self.places.len() {
            self.grow_to(places);
        }
    }

    /// Counts one more of an order. Expected and amortised O(1).
    #[inline]
    pub fn count(&mut self, order: u64) {
        self.waiting.push(order);
        if self.waiting.len() >= TOGETHER {
            self.look_up();
        }
    }

    /// Adds the counts of another table.
    pub fn add(&mut self, other: &mut Orders) {
        self.look_up();
        other.look_up();
        for &known in other.places.iter().filter(|&&known| known != 0) {
            self.enter(known);
            if known & TIMES == MORE {
                self.enter(known);
            }
        }
    }

    /// Returns how many orders there are, and how many of them came up once. Orders beyond a million do not count.
    pub fn distinct_and_once(&mut self) -> (u64, u64) {
        self.look_up();
        (self.distinct as u64, self.once as u64)
    }

    /// Looks up the orders that wait.
    #[inline(never)]
    fn look_up(&mut self) {
        let mut waiting = std::mem::take(&mut self.waiting);
        for order in waiting.drain(..) {
            self.enter(order);
        }
        self.waiting = waiting;
    }

    fn enter(&mut self, order: u64) {
        if self.distinct * 2 >= self.places.len() && self.distinct < TOLD_APART {
            self.grow();
        }
        let place = self.find(order);
        match self.places[place] & TIMES {
            ONCE => {
                self.places[place] ^= ONCE | MORE;
                self.once -= 1;
            }
            MORE => {}
            _ if self.distinct < TOLD_APART => {
                self.places[place] = order & !TIMES | ONCE;
                (self.distinct, self.once) = (self.distinct + 1, self.once + 1);
            }
            _ => {}
        }
    }

    /// Returns the place of an order, or the free place where it belongs. The table has a free place.
    fn find(&self, order: u64) -> usize {
        let mask = self.places.len() - 1;
        // The upper half of a product depends on every bit.
        let hash = (order & !TIMES).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut place = (hash >> 32) as usize & mask;
        while self.places[place] != 0 && (self.places[place] ^ order) > TIMES {
            place = (place + 1) & mask;
        }
        place
    }

    /// Doubles the table.
    #[cold]
    fn grow(&mut self) {
        self.grow_to((2 * self.places.len()).max(256));
    }

    fn grow_to(&mut self, places: usize) {
        let old = std::mem::replace(&mut self.places, vec![0; places]);
        for known in old.into_iter().filter(|&known| known != 0) {
            let place = self.find(known);
            self.places[place] = known;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_for_fewer_orders_than_there_are_changes_nothing() {
        let mut orders = Orders::default();
        (0..300).for_each(|order| orders.count(order << 8));
        orders.look_up();
        orders.reserve(1);
        (0..100).for_each(|order| orders.count(order << 8));
        assert_eq!(orders.distinct_and_once(), (300, 200));
    }

    #[test]
    fn each_order_is_counted_by_itself() {
        let mut orders = Orders::default();
        for (times, once) in [(1, 1_000), (2, 0), (3, 0)] {
            for order in 0..1_000 {
                orders.count(order << 40);
            }
            assert_eq!(orders.distinct_and_once(), (1_000, once), "{times}");
        }
    }

    #[test]
    fn tables_that_are_added_count_what_one_counts() {
        let (mut one, mut other, mut both) = <(Orders, Orders, Orders)>::default();
        for order in (0..300u64).map(|order| (order * order % 91) << 20) {
            let half = if order % 3 == 0 { &mut one } else { &mut other };
            half.count(order);
            both.count(order);
        }
        one.count(7 << 20);
        other.count(7 << 20);
        (0..2).for_each(|_| both.count(7 << 20));
        one.add(&mut other);
        assert_eq!(one.distinct_and_once(), both.distinct_and_once());
    }

    #[test]
    fn beyond_the_limit_only_known_orders_are_counted() {
        let mut orders = Orders::default();
        (0..=TOLD_APART as u64).for_each(|order| orders.count(order << 2));
        let all = TOLD_APART as u64;
        assert_eq!(orders.distinct_and_once(), (all, all));
        orders.count(7 << 2);
        assert_eq!(orders.distinct_and_once(), (all, all - 1));
    }
}
