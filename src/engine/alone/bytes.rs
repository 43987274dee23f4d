//! Bytes as draws: after their end each draw is 0.

/// The rest of the bytes. A fuzzer that cuts the end off only makes a run shorter.
pub struct Bytes<'a>(std::slice::Iter<'a, u8>);

impl<'a> Bytes<'a> {
    /// Returns draws from `data`.
    pub fn new(data: &'a [u8]) -> Self {
        Bytes(data.iter())
    }

    /// Returns whether all bytes have been drawn.
    pub fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }

    /// Returns a number below `n`, which is 1 to 256.
    pub fn below(&mut self, n: u64) -> u64 {
        u64::from(self.0.next().copied().unwrap_or(0)) % n
    }

    /// Returns true for one in `n` values of a byte, and never after the end.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == n - 1
    }
}
