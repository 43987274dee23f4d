//! A list that grows in chunks: what is in it never moves, so that growing it costs no copy of all that is there.

/// Entries per chunk: a power of two.
const CHUNK: usize = 512;

/// Entries of the first chunk at first: it doubles until it is a whole one, since most schedulers never need another.
const FIRST: usize = 4;

/// Entries by index; blank ones are added many at a time, whoever needs one fills it.
pub(crate) struct Chunks<T> {
    chunks: Vec<Vec<T>>,
    len: usize,
}

impl<T> Chunks<T> {
    pub const fn new() -> Self {
        Chunks {
            chunks: Vec::new(),
            len: 0,
        }
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Adds blank entries: many at once, so that each costs next to nothing. Amortised O(1) for each.
    #[cold]
    pub fn grow(&mut self, blank: impl Fn() -> T) {
        let unfilled = self.len % CHUNK;
        match self.chunks.last_mut() {
            Some(last) if unfilled > 0 => {
                let entries = unfilled * 2;
                last.reserve_exact(unfilled);
                last.resize_with(entries, blank);
            }
            last => {
                let entries = if last.is_none() { FIRST } else { CHUNK };
                let mut chunk = Vec::with_capacity(entries);
                chunk.resize_with(entries, blank);
                self.chunks.push(chunk);
            }
        }
        self.len += self.chunks.last().map_or(0, Vec::len) - unfilled;
    }

    #[inline(always)]
    pub fn at(&self, index: u32) -> &T {
        &self.chunks[index as usize / CHUNK][index as usize % CHUNK]
    }

    #[inline(always)]
    pub fn at_mut(&mut self, index: u32) -> &mut T {
        &mut self.chunks[index as usize / CHUNK][index as usize % CHUNK]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_stay_where_they_were_put() {
        let mut chunks = Chunks::new();
        let entries = 3 * CHUNK as u32 + 1;
        for n in 0..entries {
            if n as usize == chunks.len() {
                chunks.grow(|| 0);
            }
            *chunks.at_mut(n) = n;
        }
        *chunks.at_mut(CHUNK as u32) += 1;
        assert_eq!(chunks.len(), 4 * CHUNK);
        let read: Vec<u32> = (0..entries).map(|n| *chunks.at(n)).collect();
        let mut expected: Vec<u32> = (0..entries).collect();
        expected[CHUNK] += 1;
        assert_eq!(read, expected);
        assert!(
            chunks.chunks[1..]
                .iter()
                .all(|chunk| chunk.capacity() == CHUNK)
        );
    }
}
