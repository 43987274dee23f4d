//! The engine without a single work: any bytes are operations of a host and answers of works.
//!
//! Invariant: after each crank the engine passes its audit. The engine asks for calls of bodies that are there and
//! of no others. Once everything is cancelled, the engine comes to rest, and each slot that is free has no body.
//!
//! Deliberately absent: the shell. This harness is a second one, so that the protocol of `calls` is tried without
//! works. Only tests and fuzz targets compile it.
//!
//! A byte decides little: the kind of an operation, a work, a length. So a fuzzer that changes one byte changes one
//! step.

mod bytes;
mod shell;

use super::Engine;
use super::config::WorkSchedulerConfig;
use super::run::next::Next;
use crate::time::Time;
use crate::work::{Terms, WorkId};
use bytes::Bytes;
use shell::Shell;
use std::time::Duration;

/// The most works of one run: more would take longer and find nothing else.
const WORKS: usize = 40;

/// The cranks after which a run that has been cancelled must have come to rest.
const CRANKS: usize = 2_000;

/// Plays `data`. Returns a digest of all calls that the engine asked for. Bounded by the length of `data`.
///
/// # Panics
/// If an invariant does not hold.
pub fn play(data: &[u8]) -> u64 {
    run(data).digest
}

/// Plays `data`, cancels everything, and returns the shell for a look at what it has seen.
fn run(data: &[u8]) -> Shell {
    let mut bytes = Bytes::new(data);
    let mut host = Host::new(&mut bytes);
    while !bytes.is_empty() {
        host.step(&mut bytes);
        host.shell.check_bodies();
    }
    host.come_to_rest();
    host.shell
}

/// A host that does what the bytes say.
struct Host {
    /// The engine, and the calls it asks for.
    shell: Shell,
    /// All ids so far, stale ones included: a late call must find nothing.
    ids: Vec<WorkId>,
    /// The host's time, which the bytes move on.
    now: Time,
}

impl Host {
    /// Returns a host whose configuration is drawn, with small bounds so that works get in each other's way.
    fn new(bytes: &mut Bytes<'_>) -> Self {
        let mut config = WorkSchedulerConfig::default()
            .max_concurrency(1 + bytes.below(4) as usize)
            .seed(bytes.below(256))
            .abort_grace(Duration::from_millis(bytes.below(50)))
            .pool("disk", 1 + bytes.below(2) as u32);
        if bytes.one_in(3) {
            config = config.retain(super::Retain::Nothing);
        }
        if bytes.one_in(3) {
            config = config.events(8);
        }
        Host {
            shell: Shell::new(Engine::new(config)),
            ids: Vec::new(),
            now: Time::ZERO,
        }
    }

    /// Draws one operation and makes the calls that the engine asks for after it.
    fn step(&mut self, bytes: &mut Bytes<'_>) {
        match bytes.below(12) {
            0..=3 => self.add(bytes),
            4 | 5 => {
                let turns = 1 + bytes.below(8);
                self.crank(turns, bytes);
            }
            6 => {
                self.now = self
                    .now
                    .saturating_add(Duration::from_millis(bytes.below(40)))
            }
            other => self.disturb(other, bytes),
        }
        self.shell.tidy();
    }

    /// The calls of a host that are about works that are there.
    fn disturb(&mut self, what: u64, bytes: &mut Bytes<'_>) {
        let (Some(one), Some(other)) = (self.any(bytes), self.any(bytes)) else {
            return;
        };
        let engine = &mut self.shell.engine;
        // Each refusal is an answer like any other.
        match what {
            7 => _ = engine.cancel(one),
            8 => _ = engine.wake(one),
            9 => _ = engine.restart(one),
            10 => _ = engine.reap(one),
            _ => _ = engine.add_dependency(one, other),
        }
    }

    /// Draws a work that has been added, whether or not it is still there.
    fn any(&self, bytes: &mut Bytes<'_>) -> Option<WorkId> {
        let index = bytes.below(self.ids.len().max(1) as u64);
        self.ids.get(index as usize).copied()
    }

    /// Draws a work with dependencies and perhaps a parent, and adds it unless the engine refuses.
    fn add(&mut self, bytes: &mut Bytes<'_>) {
        if self.shell.added >= WORKS {
            return;
        }
        let mut terms = terms(bytes);
        for _ in 0..bytes.below(3) {
            match self.any(bytes) {
                Some(before) if bytes.one_in(3) => {
                    let extras = terms.extras.get_or_insert_default();
                    extras.after_settled.push(before);
                }
                Some(before) => terms.after.push(before),
                None => {}
            }
        }
        if bytes.one_in(4) {
            terms.parent = self.any(bytes);
        }
        if let Some(id) = self.shell.add(terms) {
            self.ids.push(id);
        }
    }

    /// Cranks for at most `turns` turns, and audits the engine.
    fn crank(&mut self, turns: u64, bytes: &mut Bytes<'_>) -> Next {
        let crank = self.shell.crank(self.now, turns, bytes);
        self.ids.append(&mut self.shell.spawned);
        self.audit();
        crank.next
    }

    /// Panics if an invariant of the engine does not hold.
    fn audit(&self) {
        if let Err(broken) = self.shell.engine.audit() {
            panic!("{broken}");
        }
    }

    /// Cancels everything and cranks until nothing is left to do.
    fn come_to_rest(&mut self) {
        self.shell.engine.shutdown();
        self.shell.tidy();
        for _ in 0..CRANKS {
            match self.crank(u64::MAX, &mut Bytes::new(&[])) {
                Next::Now => {}
                Next::At(at) => self.now = self.now.max(at),
                Next::Idle => return self.shell.check_bodies(),
                Next::External | Next::Stalled => panic!("a cancelled work waits for ever"),
            }
        }
        panic!("the engine does not come to rest");
    }
}

/// Returns the terms of a work, but for its dependencies and its parent.
fn terms(bytes: &mut Bytes<'_>) -> Terms {
    const NAMES: [&str; 3] = ["a", "b", "c"];
    let mut terms = Terms::new(NAMES[bytes.below(3) as usize].into());
    terms.retries = bytes.below(3) as u32;
    terms.permit = !bytes.one_in(4);
    if bytes.one_in(3) {
        let extras = terms.extras.get_or_insert_default();
        let length = |bytes: &mut Bytes<'_>| Duration::from_millis(1 + bytes.below(30));
        match bytes.below(6) {
            0 => extras.attempt_timeout = Some(length(bytes)),
            1 => extras.deadline = Some(Time::ZERO.saturating_add(length(bytes))),
            2 => extras.pools.push(("disk".into(), 1)),
            3 => extras.priority = bytes.below(3) as i8 - 1,
            4 => extras.on_settled = Some(0),
            _ => extras.abort_grace = Some(length(bytes)),
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stream;

    /// Returns the bytes of one random run.
    fn drawn(seed: u64) -> Vec<u8> {
        let mut draws = Stream::new(seed);
        let length = 20 + draws.below(300);
        (0..length).map(|_| draws.next_u64() as u8).collect()
    }

    /// The answers of turns, `on_success` of a plain work, hooks, forced drops, callbacks and drops.
    #[test]
    fn any_bytes_are_played_to_their_end_and_each_kind_of_call_is_asked_for() {
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..3_000 {
            seen.append(&mut run(&drawn(seed)).seen);
        }
        let expected = (0..12).chain([101]).chain(200..204).chain([300, 400, 500]);
        assert!(expected.eq(seen.iter().copied()), "{seen:?}");
    }

    #[test]
    fn a_run_asks_for_one_sequence_of_calls() {
        for seed in 0..100 {
            let data = drawn(seed);
            assert_eq!(play(&data), play(&data), "seed {seed}");
        }
        let digests = (0..100).map(|seed| play(&drawn(seed)));
        let distinct: std::collections::BTreeSet<u64> = digests.collect();
        assert!(distinct.len() > 90, "{} of 100 runs differ", distinct.len());
    }

    #[test]
    fn the_corpus_of_the_fuzz_target_is_played() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        // A published package has neither the corpora nor `tests`.
        if !root.join("tests").exists() {
            return;
        }
        let files = std::fs::read_dir(root.join("fuzz/corpus/engine"));
        let files = files.expect("the corpus is part of the repository");
        let mut played = 0;
        for file in files {
            play(&std::fs::read(file.unwrap().path()).unwrap());
            played += 1;
        }
        assert!(played >= 15, "only {played} corpus files");
    }
}
