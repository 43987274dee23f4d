//! Picking the next turn with a decider: candidates of this round and the next, guards, holds and interference.
//!
//! Without a decider none of this runs. With one that always gives answer 0 and wants nothing, the order is that of
//! production.
//!
//! Two things end a round before all its works have had their turns. A decider with free rounds may pick a work that
//! is ready for the next round; that work is then the first of the next round without another question. Or no work can
//! go on, since all are disabled or held. Works that had no turn stay where they are in the ring, so they come first.

use crate::engine::Engine;
use crate::engine::decision::{Asked, Deciding, DecisionKind, Interference, Last, Wants};
use crate::engine::run::decide::Among;
use crate::engine::run::next::Next;
use crate::engine::run::round::Round;
use crate::engine::store::extension::AbortCause;
use crate::engine::store::flags::flag;
use crate::work::{CancelledBy, Failure, WorkState};

/// What comes before the next round.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Between {
    /// The steps of a round's end and beginning, since the caller stands inside them.
    Steps,
    /// Turns only, if there is no news.
    Turns,
}

/// What the decider has picked.
struct Picked {
    /// The work; `None` if there was no candidate.
    slot: Option<u32>,
    /// Its number among the candidates.
    answer: usize,
    /// How many candidates are of the present round.
    in_round: usize,
}

impl Engine {
    /// Starts a round that has turns and nothing else, and returns its first work.
    #[cold]
    pub(super) fn start_round_as_decided(&mut self) -> Round {
        self.ready.start_round();
        match self.pop_drawn().or_else(|| self.pop_between_steps()) {
            Some(slot) => Round::Turn(slot),
            None => self.nothing_picked(),
        }
    }

    /// Returns the work that has the next turn of this round, if the round gives more.
    #[cold]
    pub(super) fn next_of_round_as_decided(&mut self) -> Option<u32> {
        match self.ready.round_is_over() {
            true => None,
            false => self.pop_between_steps(),
        }
    }

    /// Returns the work that has the next turn, of this round or of the next one if nothing is to be done in between.
    #[cold]
    pub(super) fn next_turn_as_decided(&mut self) -> Option<u32> {
        if !self.may_have_news()
            && let Some(slot) = self.pop_drawn()
        {
            return Some(slot);
        }
        self.next_turn_asked()
    }

    /// Takes a ready work that is drawn among those of the present round, or with free rounds among all. Returns `None`
    /// if there is none, if the decider has to be asked or told something, or if the work is not near. There must be
    /// nothing to be done between rounds.
    #[inline(always)]
    fn pop_drawn(&mut self) -> Option<u32> {
        let deciding = self.deciding.as_mut()?;
        let draws = deciding.blind.as_deref()?;
        let ready = &mut self.ready;
        if ready.has_gaps() || ready.is_empty() || deciding.chosen.is_some() {
            return None;
        }
        let in_round = ready.left_in_round();
        let arity = match deciding.wants.free_rounds || in_round == 0 {
            true => ready.len(),
            false => in_round,
        };
        let slot = match arity {
            1 => ready.take_near(0),
            _ => draws.draw_quickly(arity, |answer| ready.take_near(answer)),
        }?;
        deciding.last = Last::Slot(slot);
        Some(slot)
    }

    #[inline(never)]
    fn next_turn_asked(&mut self) -> Option<u32> {
        if self.ready.round_is_over() {
            if self.ready.next_is_empty() || self.may_have_news() {
                return None;
            }
            self.ready.start_round();
        }
        self.pop_as_decided(Between::Turns)
    }

    /// Goes on after the decider has ended a round in which this crank has given no turn.
    #[cold]
    pub(super) fn round_ended_early(&mut self) -> Round {
        if self.end_round() {
            return Round::Empty;
        }
        match self.is_stuck() {
            // A simulated job under way counts as news, and would begin rounds without end.
            true => {
                self.round_open = true;
                self.nothing_picked()
            }
            false => self.open_round(),
        }
    }

    /// Returns whether no ready work can go on until something happens.
    fn is_stuck(&self) -> bool {
        let stuck = self.deciding.as_ref().and_then(|deciding| deciding.stuck);
        stuck.is_some_and(|(happened, _)| happened == self.happened())
    }

    /// Ends a round that has just begun, because no work can go on. If nothing else can either, the first held work has
    /// its turn.
    fn nothing_picked(&mut self) -> Round {
        if self.can_waive()
            && let Some(slot) = self.first_held()
        {
            self.ask_about(slot, |decider, subject| decider.waived(subject));
            self.with_deciding(|deciding| deciding.stuck = None);
            self.ready.take(&mut self.arena, slot);
            return Round::Turn(self.begin_turn(slot));
        }
        self.round_open = false;
        Round::None
    }

    #[inline(never)]
    fn pop_between_steps(&mut self) -> Option<u32> {
        self.pop_as_decided(Between::Steps)
    }

    /// Takes the work that the decider picks. Returns `None` if this round gives no more turns.
    #[inline(always)]
    fn pop_as_decided(&mut self, between: Between) -> Option<u32> {
        self.ready.without_gaps(&mut self.arena);
        let deciding = self.deciding.as_ref()?;
        let Wants {
            guards,
            holds,
            free_rounds,
            ..
        } = deciding.wants;
        if deciding.chosen.is_some()
            && let Some(slot) = self.take_chosen()
        {
            return Some(slot);
        }
        match guards || holds {
            true => self.pop_free(free_rounds, between),
            false => self.pop_any(free_rounds, between),
        }
    }

    /// Takes the work that was picked ahead of the last round's end, if it still has a turn coming.
    fn take_chosen(&mut self) -> Option<u32> {
        let id = self.deciding.as_mut()?.chosen.take()?;
        let slot = self.lookup(id).ok()?;
        if !self.arena.is(slot, flag::READY) {
            return None;
        }
        self.ready.take_from_round(&self.arena, slot);
        Some(self.begin_turn(slot))
    }

    /// Takes the work that the decider picks among all ready works. They are numbered by the ring, so none is written
    /// down.
    #[inline(always)]
    fn pop_any(&mut self, free_rounds: bool, between: Between) -> Option<u32> {
        let in_round = self.ready.left_in_round();
        let arity = match free_rounds {
            true => self.ready.len(),
            false => in_round,
        };
        let answer = self.decide(DecisionKind::Turn, Among::Ready(arity), in_round);
        if answer >= in_round && !self.goes_beyond(self.ready.nth(answer), between) {
            return None;
        }
        let slot = self.ready.take_nth(answer);
        Some(self.begin_turn(slot))
    }

    /// Takes the work that the decider picks among the ready works that are neither disabled nor held.
    #[inline(never)]
    fn pop_free(&mut self, free_rounds: bool, between: Between) -> Option<u32> {
        self.with_deciding(|deciding| deciding.stuck = None);
        let Picked {
            slot,
            answer,
            in_round,
        } = self.pick_among_free(free_rounds);
        match slot {
            Some(slot) if answer < in_round || self.goes_beyond(slot, between) => {
                self.ready.take_from_round(&self.arena, slot);
                return Some(self.begin_turn(slot));
            }
            Some(_) => return None,
            // In the next round there may be more.
            None if in_round == 0 && !self.ready.next_is_empty() && !free_rounds => {}
            None => self.note_stuck(),
        }
        self.ready.end_round();
        None
    }

    /// Ends the round for a work of the next one. Returns whether that next one has begun: then it does so with that
    /// work, and nothing else happens before.
    fn goes_beyond(&mut self, slot: u32, between: Between) -> bool {
        if between == Between::Turns && !self.may_have_news() {
            self.ready.widen_round();
            return true;
        }
        self.ready.end_round();
        let id = self.id(slot);
        self.with_deciding(|deciding| deciding.chosen = Some(id));
        false
    }

    /// Notes that no ready work can go on until something happens.
    fn note_stuck(&mut self) {
        let happened = self.happened();
        let is_any_held = self.first_held().is_some();
        self.with_deciding(|deciding| deciding.stuck = Some((happened, is_any_held)));
    }

    /// Lets the decider pick among the ready works that are neither disabled nor held.
    fn pick_among_free(&mut self, free_rounds: bool) -> Picked {
        let mut asked = self.take_asked();
        asked.extend(self.ready.round().map(Asked::work));
        let mut in_round = asked.len();
        if free_rounds {
            asked.extend(self.ready.next_round().map(Asked::work));
        }
        in_round = self.drop_waiting(&mut asked, in_round);
        let answer = self.decide(DecisionKind::Turn, Among::These(&asked), in_round);
        let slot = asked.get(answer).map(|asked| asked.slot);
        self.put_asked(asked);
        Picked {
            slot,
            answer,
            in_round,
        }
    }

    fn with_deciding(&mut self, change: impl FnOnce(&mut Deciding)) {
        if let Some(deciding) = &mut self.deciding {
            change(deciding);
        }
    }

    /// Drops the candidates that are disabled or held, and returns how many of this round are left.
    fn drop_waiting(&mut self, asked: &mut Vec<Asked>, in_round: usize) -> usize {
        let mut left = 0;
        let mut place = 0;
        asked.retain(|asked| {
            let stays = self.is_enabled(asked.slot) && !self.is_held(asked.slot);
            left += (stays && place < in_round) as usize;
            place += 1;
            stays
        });
        left
    }

    fn is_enabled(&mut self, slot: u32) -> bool {
        let asks = self.wants().guards;
        !asks
            || self
                .ask_about(slot, |decider, subject| decider.is_enabled(subject))
                .unwrap_or(true)
    }

    fn is_held(&mut self, slot: u32) -> bool {
        self.wants().holds
            && self
                .ask_about(slot, |decider, subject| decider.is_held(subject))
                .unwrap_or(false)
    }

    /// Returns the first ready work that only a hold keeps from its turn.
    fn first_held(&mut self) -> Option<u32> {
        let ready: Vec<u32> = self.ready.round().chain(self.ready.next_round()).collect();
        ready.into_iter().find(|&slot| self.is_enabled(slot))
    }

    /// Returns whether nothing else can make a work go on.
    fn can_waive(&self) -> bool {
        match self.next_without_turns() {
            Next::Stalled | Next::Idle => true,
            Next::External => !self.is_time_pinned() && self.jobs.outside() == 0,
            Next::Now | Next::At(_) => false,
        }
    }

    /// Begins the turn of a work that is out of the ring. Asks whether something else happens instead.
    #[inline(always)]
    fn begin_turn(&mut self, slot: u32) -> u32 {
        let Some(deciding) = &mut self.deciding else {
            return slot;
        };
        deciding.last = Last::Slot(slot);
        let wants = deciding.wants;
        if wants.interference || wants.turns {
            self.announce(slot, wants);
        }
        slot
    }

    /// Asks the decider whether something happens instead of a turn. If not, the decider is told of the turn later.
    fn announce(&mut self, slot: u32, wants: Wants) {
        self.with_deciding(|deciding| deciding.step = None);
        if wants.interference
            && let Some(kind) = self.interference(slot)
        {
            self.with_deciding(|deciding| deciding.interference = Some(kind));
            // Without that flag no fast path takes the turn: see `interfere`.
            self.arena.clear(slot, flag::READY);
        } else if wants.turns {
            // As it is before the turn, in which it may leave.
            let turning = self.candidate(slot);
            self.with_deciding(|deciding| deciding.turning = turning);
            self.deferred.report_turn();
        }
    }

    /// Returns what is to happen instead of the turn.
    fn interference(&mut self, slot: u32) -> Option<Interference> {
        let kind = self.ask_about(slot, |decider, subject| decider.interfere(subject));
        let aborting = self.arena.at(slot).state == WorkState::Aborting;
        let kind = kind.flatten();
        kind.filter(|&kind| !aborting || kind == Interference::Late)
    }

    /// Does what happens instead of the turn that was to begin. Returns false if nothing does.
    pub(crate) fn interfere(&mut self, slot: u32) -> bool {
        let Some(kind) = self.deciding.as_mut().and_then(|it| it.interference.take()) else {
            return false;
        };
        match kind {
            Interference::Late => self.ready.push(&mut self.arena, slot),
            Interference::Cancel => {
                self.begin_abort(slot, AbortCause::Cancel(CancelledBy::Host));
            }
            Interference::Fail => {
                self.fail_attempt(slot, Failure::msg("the decider lets this attempt fail"));
            }
        }
        true
    }

    /// Returns when to crank again if works are ready and there is a decider: if all of them are disabled or held, when
    /// something else can happen.
    #[cold]
    pub(super) fn next_as_decided(&self) -> Next {
        let stuck = self.deciding.as_ref().and_then(|deciding| deciding.stuck);
        let is_any_held = match stuck {
            Some((happened, is_any_held)) if happened == self.happened() => is_any_held,
            _ => return Next::Now,
        };
        match self.next_without_turns() {
            _ if is_any_held && self.can_waive() => Next::Now,
            // Works are left, whatever they wait for.
            Next::Idle => Next::Stalled,
            next => next,
        }
    }
}
