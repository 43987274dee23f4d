//! A list that grows in chunks: what is in it never moves, so that growing it costs no copy of all that is there.

/// Entries per chunk: a power of two.
const CHUNK: usize = 512;

/// The first chunk grows as a vector does, since most schedulers never need another.
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

    /// O(1), but for the first chunk, where it is amortised.
    #[inline]
    pub fn push(&mut self, entry: T) {
        let chunk = self.len / CHUNK;
        if chunk == self.chunks.len() {
            let capacity = if chunk == 0 { 0 } else { CHUNK };
            self.chunks.push(Vec::with_capacity(capacity));
        }
        self.chunks[chunk].push(entry);
        self.len += 1;
    }

    #[inline]
    pub fn at(&self, index: u32) -> &T {
        &self.chunks[index as usize / CHUNK][index as usize % CHUNK]
    }

    #[inline]
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
        (0..entries).for_each(|n| chunks.push(n));
        *chunks.at_mut(CHUNK as u32) += 1;
        assert_eq!(chunks.len(), entries as usize);
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
