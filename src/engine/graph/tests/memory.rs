//! Memory stays flat, and is given back.

use super::*;

/// Whole graphs come and go, with and without an edge that stays.
#[test]
fn graphs_that_come_and_go_take_flat_memory_and_are_not_walked_anew() {
    for keeps_one in [true, false] {
        let (mut pair, mut stream) = (Pair::new(), Stream::new(1));
        let lasting = [pair.add(), pair.add()];
        if keeps_one {
            pair.link(lasting[0], lasting[1], EdgeKind::After, false);
        }
        for round in 0..200 {
            let edges: Vec<(usize, usize)> = (1..10).map(|work| (work - 1, work)).collect();
            pair.link_many(10, &edges, &mut stream);
            assert_eq!(
                pair.graph.ins.get().is_none(),
                !keeps_one && round == 0,
                "only the first is not written down from both sides"
            );
            while pair.works.len() > 2 {
                let last = *pair.works.last().unwrap();
                pair.remove(last);
            }
            pair.check();
        }
        // Each of them takes some twenty.
        assert!(pair.cells_ever() < 300, "{}", pair.cells_ever());
    }
}

/// Returns a work with `len` dependents, whose oldest goes whenever a new one comes, and the most cells in use.
fn churn(len: usize, rounds: usize) -> (Pair, usize) {
    let mut pair = Pair::new();
    let hub = pair.add();
    let mut dependents = std::collections::VecDeque::new();
    let mut most = 0;
    for _ in 0..len + rounds {
        let after = pair.add();
        // The model would look through all its edges.
        pair.graph
            .link(&mut pair.arena, hub, after, EdgeKind::After, false);
        dependents.push_back(after);
        if dependents.len() > len {
            let oldest: u32 = dependents.pop_front().unwrap();
            pair.graph.unlink_all(&mut pair.arena, oldest, |_, _| ());
            pair.arena.leave(oldest);
            pair.arena.remove(oldest);
        }
        most = most.max(pair.cells());
    }
    let left: Vec<u32> = pair.graph.outs(&pair.arena, hub).map(Entry::peer).collect();
    assert!(left.iter().eq(dependents.iter()));
    (pair, most)
}

/// Many rounds of churn need no more memory than a few.
#[test]
fn a_hub_whose_dependents_come_and_go_takes_flat_memory() {
    for len in [1, 2, 3, 100, 5_000] {
        let (_, once) = churn(len, 4 * len);
        let (pair, long) = churn(len, 40 * len + 1_000);
        assert_eq!(long, once, "of {len}");
        assert!(long <= 32 + 16 * len, "{long} cells for {len} edges");
        assert_eq!(pair.graph.len(), len);
    }
}

/// A list of 5,000 shrinks to one edge, and its block with it.
#[test]
fn a_list_that_was_long_gives_its_memory_back() {
    let (mut pair, _) = churn(5_000, 0);
    let dependents: Vec<u32> = pair.graph.outs(&pair.arena, 0).map(Entry::peer).collect();
    for (left, &slot) in (0..5_000).rev().zip(&dependents[1..]) {
        pair.graph.unlink_all(&mut pair.arena, slot, |_, _| ());
        let block = pair.arena.at(0).outs;
        assert!(1 << pair.graph.outs.header(block).size() <= 8 * (left + 1).max(1));
        if left == 1 {
            break;
        }
    }
    assert_eq!(
        pair.graph.find(&pair.arena, 0, dependents[0]),
        Some(pair.arena.at(0).outs + 1)
    );
}
