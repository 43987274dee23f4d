//! The reference model: what the laws say, with plain vectors and full scans.
//!
//! A work is known by how many had been added before it. Everything that the engine keeps (counters, queues by rank,
//! lists of children, timers by deadline) is found here by looking at everything.

mod abort;
mod admit;
mod admit_graph;
mod count;
mod graph;
mod next;
mod permits;
mod reclaim;
mod round;
mod settle;
mod turn;
mod wake;

use std::collections::BTreeMap;

use crankwork::WorkState;

use super::ops::{Nanos, Pick, Setup, Terms, picked};
use super::scripted::{Answer, Chain, Entry, Outcome};

pub use count::Counts;

/// Kinds of timers: at one instant the earlier kind of a work wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum TimerKind {
    Deadline,
    AttemptTimeout,
    Grace,
    Alarm,
}

#[derive(Clone, Copy, Debug)]
struct Timer {
    at: Nanos,
    /// Arming order.
    order: u64,
    work: usize,
    kind: TimerKind,
}

/// `after` waits for `before`.
#[derive(Clone, Copy, Debug)]
struct Edge {
    before: usize,
    after: usize,
    /// `after_settled`.
    settled: bool,
    satisfied: bool,
}

/// Why an attempt is being ended early.
#[derive(Clone, Debug, PartialEq)]
enum Cause {
    Cancel,
    Failure(Chain),
}

#[derive(Clone, Debug)]
struct Aborting {
    cause: Cause,
    /// Whether `on_abort` is called: not for an attempt that failed by itself.
    polite: bool,
}

struct Work {
    state: WorkState,
    terms: Terms,
    deadline: Option<Nanos>,
    parent: Option<usize>,
    /// The parent's attempt has ended.
    orphan: bool,
    /// Cancelled by its parent: does not count as failed.
    by_parent: bool,
    attempt: u32,
    /// From the beginning of its attempt to its end.
    in_attempt: bool,
    retries_used: u32,
    /// Has been granted a permit since it was added or restarted.
    granted: bool,
    /// Has had a turn since it was added or restarted.
    started: bool,
    was_reset: bool,
    holds: bool,
    /// Queued for a permit that it gave back within its attempt.
    returner: bool,
    /// Cancelled during its own turn.
    cancelled: bool,
    woken: bool,
    releases: bool,
    expects: bool,
    /// When the sleep that it has begun ends.
    sleeps_until: Option<Nanos>,
    /// The first failure of its children in this round.
    first_failure: Option<Chain>,
    abort: Option<Aborting>,
    outcome: Option<Outcome>,
    failure: Option<Chain>,
    /// A dependency was reclaimed that had not succeeded.
    lost: bool,
    /// The work itself was dropped.
    gone: bool,
    callback: bool,
    /// Where the script is.
    turn: usize,
    aborts: u32,
}

/// A work that waits for permits.
struct Waiter {
    work: usize,
    returner: bool,
}

struct Pool {
    capacity: u32,
    used: u32,
}

#[derive(Default)]
struct Notes {
    alarm: Option<Nanos>,
    yielded: bool,
}

/// The model of a scheduler.
pub struct Model {
    /// The time of the last crank.
    pub now: Nanos,
    /// All that has happened since the last comparison.
    pub log: Vec<Entry>,
    /// Counts of all that has happened.
    pub counts: Counts,
    works: Vec<Option<Work>>,
    edges: Vec<Edge>,
    timers: Vec<Timer>,
    armed: u64,
    queue: Vec<Waiter>,
    pools: [Pool; 3],
    round: Vec<usize>,
    next_round: Vec<usize>,
    round_open: bool,
    // Two lists of what came up, in order. A scan of the works cannot replace them: while an entry is there, `next` is
    // `Now`, even if the entry comes to nothing.
    finishing: Vec<usize>,
    /// FailFast parents, and in which attempt their child failed.
    failing: Vec<(usize, u32)>,
    settling: Vec<(usize, WorkState, Option<Chain>)>,
    is_settling: bool,
    callbacks: Vec<(usize, WorkState)>,
    /// (who watches, whom), in the order in which they began to.
    watches: Vec<(usize, usize)>,
    closed: bool,
    retain: u8,
    reversed: bool,
    in_turn: Option<usize>,
    notes: Notes,
    /// The number of works that ever came to each settled state, less the restarted ones.
    settled: BTreeMap<WorkState, u64>,
    /// Attempts, turns, forced aborts, panics.
    pub attempts: u64,
    /// Turns ever given.
    pub turns: u64,
    /// Aborts that were ended by force.
    pub forced: u64,
    /// Turns and hooks that panicked.
    pub panics: u64,
    /// Works ever settled.
    pub ever_settled: u64,
}

impl Model {
    /// An empty one.
    pub fn new(setup: &Setup) -> Self {
        let pool = |capacity| Pool { capacity, used: 0 };
        Model {
            now: 0,
            log: Vec::new(),
            counts: Counts::default(),
            works: Vec::new(),
            edges: Vec::new(),
            timers: Vec::new(),
            armed: 0,
            queue: Vec::new(),
            pools: [
                pool(setup.permits),
                pool(setup.pools[0]),
                pool(setup.pools[1]),
            ],
            round: Vec::new(),
            next_round: Vec::new(),
            round_open: false,
            finishing: Vec::new(),
            failing: Vec::new(),
            settling: Vec::new(),
            is_settling: false,
            callbacks: Vec::new(),
            watches: Vec::new(),
            closed: false,
            retain: setup.retain,
            reversed: setup.reversed,
            in_turn: None,
            notes: Notes::default(),
            settled: BTreeMap::new(),
            attempts: 0,
            turns: 0,
            forced: 0,
            panics: 0,
            ever_settled: 0,
        }
    }

    // ---- what can be read ----

    /// Returns the number of works that were ever added.
    pub fn added(&self) -> usize {
        self.works.len()
    }

    /// A work's state, unless it has been reclaimed.
    pub fn state(&self, work: usize) -> Option<WorkState> {
        self.works[work].as_ref().map(|w| w.state)
    }

    /// Returns the end of a work.
    pub fn outcome(&self, work: usize) -> Option<Outcome> {
        self.works[work].as_ref()?.outcome.clone()
    }

    /// Works that have not been reclaimed.
    pub fn in_scheduler(&self) -> u64 {
        self.works.iter().flatten().count() as u64
    }

    /// Retries that the works in the scheduler have left.
    pub fn retries_left(&self) -> u64 {
        let left = |w: &Work| u64::from(w.terms.retries - w.retries_used);
        self.works.iter().flatten().map(left).sum()
    }

    /// Returns how many works are in a state. For a settled state: how many ever came to it.
    pub fn in_state(&self, state: WorkState) -> u64 {
        if state.is_settled() {
            return self.settled.get(&state).copied().unwrap_or(0);
        }
        let here = |w: &&Work| w.state == state;
        self.works.iter().flatten().filter(here).count() as u64
    }

    // ---- bits that all parts use ----

    fn w(&self, work: usize) -> &Work {
        self.works[work].as_ref().expect("a work that is there")
    }

    fn m(&mut self, work: usize) -> &mut Work {
        self.works[work].as_mut().expect("a work that is there")
    }

    fn picked(&self, pick: Pick) -> Option<usize> {
        picked(pick, self.works.len())
    }

    fn known(&self, work: usize) -> Result<(), &'static str> {
        self.works[work].is_some().then_some(()).ok_or("reclaimed")
    }

    fn did(&mut self, work: usize, answer: Answer) {
        self.log.push(Entry::Did(work, answer));
    }

    /// The one function that changes a state.
    fn change(&mut self, work: usize, to: WorkState) {
        let from = self.w(work).state;
        if from.is_settled() {
            *self.settled.entry(from).or_default() -= 1;
        }
        self.m(work).state = to;
        self.entered(work, Some(from), to);
    }

    fn entered(&mut self, work: usize, from: Option<WorkState>, to: WorkState) {
        if to.is_settled() {
            *self.settled.entry(to).or_default() += 1;
            self.ever_settled += 1;
        }
        self.counts.edge(from, to);
        let attempt = self.w(work).attempt;
        self.log.push(Entry::State(work, to, attempt, self.now));
    }

    /// Children of the present attempt, as they were added.
    fn children(&self, work: usize) -> Vec<usize> {
        let is_child = |&c: &usize| {
            let child = self.works[c].as_ref();
            child.is_some_and(|c| c.parent == Some(work) && !c.orphan)
        };
        (0..self.works.len()).filter(is_child).collect()
    }

    fn live_children(&self, work: usize) -> Vec<usize> {
        let live = |&c: &usize| !self.w(c).state.is_settled();
        self.children(work).into_iter().filter(live).collect()
    }

    fn has_live_children(&self, work: usize) -> bool {
        !self.live_children(work).is_empty()
    }

    /// Settled children of the present attempt that count as failed.
    fn counts_as_failed(&self, child: usize) -> bool {
        let child = self.w(child);
        match child.state {
            WorkState::Failed | WorkState::Blocked => true,
            WorkState::Cancelled => !child.by_parent,
            _ => false,
        }
    }

    // ---- turns coming ----

    fn is_ready(&self, work: usize) -> bool {
        self.round.contains(&work) || self.next_round.contains(&work)
    }

    fn push_ready(&mut self, work: usize) {
        assert!(!self.is_ready(work), "#{work} twice in the ready list");
        self.next_round.push(work);
    }

    fn not_ready(&mut self, work: usize) {
        self.round.retain(|&w| w != work);
        self.next_round.retain(|&w| w != work);
    }

    // ---- timers ----

    fn arm(&mut self, work: usize, kind: TimerKind, at: Nanos) {
        self.disarm(work, kind);
        self.armed += 1;
        self.timers.push(Timer {
            at,
            order: self.armed,
            work,
            kind,
        });
    }

    fn disarm(&mut self, work: usize, kind: TimerKind) {
        self.timers.retain(|t| t.work != work || t.kind != kind);
    }

    fn disarm_all(&mut self, work: usize) {
        self.timers.retain(|t| t.work != work);
    }
}
