//! The captured output of a process, bounded.

use std::borrow::Cow;

/// The first bytes of a captured stream ([`Output::Capture`](super::Output)).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Captured {
    /// The bytes, at most as many as the command asks for.
    pub bytes: Vec<u8>,
    /// The number of further bytes, which were dropped.
    pub dropped: u64,
}

impl Captured {
    pub(super) fn take_in(&mut self, bytes: &[u8], limit: usize) {
        let room = limit.saturating_sub(self.bytes.len()).min(bytes.len());
        self.bytes.extend_from_slice(&bytes[..room]);
        self.dropped += (bytes.len() - room) as u64;
    }

    /// Returns the bytes as text. Bytes that are not UTF-8 are replaced.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.bytes)
    }

    /// Returns the last line that is not empty.
    pub(super) fn last_line(&self) -> String {
        let text = self.text();
        let last = text.lines().rev().find(|line| !line.trim().is_empty());
        last.unwrap_or_default().trim().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_above_the_limit_is_counted() {
        let mut captured = Captured::default();
        captured.take_in(b"one\n", 6);
        captured.take_in(b"two\n", 6);
        captured.take_in(b"three\n", 6);
        assert_eq!(captured.text(), "one\ntw");
        assert_eq!(captured.dropped, 8);
        assert_eq!(captured.last_line(), "tw");
    }
}
