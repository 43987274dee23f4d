//! The smallest part of a list with which something still fails.
//!
//! A list is chronological, so a prefix of it is a run that keeps to the recorded order for a while and then falls back
//! to production order. The least prefix that fails is found by bisection, and its last entry is needed. With that entry
//! kept, the least prefix is looked for again. This takes k log n runs for k needed entries of n, where delta debugging
//! (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002) takes up to k^2 more. The last
//! pass is theirs: no entry can be left out of the result by itself.

/// Returns the numbers, in order, of entries that still fail, below `len`; no single one of them can be left out. All
/// entries together are known to fail. `fails` is asked O(k log `len` + k^2) times for k entries of the result.
pub(super) fn minimal(len: usize, fails: &mut dyn FnMut(&[usize]) -> bool) -> Vec<usize> {
    let mut kept: Vec<usize> = Vec::new();
    let mut rest = len;
    while rest > 0 && !fails(&kept) {
        rest = least_prefix(rest, &kept, fails) - 1;
        kept.insert(0, rest);
    }
    while let Some(place) = (0..kept.len()).find(|&place| fails(&without(&kept, place))) {
        kept.remove(place);
    }
    kept
}

/// Returns the length of a prefix that fails together with `kept`, although the one shorter by 1 does not.
fn least_prefix(len: usize, kept: &[usize], fails: &mut dyn FnMut(&[usize]) -> bool) -> usize {
    let (mut passing, mut failing) = (0, len);
    while failing - passing > 1 {
        let middle = passing + (failing - passing) / 2;
        let entries: Vec<usize> = (0..middle).chain(kept.iter().copied()).collect();
        match fails(&entries) {
            true => failing = middle,
            false => passing = middle,
        }
    }
    failing
}

/// Returns the list without the entry at this place.
pub(super) fn without<T: Clone>(list: &[T], place: usize) -> Vec<T> {
    let mut list = list.to_vec();
    list.remove(place);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looks for these needed entries among 100, and returns what was found in how many runs.
    fn found(needed: &[usize]) -> (Vec<usize>, u32) {
        let mut runs = 0;
        let found = minimal(100, &mut |entries| {
            runs += 1;
            assert!(entries.is_sorted());
            needed.iter().all(|it| entries.contains(it))
        });
        (found, runs)
    }

    #[test]
    fn what_is_needed_is_found_in_few_runs() {
        for needed in [vec![], vec![0], vec![99], vec![0, 99], vec![3, 50, 51, 98]] {
            let (found, runs) = found(&needed);
            assert_eq!(found, needed);
            let most = 2 + 11 * needed.len();
            assert!(runs as usize <= most, "{needed:?} took {runs} runs");
        }
    }

    #[test]
    fn no_entry_can_be_left_out_where_more_is_not_always_worse() {
        // Fails with 10 and 20, but not with 15 unless 16 is there: entries that heal each other.
        let fails = |entries: &[usize]| {
            let has = |entry: usize| entries.contains(&entry);
            has(10) && has(20) && (!has(15) || has(16))
        };
        let found = minimal(30, &mut |entries| fails(entries));
        assert!(fails(&found), "{found:?}");
        for place in 0..found.len() {
            assert!(!fails(&without(&found, place)), "{found:?}");
        }
    }
}
