//! Works that come and go: how many are alive, what each does before it ends, and the name that each has. And the
//! program whose orders are searched.

use std::time::Duration;

/// The number of works that are alive at any time.
pub const ALIVE: u64 = 1_000;

/// What a work does before it succeeds.
#[derive(Clone, Copy)]
pub struct Life {
    /// How often it yields.
    pub yields: u32,
    /// Whether it sleeps once after that.
    pub sleeps: bool,
}

/// Ends in its first turn.
pub const ONE_TURN: Life = Life {
    yields: 0,
    sleeps: false,
};

/// Yields three times, sleeps, and ends in its fifth turn.
pub const YIELDS_AND_SLEEP: Life = Life {
    yields: 3,
    sleeps: true,
};

/// Returns a name that no other work has.
pub fn name(work: u64) -> String {
    format!("fetch ledger {work}")
}

/// Returns how long `work` sleeps: from 1 ms to 1 s. A thousand works in a row have delays of their own.
pub fn delay(work: u64) -> Duration {
    Duration::from_millis(1 + work * 7_919 % ALIVE)
}

/// The number of works of the program whose orders are searched.
pub const SEARCHED: usize = 3;

/// How often each of them yields before its last turn.
pub const YIELDS: u32 = 5;

/// Returns how many turns a run of that program has.
pub const fn search_turns() -> u64 {
    SEARCHED as u64 * (YIELDS as u64 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_that_are_alive_together_have_names_and_delays_of_their_own() {
        let mut delays: Vec<Duration> = (5..5 + ALIVE).map(delay).collect();
        delays.sort_unstable();
        delays.dedup();
        assert_eq!(delays.len() as u64, ALIVE);
        assert_ne!(name(1), name(2));
    }
}
