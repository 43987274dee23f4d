//! A register on three replicas that gives up the second phase of its reads.
//!
//! One client writes, another reads twice. A write ends when two replicas have stored its version. A read asks two
//! replicas for theirs, takes the newer version, and has two replicas store it before it ends. Without that last phase
//! a read may return the version of a write under way, and the next read an older one.
//!
//! Attiya, Bar-Noy and Dolev, "Sharing Memory Robustly in Message-Passing Systems", 1995, for one writer.

use crankwork::compose::WorkSequence;
use crankwork::explore::{Link, Node, Sim};
use crankwork::{Failure, Spec, Time, Work, WorkContext, WorkId};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::{Poll, ready};
use std::time::Duration;

const REPLICAS: usize = 3;
const QUORUM: usize = 2;

/// How long a client waits for answers before it asks again.
const PATIENCE: Duration = Duration::from_millis(50);

/// Versions count the writes, so a version stands for its value.
type Version = u64;

/// A node that stores the register.
#[derive(Default)]
pub struct Replica {
    stored: Version,
}

/// A node whose works write or read.
#[derive(Default)]
pub struct Client {
    /// The number of the present question, which tells its answers from late ones.
    question: u64,
    answers: BTreeMap<usize, Version>,
    asker: Option<WorkId>,
}

/// Asks a replica for its version, after it has stored this one.
#[derive(Clone, Copy)]
struct Ask {
    question: u64,
    store: Version,
}

struct Answer {
    question: u64,
    replica: usize,
    stored: Version,
}

type Cx<'a> = WorkContext<'a, Client>;

/// What an operation waits for.
#[derive(Clone, Copy)]
enum Phase {
    Begin,
    /// Versions from a quorum.
    Query,
    /// A quorum that has stored this version.
    Store(Version),
}

/// One write or read.
struct Operation {
    /// The version to write; a read has none.
    write: Option<Version>,
    asks: [Link<Ask>; REPLICAS],
    /// The newest version that any operation has ended with.
    newest: Rc<Cell<Version>>,
    /// That version when this operation began.
    floor: Version,
    phase: Phase,
    again: Time,
    has_bug: bool,
}

impl Operation {
    fn begin(&mut self, cx: &mut Cx<'_>, phase: Phase) {
        self.phase = phase;
        cx.app.question += 1;
        cx.app.answers.clear();
        cx.app.asker = Some(cx.id());
        self.ask(cx);
    }

    fn ask(&mut self, cx: &mut Cx<'_>) {
        let store = match self.phase {
            Phase::Store(version) => version,
            Phase::Begin | Phase::Query => 0,
        };
        let question = cx.app.question;
        for (replica, link) in self.asks.iter().enumerate() {
            if !cx.app.answers.contains_key(&replica) {
                link.send(Ask { question, store });
            }
        }
        self.again = cx.now().saturating_add(PATIENCE);
    }

    /// Waits for a quorum, and returns the newest version in it. Messages may be lost, so it asks again.
    fn quorum(&mut self, cx: &mut Cx<'_>) -> Poll<Version> {
        if cx.app.answers.len() >= QUORUM {
            let newest = cx.app.answers.values().max();
            return Poll::Ready(newest.copied().unwrap_or_default());
        }
        if cx.now() >= self.again {
            self.ask(cx);
        }
        cx.wake_at(self.again);
        Poll::Pending
    }
}

impl Work<Client> for Operation {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<(), Failure>> {
        let version = loop {
            match self.phase {
                Phase::Begin => {
                    self.floor = self.newest.get();
                    let phase = self.write.map_or(Phase::Query, Phase::Store);
                    self.begin(cx, phase);
                }
                Phase::Query => {
                    let version = ready!(self.quorum(cx));
                    // The version may be on one replica only, and the next read need not ask that one.
                    if self.has_bug {
                        break version;
                    }
                    self.begin(cx, Phase::Store(version));
                }
                Phase::Store(version) => {
                    ready!(self.quorum(cx));
                    break version;
                }
            }
        };
        let floor = self.floor;
        assert!(version >= floor, "version {version} is read after {floor}");
        self.newest.set(self.newest.get().max(version));
        Poll::Ready(Ok(()))
    }
}

/// Links a client with each replica, both ways. Each pair has links of its own, since a link keeps the order.
fn links(sim: &mut Sim, client: Node<Client>, replicas: [Node<Replica>; 3]) -> [Link<Ask>; 3] {
    let mut number = 0;
    replicas.map(|node| {
        let replica = number;
        number += 1;
        let answers = sim.link(client, |app: &mut Client, work, answer: Answer| {
            if answer.question == app.question {
                app.answers.insert(answer.replica, answer.stored);
                // An operation that has ended needs no wake.
                let _ = app.asker.map(|asker| work.wake(asker));
            }
        });
        sim.link(node, move |app: &mut Replica, _, ask: Ask| {
            app.stored = app.stored.max(ask.store);
            answers.send(Answer {
                question: ask.question,
                replica,
                stored: app.stored,
            });
        })
    })
}

/// Adds the replicas, a client that writes once, and a client that reads twice.
pub fn program(sim: &mut Sim, has_bug: bool) {
    let mut number = 0;
    let replicas = [(); REPLICAS].map(|()| {
        number += 1;
        sim.node(format!("replica-{number}"), Replica::default())
    });
    let newest = Rc::new(Cell::new(0));
    for (name, writes) in [("writer", [Some(1)].as_slice()), ("reader", &[None, None])] {
        let client = sim.node(name, Client::default());
        let asks = links(sim, client, replicas);
        let mut operations = WorkSequence::new();
        for &write in writes {
            let (asks, newest) = (asks.clone(), Rc::clone(&newest));
            operations.push(move || {
                let operation = Operation {
                    write,
                    asks: asks.clone(),
                    newest: Rc::clone(&newest),
                    floor: 0,
                    phase: Phase::Begin,
                    again: Time::ZERO,
                    has_bug,
                };
                Spec::new(if write.is_some() { "write" } else { "read" }, operation)
            });
        }
        let added = sim.work(client).add(Spec::new("operations", operations));
        added.expect("there is room for a work");
    }
    sim.eventually("two replicas have stored the write", move |world| {
        let stored = replicas.iter().filter(|&&node| world.app(node).stored == 1);
        stored.count() >= QUORUM
    });
}
