//! The ring against two queues, and what is read ahead.

use super::*;
use crate::Name;
use std::collections::VecDeque;

const WORKS: u32 = 300;

fn arena() -> Arena {
    let mut arena = Arena::new();
    for _ in 0..WORKS {
        arena.insert(&mut Name::Static("w"), 0, 0);
    }
    arena
}

/// Returns whether there was a batch to be read ahead, and checks that it is what comes next.
fn is_read_ahead(ready: &mut Ready, round: &VecDeque<u32>, later: &VecDeque<u32>) -> bool {
    let batch = ready.next_batch();
    assert!(!ready.is_unread());
    let slots = batch.into_iter().flatten().filter(|&slot| slot != NONE);
    let next: Vec<u32> = slots.collect();
    assert!(next.iter().eq(round.iter().chain(later).take(next.len())));
    batch.is_some()
}

/// Rounds of pushes, pops and removals, against two queues. Places start just before they wrap.
#[test]
fn a_ring_does_what_two_queues_do() {
    let (mut arena, mut ready) = (arena(), Ready::new());
    (ready.head, ready.end, ready.tail) = (u32::MAX - 500, u32::MAX - 500, u32::MAX - 500);
    let (mut round, mut later) = (VecDeque::new(), VecDeque::new());
    let mut random = crate::Stream::new(7);
    let (mut popped, mut removed, mut batches) = (0, 0, 0);
    for step in 0..100_000 {
        let slot = random.below(WORKS as u64) as u32;
        let removing = step % 3_000 > 2_000;
        match random.below(if removing { 12 } else { 5 }) {
            0 | 1 if !arena.is(slot, flag::READY) => {
                ready.push(&mut arena, slot);
                later.push_back(slot);
            }
            2 if round.is_empty() => {
                assert!(ready.round_is_over());
                ready.start_round();
                std::mem::swap(&mut round, &mut later);
            }
            2 | 3 if !round.is_empty() => {
                let slot = ready.pop();
                assert_eq!(Some(slot), round.pop_front());
                popped += 1;
                arena.clear(slot, flag::READY);
            }
            _ => {
                removed += arena.is(slot, flag::READY) as u32;
                ready.remove(&mut arena, slot);
                round.retain(|&other| other != slot);
                later.retain(|&other| other != slot);
            }
        }
        if removing || step % 100 == 0 {
            batches += is_read_ahead(&mut ready, &round, &later) as u32;
        }
        assert!(ready.round().eq(round.iter().copied()));
        assert_eq!(ready.round_is_over(), round.is_empty());
        assert_eq!(ready.len(), round.len() + later.len());
        assert_eq!(ready.is_empty(), round.is_empty() && later.is_empty());
    }
    assert!(
        popped > 1_000 && removed > 1_000 && ready.tail < u32::MAX / 2,
        "{popped} {removed}"
    );
    assert!(batches > 100, "{batches}");
}

/// Works are taken out of turn and cancelled, against one list and the number of those in the round.
#[test]
fn works_that_move_up_are_found_again() {
    let (mut arena, mut ready) = (arena(), Ready::new());
    (ready.head, ready.end, ready.tail) = (u32::MAX - 500, u32::MAX - 500, u32::MAX - 500);
    let (mut works, mut in_round) = (Vec::new(), 0);
    let mut random = crate::Stream::new(3);
    let (mut near, mut moved) = (0, 0);
    for _ in 0..50_000 {
        let slot = random.below(10) as u32;
        if !arena.is(slot, flag::READY) {
            ready.push(&mut arena, slot);
            works.push(slot);
        }
        ready.without_gaps(&mut arena);
        let number = random.below(works.len() as u64) as usize;
        let slot = works[number];
        match random.below(5) {
            0 | 1 => match ready.take_near(number) {
                Some(taken) => {
                    assert_eq!(taken, slot);
                    near += 1;
                    if number >= in_round {
                        in_round = works.len();
                    }
                }
                None => {
                    ready.widen_round();
                    in_round = works.len();
                    assert_eq!(ready.take_nth(number), slot);
                }
            },
            2 if number < in_round => assert_eq!(ready.take_nth(number), slot),
            3 if number < in_round => ready.take_from_round(&arena, slot),
            4 => {
                moved += u32::from(ready.ring[ready.index(arena.at(slot).links.prev)] != slot);
                ready.take(&mut arena, slot);
                in_round += usize::from(number >= in_round);
            }
            _ => continue,
        }
        works.remove(number);
        in_round -= 1;
        arena.clear(slot, flag::READY);
        assert!(ready.round().eq(works[..in_round].iter().copied()));
        assert!(ready.next_round().eq(works[in_round..].iter().copied()));
    }
    assert!(near > 5_000 && moved > 1_000, "{near} {moved}");
}

/// Returns what is to be read ahead for a round of `slots`, whose first `had` works have had their turns.
fn dense(arena: &mut Arena, slots: impl Iterator<Item = u32>, had: u32) -> Option<Range<u32>> {
    let mut ready = Ready::new();
    for slot in slots {
        arena.clear(slot, flag::READY);
        ready.push(arena, slot);
    }
    ready.start_round();
    (0..had).for_each(|_| _ = ready.pop());
    let dense = ready.dense_round();
    assert_eq!(dense.is_some(), !ready.is_unread());
    assert_eq!(ready.dense_round(), None, "once in a round");
    dense
}

#[test]
fn a_large_round_is_dense_if_its_works_lie_side_by_side() {
    let arena = &mut arena();
    let scattered = |works: u32, every: u32| (0..works).map(move |n| 20 + n * 7 % works * every);
    assert_eq!(dense(arena, scattered(100, 1), 0), Some(20..120));
    assert_eq!(dense(arena, scattered(100, 1), 1), Some(21..120));
    assert_eq!(dense(arena, scattered(100, 2), 0), Some(20..219));
    assert_eq!(dense(arena, scattered(90, 3), 0), None);
    assert_eq!(dense(arena, scattered(LARGE.start() - 1, 1), 0), None);
    assert_eq!(dense(arena, scattered(*LARGE.start(), 1), 1), None);
}

#[test]
fn a_round_with_gaps_is_not_dense() {
    let (mut arena, mut ready) = (arena(), Ready::new());
    (0..100).for_each(|slot| ready.push(&mut arena, slot));
    ready.start_round();
    ready.remove(&mut arena, 50);
    assert_eq!(ready.dense_round(), None);
    let batch = ready.next_batch();
    assert_eq!(batch, None, "in the order of memory");
}

#[test]
fn coming_and_going_without_end_takes_no_more_room() {
    let (mut arena, mut ready) = (arena(), Ready::new());
    for round in 0..100_000 {
        let slot = round % WORKS;
        ready.push(&mut arena, slot);
        ready.remove(&mut arena, slot);
    }
    assert!(ready.is_empty() && ready.ring.len() <= 2 * SHORT as usize);
}
