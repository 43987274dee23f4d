//! How often each order came up: a hash table with open addressing, since an ordered map of a million orders takes
//! longer than a run of a small program.
//!
//! An order is told by a hash of its answers, which needs no second hash. The table is at most half full.

/// The most different orders that are told apart.
const TOLD_APART: usize = 1 << 20;

/// Counts by order.
#[derive(Clone, Debug, Default)]
pub(super) struct Orders {
    /// None, or as many as a power of two. A place with count 0 is free.
    places: Vec<(u64, u32)>,
    len: usize,
}

impl Orders {
    /// Counts one more of an order, and returns how many there have been; 0 if too many orders are known to tell.
    /// Expected and amortised O(1).
    pub fn count(&mut self, order: u64) -> u32 {
        if self.len * 2 >= self.places.len() && self.len < TOLD_APART {
            self.grow();
        }
        let place = self.find(order);
        let (known, times) = &mut self.places[place];
        if *times == 0 {
            if self.len == TOLD_APART {
                return 0;
            }
            self.len += 1;
        }
        (*known, *times) = (order, times.saturating_add(1));
        *times
    }

    /// Adds the counts of another table.
    pub fn add(&mut self, other: &Orders) {
        for &(order, times) in other.places.iter().filter(|(_, times)| *times > 0) {
            if self.count(order) > 0 {
                let place = self.find(order);
                self.places[place].1 = self.places[place].1.saturating_add(times - 1);
            }
        }
    }

    /// Returns how many orders there are, and how many of them came up once.
    pub fn distinct_and_once(&self) -> (u64, u64) {
        let once = self.places.iter().filter(|(_, times)| *times == 1);
        (self.len as u64, once.count() as u64)
    }

    /// Returns the place of an order, or the free place where it belongs. The table has a free place.
    fn find(&self, order: u64) -> usize {
        let mask = self.places.len() - 1;
        // The upper half of a product depends on every bit.
        let mut place = (order.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & mask;
        while self.places[place].1 > 0 && self.places[place].0 != order {
            place = (place + 1) & mask;
        }
        place
    }

    /// Doubles the table.
    #[cold]
    fn grow(&mut self) {
        let places = (2 * self.places.len()).max(256);
        let old = std::mem::replace(&mut self.places, vec![(0, 0); places]);
        for (order, times) in old.into_iter().filter(|&(_, times)| times > 0) {
            let place = self.find(order);
            self.places[place] = (order, times);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_order_is_counted_by_itself() {
        let mut orders = Orders::default();
        for times in 1..=3 {
            for order in 0..1_000 {
                assert_eq!(orders.count(order << 40), times, "{order}");
            }
        }
        assert_eq!(orders.len, 1_000);
    }

    #[test]
    fn beyond_the_limit_only_known_orders_are_counted() {
        let mut orders = Orders::default();
        for order in 0..TOLD_APART as u64 {
            assert_eq!(orders.count(order), 1);
        }
        assert_eq!(orders.count(TOLD_APART as u64), 0);
        assert_eq!(orders.count(7), 2);
    }
}
