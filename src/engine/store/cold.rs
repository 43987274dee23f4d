//! The cold part of each work, which a turn does not need: a column in chunks, so that growing it moves no entry.
//!
//! Most programs add many works of one name. Works that come one after the other differ by their ordinal only, and
//! the ordinal follows from their place. So a chunk holds name and retries once, until one of its works needs an
//! entry of its own.
//!
//! Invariant: a work past the end of its chunk's entries has what the chunk says: no failure, no extension, no attempt
//! after the first. Whatever differs makes an entry first.
//!
//! Limit: an entry, once made, stays in memory. It is blank while its slot is free.

use crate::engine::store::extension::Extension;
use crate::work::{Failure, Name};

/// The entry of a work that differs from its chunk.
pub(crate) struct Cold {
    /// The name of the work.
    pub name: Name,
    /// The last failure; for a Blocked work, the failure of the work that blocks it.
    pub error: Option<Failure>,
    /// The extension, if the work has the mark `EXTENDED`.
    pub extension: Option<Box<Extension>>,
    /// Retries that the work may still spend.
    pub retries_left: u32,
    /// Retries that the work has spent.
    pub retries_spent: u32,
    /// The number of its attempts, once there have been two. See
    /// [`Arena::attempt`](crate::engine::store::arena::Arena::attempt).
    pub attempts: u32,
    /// The number of the work among its same-named siblings.
    pub ordinal: u32,
}

impl Cold {
    /// An entry that is to be filled.
    const BLANK: Self = Cold {
        name: Name::Static(""),
        error: None,
        extension: None,
        retries_left: 0,
        retries_spent: 0,
        attempts: 0,
        ordinal: 0,
    };
}

impl Cold {
    /// Fills a blank entry, and takes `name`.
    #[inline(always)]
    fn fill(&mut self, name: &mut Name, retries: u32, ordinal: u32) {
        // All else in the entry is blank: it is new, or `leave` has cleared it.
        self.name = match name {
            // The parts of a static name are in registers by now, and a move of the whole would wait for memory.
            Name::Static(text) => Name::Static(text),
            Name::Shared(_) => std::mem::take(name),
        };
        (self.retries_left, self.ordinal) = (retries, ordinal);
    }
}

/// The cold part of a work for reading, whether or not the work has an entry of its own. [`Cold`] explains the
/// fields.
pub(crate) struct ColdRef<'a> {
    pub name: &'a Name,
    pub error: Option<&'a Failure>,
    pub extension: Option<&'a Extension>,
    pub retries_left: u32,
    pub retries_spent: u32,
    pub attempts: u32,
    pub ordinal: u32,
}

/// Works per chunk: a power of two. One odd work costs entries for its whole chunk, so a chunk is not large.
const CHUNK: usize = 512;

/// Entries that the first chunk makes at first. The number doubles up to a whole chunk, since most schedulers stay
/// small.
const FIRST: usize = 4;

/// The works of [`CHUNK`] slots, and what they have in common.
struct Chunk {
    /// The name that the works have in common.
    name: Name,
    /// The retries that the works have in common.
    retries: u32,
    /// The ordinal of the chunk's first work; it rises by one per place.
    ordinal: u32,
    /// Entries of the first works of the chunk. Works past its end have no entry of their own.
    own: Vec<Cold>,
}

impl Chunk {
    /// Returns a chunk whose first work has these values.
    ///
    /// The works that follow are expected to have these values and the next ordinals.
    fn beginning_with(name: &Name, retries: u32, ordinal: u32) -> Self {
        // A chunk lives for ever and would keep a shared name's memory, so works with shared names get entries of
        // their own.
        let name = match name {
            Name::Static(name) => Name::Static(name),
            Name::Shared(_) => Name::Static(""),
        };
        Chunk {
            name,
            retries,
            ordinal,
            own: Vec::new(),
        }
    }

    /// Returns the ordinal that a work at `place` has without an entry.
    #[inline]
    fn ordinal_at(&self, place: usize) -> u32 {
        self.ordinal.wrapping_add(place as u32)
    }

    /// Returns whether a work at `place` with these values needs no entry of its own. A wrong "no" only costs memory.
    #[inline]
    fn foresees(&self, place: usize, name: &Name, retries: u32, ordinal: u32) -> bool {
        let same_name = match (&self.name, name) {
            // Addresses are compared, which costs less than texts. An equal text at another address only costs an
            // entry.
            (Name::Static(own), Name::Static(other)) => std::ptr::eq(*own, *other),
            _ => false,
        };
        same_name && self.retries == retries && self.ordinal_at(place) == ordinal
    }

    /// Makes entries for `room` works at once, so that each costs little.
    #[cold]
    #[inline(never)]
    fn grow(&mut self, room: usize) {
        let known = self.own.len();
        // The number is final or a power of two, so the vector need not reserve more.
        self.own.reserve_exact(room - known);
        // All places up to `room` get entries, because a place is the index of its entry. A work reads from it what the
        // chunk said.
        for place in known..room {
            self.own.push(Cold {
                name: self.name.clone(),
                retries_left: self.retries,
                ordinal: self.ordinal_at(place),
                ..Cold::BLANK
            });
        }
    }
}

/// The cold parts of all works, by slot.
pub(crate) struct ColdColumn(Vec<Chunk>);

/// Returns the chunk of a slot and the place in it.
#[inline(always)]
const fn split(slot: u32) -> (usize, usize) {
    (slot as usize / CHUNK, slot as usize % CHUNK)
}

impl ColdColumn {
    /// Returns an empty column.
    pub const fn new() -> Self {
        ColdColumn(Vec::new())
    }

    /// Returns the cold part of a work for reading.
    #[inline]
    pub fn get(&self, slot: u32) -> ColdRef<'_> {
        let (chunk, place) = split(slot);
        let chunk = &self.0[chunk];
        match chunk.own.get(place) {
            Some(cold) => ColdRef {
                name: &cold.name,
                error: cold.error.as_ref(),
                extension: cold.extension.as_deref(),
                retries_left: cold.retries_left,
                retries_spent: cold.retries_spent,
                attempts: cold.attempts,
                ordinal: cold.ordinal,
            },
            None => ColdRef {
                name: &chunk.name,
                error: None,
                extension: None,
                retries_left: chunk.retries,
                retries_spent: 0,
                attempts: 0,
                ordinal: chunk.ordinal_at(place),
            },
        }
    }

    /// Returns the entry of a work, and makes it if need be. Amortised O(1).
    ///
    /// In the first chunk this makes the entries before it, too. In any other it makes those of the whole chunk.
    #[inline]
    pub fn get_mut(&mut self, slot: u32) -> &mut Cold {
        let (index, place) = split(slot);
        let chunk = &mut self.0[index];
        if place >= chunk.own.len() {
            chunk.grow(room_for(index, place + 1));
        }
        &mut chunk.own[place]
    }

    /// Enters a work in a slot that has been used before or in the next one. Takes `name` if the work needs an entry
    /// of its own. Amortised O(1).
    ///
    /// The slot's former entry, if there is one, is blank: see [`ColdColumn::leave`].
    #[inline]
    pub fn enter(&mut self, slot: u32, name: &mut Name, retries: u32, ordinal: u32) {
        let (chunk, place) = split(slot);
        match self.0.get_mut(chunk) {
            Some(chunk) if place < chunk.own.len() => {
                chunk.own[place].fill(name, retries, ordinal);
            }
            Some(chunk) if chunk.foresees(place, name, retries, ordinal) => {}
            _ => self.enter_own(slot, name, retries, ordinal),
        }
    }

    /// Enters a work that begins a chunk or differs from its chunk.
    #[inline(never)]
    fn enter_own(&mut self, slot: u32, name: &mut Name, retries: u32, ordinal: u32) {
        let (chunk, place) = split(slot);
        // The first work of a chunk decides what its works have in common.
        if chunk == self.0.len() {
            self.0.push(Chunk::beginning_with(name, retries, ordinal));
            if self.0[chunk].foresees(place, name, retries, ordinal) {
                return;
            }
        }
        self.get_mut(slot).fill(name, retries, ordinal);
    }

    /// Drops the entries of all works, but keeps the room. What the works of a chunk had in common is only a guess.
    #[inline]
    pub fn clear(&mut self) {
        for chunk in &mut self.0 {
            chunk.own.fill_with(|| Cold::BLANK);
        }
    }

    /// Drops the entry of a work that is gone. A work without an entry leaves nothing behind.
    #[inline]
    pub fn leave(&mut self, slot: u32) {
        let (chunk, place) = split(slot);
        // It is cleared now and not with the next work: a failure and an extension hold values of the program (L30).
        if let Some(cold) = self.0[chunk].own.get_mut(place) {
            *cold = Cold::BLANK;
        }
    }
}

/// Returns how many entries to make in `chunk` when the first `works` of them are needed.
fn room_for(chunk: usize, works: usize) -> usize {
    match chunk {
        0 => works.next_power_of_two().max(FIRST),
        _ => CHUNK,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stream;

    /// Name, retries left, ordinal and failure of a work.
    type Known = (String, u32, u32, Option<String>);

    fn known(cold: &ColdColumn, slot: u32) -> Known {
        let cold = cold.get(slot);
        let error = cold.error.map(Failure::to_string);
        (
            cold.name.to_string(),
            cold.retries_left,
            cold.ordinal,
            error,
        )
    }

    /// Works of two names come, go and fail; a vector of what each was told is the model.
    #[test]
    fn what_is_written_down_once_is_what_each_was_told() {
        let mut stream = Stream::new(5);
        let (mut alike, mut apart) = (0, 0);
        for run in 0..60 {
            let (mut cold, mut each) = (ColdColumn::new(), Vec::<Known>::new());
            // Runs differ in how seldom a work has something of its own.
            let seldom = [3, 100, 2_000][run % 3];
            for step in 0..2_000 {
                let (own, old) = (stream.below(seldom) == 0, stream.below(4) == 0);
                let (mut name, retries): (Name, u32) = match (own, stream.below(3)) {
                    (true, 0) => (format!("shared {step}").into(), 0),
                    (true, 1) => ("other".into(), 0),
                    (true, _) => ("one".into(), 3),
                    (false, _) => ("one".into(), 1),
                };
                let slot = match old && !each.is_empty() {
                    true => stream.below(each.len() as u64) as u32,
                    false => each.len() as u32,
                };
                let known = (name.to_string(), retries, slot, None);
                match each.get_mut(slot as usize) {
                    Some(of) => {
                        cold.leave(slot);
                        *of = known;
                    }
                    None => each.push(known),
                }
                cold.enter(slot, &mut name, retries, slot);
                if stream.below(seldom) == 0 {
                    let failure = format!("failure {step}");
                    cold.get_mut(slot).error = Some(Failure::msg(failure.clone()));
                    each[slot as usize].3 = Some(Failure::msg(failure).to_string());
                }
            }
            for (slot, of) in each.iter().enumerate() {
                assert_eq!(known(&cold, slot as u32), *of, "slot {slot} of run {run}");
            }
            let chunks = cold.0.iter();
            alike += chunks.clone().filter(|chunk| chunk.own.is_empty()).count();
            apart += chunks.filter(|chunk| !chunk.own.is_empty()).count();
        }
        assert!(alike > 20 && apart > 20, "{alike} {apart}");
    }

    #[test]
    fn works_of_one_name_take_no_memory_each() {
        let mut cold = ColdColumn::new();
        for slot in 0..10_000 {
            cold.enter(slot, &mut "one".into(), 2, slot);
        }
        assert!(cold.0.iter().all(|chunk| chunk.own.is_empty()));
        cold.get_mut(CHUNK as u32 + 1).retries_left -= 1;
        let apart = (0..cold.0.len()).filter(|&chunk| !cold.0[chunk].own.is_empty());
        assert!(apart.eq([1]));
        assert_eq!(known(&cold, 513), ("one".into(), 1, 513, None));
        assert_eq!(known(&cold, 514), ("one".into(), 2, 514, None));
    }

    #[test]
    fn a_meta_is_small() {
        assert!(size_of::<Cold>() <= 48, "{}", size_of::<Cold>());
    }
}
