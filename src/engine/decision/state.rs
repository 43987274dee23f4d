//! What the engine keeps while a decider is set. In production there is none of it, and one branch shows that.

use super::{Candidate, Decider, Draws, Interference, TimerKind, Wants};
use crate::engine::panics::Contained;
use crate::engine::rng::hash_text;
use crate::engine::store::keys::Keys;
use crate::work::WorkId;
use smallvec::SmallVec;
use std::rc::Rc;

/// A work, or what stands for one, that is a candidate: candidates are made from it on demand.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    /// The slot of the work; `NONE` for an inbox entry that concerns no work.
    pub slot: u32,
    /// The kind of its timer, if timers are candidates.
    pub timer: Option<TimerKind>,
}

impl Asked {
    /// Returns a work without a timer.
    pub fn work(slot: u32) -> Asked {
        Asked { slot, timer: None }
    }
}

/// The work that had the last turn. Its id costs a look at its record, so it is made when somebody asks.
#[derive(Clone, Copy)]
pub(crate) enum Last {
    /// There has been no turn.
    Nobody,
    /// The work in this slot.
    Slot(u32),
    /// A work that has left.
    Left(WorkId),
}

/// The decider, and what is kept from one decision to the next.
pub(crate) struct Deciding {
    /// The program's decider.
    pub decider: Contained<Box<dyn Decider>>,
    /// What it wants, asked once.
    pub wants: Wants,
    /// What orders are drawn from, if the decider looks at no candidate.
    pub draws: Option<Rc<Draws>>,
    /// These again if the decider wants nothing else: a turn is then drawn without a look at the rest.
    pub blind: Option<Rc<Draws>>,
    /// The keys of the works.
    pub keys: Keys,
    /// Room for candidates, so that a decision allocates nothing.
    pub asked: Vec<Asked>,
    /// The work of the next round that was picked ahead of this one. It is not asked about again.
    pub chosen: Option<WorkId>,
    /// What had happened when no ready work could go on, and whether a hold kept one of them. Whatever happens next
    /// ends that.
    pub stuck: Option<(u64, bool)>,
    /// What happens instead of the turn that is coming.
    pub interference: Option<Interference>,
    /// The work that had or has the last turn.
    pub last: Last,
    /// That work as it was before its turn, for a decider that hears of turns.
    pub turning: Candidate,
    /// The last label of the present turn.
    pub step: Option<&'static str>,
    /// How often each site has asked in the turn with that number.
    visits: (u64, SmallVec<[(u64, u32); 4]>),
}

impl Deciding {
    /// Returns the state for a decider that has not been asked anything.
    pub fn new(decider: Contained<Box<dyn Decider>>) -> Self {
        Deciding {
            decider,
            wants: Wants::NOTHING,
            draws: None,
            blind: None,
            keys: Keys::default(),
            asked: Vec::new(),
            chosen: None,
            stuck: None,
            interference: None,
            last: Last::Nobody,
            turning: Candidate::NOBODY,
            step: None,
            visits: Default::default(),
        }
    }

    /// Keeps what the decider wants.
    pub fn set_wants(&mut self, wants: Wants, draws: Option<Rc<Draws>>) {
        let free_rounds = wants.free_rounds;
        let plain = Wants {
            free_rounds,
            ..Wants::NOTHING
        };
        self.blind = draws.clone().filter(|_| wants == plain);
        (self.wants, self.draws) = (wants, draws);
    }

    /// Forgets all works, but keeps the decider.
    #[inline]
    pub fn reset(&mut self) {
        self.keys.reset();
        self.chosen = None;
        self.stuck = None;
        self.interference = None;
        self.last = Last::Nobody;
        self.turning = Candidate::NOBODY;
        self.step = None;
        self.visits = Default::default();
    }

    /// Counts a visit of `site` in the turn with the number `turn`, and returns how many there have been in it.
    pub fn visit(&mut self, turn: u64, site: &str) -> u32 {
        if self.visits.0 != turn {
            self.visits = (turn, SmallVec::new());
        }
        let site = hash_text(site);
        match self.visits.1.iter_mut().find(|(known, _)| *known == site) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                self.visits.1.push((site, 1));
                1
            }
        }
    }
}
