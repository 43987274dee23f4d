//! Small programs with a bug each, in which an edit of the program can be played.

use crate::units::{at_secs, ms};
use crankwork::explore::{Node, Sim};
use crankwork::{Failure, Retry, Spec, WorkContext, WorkSchedulerConfig};
use std::task::{Poll, ready};

/// How a program differs from the one in which the failure was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Edit {
    /// It is that one.
    #[default]
    None,
    /// Another work was added in front of all.
    WorkInFront,
    /// The bystanders have a turn more each.
    BystandersLonger,
    /// Five works may run at a time instead of six.
    LowerLimit,
    /// The bystanders have other names.
    Renamed,
}

/// All edits.
pub const EDITS: [Edit; 4] = [
    Edit::WorkInFront,
    Edit::BystandersLonger,
    Edit::LowerLimit,
    Edit::Renamed,
];

/// What the toys share.
#[derive(Default)]
pub struct Toy {
    pub count: u32,
    pub log: Vec<&'static str>,
    pub permits: u32,
    pub is_sent: bool,
    pub is_refunded: bool,
}

type Cx<'a> = WorkContext<'a, Toy>;
type Turn = Poll<Result<(), Failure>>;

/// Adds the node, and the works of the edit and the bystanders.
pub fn begin(sim: &mut Sim, edit: Edit) -> Node<Toy> {
    let limit = if edit == Edit::LowerLimit { 5 } else { 6 };
    let config = WorkSchedulerConfig::default()
        .catch_panics(false)
        .max_concurrency(limit);
    let node = sim.node_with("toy", Toy::default(), config);
    if edit == Edit::WorkInFront {
        bystander(sim, node, "added", 3);
    }
    let turns = if edit == Edit::BystandersLonger { 5 } else { 4 };
    let names = match edit {
        Edit::Renamed => ["radio", "heater"],
        _ => ["clock", "lamp"],
    };
    for name in names {
        bystander(sim, node, name, turns);
    }
    node
}

fn bystander(sim: &mut Sim, node: Node<Toy>, name: &'static str, turns: u32) {
    let mut left = turns;
    add(sim, node, name, move |cx| {
        left -= 1;
        match left {
            0 => Poll::Ready(Ok(())),
            _ => cx.yield_now(),
        }
    });
}

fn add(
    sim: &mut Sim,
    node: Node<Toy>,
    name: &'static str,
    work: impl FnMut(&mut Cx<'_>) -> Turn + 'static,
) {
    let added = sim.work(node).add(Spec::new(name, work));
    added.expect("there is room");
}

/// Two works add to a counter: each reads it in one turn, and writes it in the next.
pub fn lost_update(sim: &mut Sim, edit: Edit) {
    let node = begin(sim, edit);
    // The second has three turns of its own before it reads, so production order puts it behind the first.
    for (name, before) in [("rent", 0), ("salary", 3)] {
        let (mut left, mut seen) = (before, None);
        add(sim, node, name, move |cx| {
            if left > 0 {
                left -= 1;
                return cx.yield_now();
            }
            match seen.take() {
                None => {
                    cx.step("read");
                    seen = Some(cx.app.count);
                    cx.yield_now()
                }
                Some(count) => {
                    cx.step("write");
                    cx.app.count = count + 1;
                    Poll::Ready(Ok(()))
                }
            }
        });
    }
    sim.eventually("both count", move |world| world.app(node).count == 2);
}

/// A parcel is sent in the last of three turns; a refund looks first, and pays in the next turn.
pub fn cancel_race(sim: &mut Sim, edit: Edit) {
    let node = begin(sim, edit);
    let mut turn = 0;
    add(sim, node, "refund", move |cx| {
        turn += 1;
        match turn {
            1 if cx.app.is_sent => Poll::Ready(Ok(())),
            1 => cx.yield_now(),
            _ => {
                cx.app.is_refunded = true;
                Poll::Ready(Ok(()))
            }
        }
    });
    let mut turns = 0;
    add(sim, node, "parcel", move |cx| {
        turns += 1;
        if turns < 3 {
            return cx.yield_now();
        }
        cx.app.is_sent = !cx.app.is_refunded;
        Poll::Ready(Ok(()))
    });
    sim.always("nobody has both", move |world| {
        let app = world.app(node);
        !(app.is_sent && app.is_refunded)
    });
}

/// A job whose attempt fails leaves its permit to an audit, which looks for such permits once.
pub fn permit_leak(sim: &mut Sim, edit: Edit) {
    let node = begin(sim, edit);
    sim.app(node).permits = 2;
    for name in ["copy", "move"] {
        let mut has_permit = false;
        let job = move |cx: &mut Cx<'_>| {
            if !has_permit {
                if cx.app.permits == 0 {
                    ready!(cx.sleep(ms(5)));
                    return cx.yield_now();
                }
                cx.app.permits -= 1;
                has_permit = true;
                return cx.yield_now();
            }
            has_permit = false;
            if cx.choose("disk", 2) == 1 {
                cx.app.count += 1;
                return Poll::Ready(Err(Failure::msg("the disk is full")));
            }
            cx.app.permits += 1;
            Poll::Ready(Ok(()))
        };
        let spec = Spec::new(name, job).retry(Retry::ONCE);
        sim.work(node).add(spec).expect("there is room");
    }
    let mut turns = 0;
    add(sim, node, "audit", move |cx| {
        turns += 1;
        if turns < 4 {
            return cx.yield_now();
        }
        cx.app.permits += std::mem::take(&mut cx.app.count);
        Poll::Ready(Ok(()))
    });
    // A second failure leaves a permit, too, but no run has to have one.
    sim.eventually("all permits are back", move |world| {
        world.app(node).permits == 2
    });
}

/// A summary counts what all the others have logged, and must not come first.
pub fn first_is_last(sim: &mut Sim, edit: Edit) {
    let node = begin(sim, edit);
    for name in ["page", "index", "cover"] {
        let mut left = 3;
        add(sim, node, name, move |cx| {
            left -= 1;
            if left > 0 {
                return cx.yield_now();
            }
            cx.app.log.push(name);
            Poll::Ready(Ok(()))
        });
    }
    let mut turn = 0;
    add(sim, node, "summary", move |cx| {
        turn += 1;
        if turn < 2 {
            return cx.yield_now();
        }
        assert!(cx.app.log.len() < 3, "the summary was last");
        Poll::Ready(Ok(()))
    });
}

/// Two works lock two things in opposite order, and look again every 10 ms while one is locked.
pub fn lock_order(sim: &mut Sim, edit: Edit) {
    let node = begin(sim, edit);
    for (name, before, locks) in [("left", 0, [1, 2]), ("right", 3, [2, 1])] {
        let (mut before, mut held) = (before, 0);
        add(sim, node, name, move |cx| {
            if before > 0 {
                before -= 1;
                return cx.yield_now();
            }
            let Some(lock) = locks.get(held) else {
                cx.app.permits = 0;
                return Poll::Ready(Ok(()));
            };
            if cx.app.permits & lock > 0 {
                assert!(cx.now() < at_secs(1), "both wait");
                cx.wake_after(ms(10));
                return Poll::Pending;
            }
            cx.app.permits |= lock;
            held += 1;
            cx.yield_now()
        });
    }
}

/// A toy: its name and its program.
pub type Named = (&'static str, fn(&mut Sim, Edit));

pub const TOYS: [Named; 5] = [
    ("lost_update", lost_update),
    ("cancel_race", cancel_race),
    ("permit_leak", permit_leak),
    ("first_is_last", first_is_last),
    ("lock_order", lock_order),
];
