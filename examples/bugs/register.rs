//! A register on three replicas, which survives lost messages, partitions and crashes of replicas.
//!
//! One client writes, another reads twice. A write ends when two replicas have stored its version. A read asks two
//! replicas for theirs, takes the newer version, and has two replicas store it before it ends. A read that begins after
//! another operation has ended never returns an older version.
//!
//! Two mistakes break that. Without the second phase a read may return the version of a write under way, and the next
//! read an older one. And a replica that answers before its disk has the version may forget it in a crash.
//!
//! Attiya, Bar-Noy and Dolev, "Sharing Memory Robustly in Message-Passing Systems", 1995, for one writer.

use crankwork::compose::WorkSequence;
use crankwork::explore::{Family, Faults, Link, LinkConfig, Node, Sim};
use crankwork::{Failure, Spec, Time, Work, WorkContext, WorkId, WorkScheduler};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::{Poll, ready};
use std::time::Duration;

const REPLICAS: usize = 3;
const QUORUM: usize = 2;

/// How long a client waits for answers before it asks again.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long a disk takes to write a version.
const DISK: Duration = Duration::from_millis(10);

/// Versions count the writes, so a version stands for its value.
type Version = u64;

/// What is wrong with a program.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// A read ends without its second phase.
    OnePhase,
    /// A replica answers before the version is on its disk.
    EarlyAnswer,
}

/// A node that stores the register. Only its disk outlives a crash.
#[derive(Default)]
pub struct Replica {
    memory: Version,
    disk: Version,
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

#[derive(Clone, Copy)]
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
    mistake: Option<Mistake>,
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
                    if self.mistake == Some(Mistake::OnePhase) {
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

/// Writes the memory of a replica to its disk, and then answers, unless that has been done.
struct Sync {
    question: u64,
    replica: usize,
    answers: Option<Link<Answer>>,
}

impl Work<Replica> for Sync {
    fn poll(&mut self, cx: &mut WorkContext<'_, Replica>) -> Poll<Result<(), Failure>> {
        ready!(cx.sleep(DISK));
        cx.app.disk = cx.app.memory;
        if let Some(answers) = &self.answers {
            answers.send(Answer {
                question: self.question,
                replica: self.replica,
                stored: cx.app.disk,
            });
        }
        Poll::Ready(Ok(()))
    }
}

/// What a replica does with a question.
fn answer(
    app: &mut Replica,
    work: &mut WorkScheduler<Replica>,
    ask: Ask,
    mut sync: Sync,
    mistake: Option<Mistake>,
) {
    app.memory = app.memory.max(ask.store);
    if mistake == Some(Mistake::EarlyAnswer)
        && let Some(answers) = sync.answers.take()
    {
        answers.send(Answer {
            question: ask.question,
            replica: sync.replica,
            stored: app.memory,
        });
    }
    work.add(Spec::new("sync", sync)).expect("there is room");
}

/// What a client does with an answer.
fn hear(app: &mut Client, work: &mut WorkScheduler<Client>, answer: Answer) {
    if answer.question == app.question {
        app.answers.insert(answer.replica, answer.stored);
        // An operation that has ended needs no wake.
        let _ = app.asker.map(|asker| work.wake(asker));
    }
}

/// Links a client with each replica, both ways. Each pair has links of its own, since a link keeps the order.
fn links(
    sim: &mut Sim,
    name: &str,
    client: Node<Client>,
    replicas: [Node<Replica>; REPLICAS],
    mistake: Option<Mistake>,
) -> [Link<Ask>; REPLICAS] {
    let mut next = 0;
    replicas.map(|node| {
        let replica = next;
        next += 1;
        let config = LinkConfig::new().from(node).doubling();
        let config = config.named(format!("{replica}-to-{name}"));
        let answers = sim.link_with(client, config, hear);
        let config = LinkConfig::new().from(client).doubling();
        let config = config.named(format!("{name}-to-{replica}"));
        sim.link_with(node, config, move |app, work, ask: Ask| {
            let sync = Sync {
                question: ask.question,
                replica,
                answers: Some(answers.clone()),
            };
            answer(app, work, ask, sync, mistake);
        })
    })
}

/// The faults that the program survives: replicas crash and messages are lost, doubled and late.
pub fn faults() -> Faults {
    let network = [Family::Lose, Family::Twice, Family::Delay, Family::Cut];
    let faults = network.into_iter().fold(Faults::none(), Faults::with);
    faults.with(Family::Crash)
}

/// Adds the replicas, a client that writes once, and a client that reads twice.
pub fn program(sim: &mut Sim, mistake: Option<Mistake>) {
    let mut next = 0;
    let replicas = [(); REPLICAS].map(|()| {
        let node = sim.node(format!("replica-{next}"), Replica::default());
        next += 1;
        let durable = |app: &Replica| app.disk;
        sim.restarts(node, durable, |_: &mut WorkScheduler<Replica>, disk| {
            let disk = disk.unwrap_or_default();
            Replica { memory: disk, disk }
        });
        node
    });
    let newest = Rc::new(Cell::new(0));
    let ended = Rc::new(Cell::new(0));
    for (name, writes) in [("writer", [Some(1)].as_slice()), ("reader", &[None, None])] {
        let client = sim.node(name, Client::default());
        let asks = links(sim, name, client, replicas, mistake);
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
                    mistake,
                };
                let name = if write.is_some() { "write" } else { "read" };
                Spec::new(name, operation)
            });
        }
        let ended = Rc::clone(&ended);
        let spec = Spec::new("operations", operations);
        let spec = spec.on_settled(move |_, _, _| ended.set(ended.get() + 1));
        sim.work(client).add(spec).expect("there is room");
    }
    sim.eventually("all operations have ended", move |_| ended.get() == 2);
}
