//! Several nodes on one clock: a lock service, written as the documentation shows, careful and careless.

use crankwork::explore::{Coverage, Explore, Link, Node, Sim, Verdict};
use crankwork::{WorkContext, WorkId};
use std::collections::VecDeque;
use std::task::Poll;

/// The node that grants the lock.
#[derive(Default)]
struct Server {
    holder: Option<usize>,
    queue: VecDeque<usize>,
}

/// A node that wants the lock once.
#[derive(Default)]
struct Client {
    user: Option<WorkId>,
    granted: bool,
    inside: bool,
    is_done: bool,
}

enum Ask {
    Lock(usize),
    Free,
}

/// Asks for the lock, is inside for some turns, and gives the lock back.
fn user(
    number: usize,
    ask: Link<Ask>,
) -> impl FnMut(&mut WorkContext<'_, Client>) -> Poll<Result<(), crankwork::Failure>> {
    let (mut asked, mut turns) = (false, 2);
    move |cx| {
        if !asked {
            asked = true;
            ask.send(Ask::Lock(number));
        }
        if !cx.app.granted {
            cx.expect_wake();
            return Poll::Pending;
        }
        cx.app.inside = true;
        turns -= 1;
        if turns > 0 {
            return cx.yield_now();
        }
        (cx.app.inside, cx.app.is_done) = (false, true);
        ask.send(Ask::Free);
        Poll::Ready(Ok(()))
    }
}

/// Grants the lock to the first that asks, then to the next. The careless server forgets to look whether it is free.
fn service(sim: &mut Sim, is_careful: bool) {
    let server = sim.node("server", Server::default());
    let clients = [0, 1].map(|i| sim.node(format!("client{i}"), Client::default()));
    let grants = clients.map(|client| {
        sim.link(client, |app: &mut Client, work, ()| {
            app.granted = true;
            if let Some(user) = app.user {
                let _ = work.wake(user);
            }
        })
    });
    let ask = sim.link(server, move |app: &mut Server, _, ask| match ask {
        Ask::Lock(client) if app.holder.is_none() || !is_careful => {
            app.holder = Some(client);
            grants[client].send(());
        }
        Ask::Lock(client) => app.queue.push_back(client),
        Ask::Free => {
            app.holder = app.queue.pop_front();
            if let Some(next) = app.holder {
                grants[next].send(());
            }
        }
    });
    for (number, client) in clients.into_iter().enumerate() {
        let id = sim
            .work(client)
            .add_fn("user", user(number, ask.clone()))
            .unwrap();
        sim.app(client).user = Some(id.id());
    }
    conditions(sim, server, clients);
}

fn conditions(sim: &mut Sim, server: Node<Server>, clients: [Node<Client>; 2]) {
    sim.always("one is inside at most", move |world| {
        clients
            .iter()
            .filter(|&&client| world.app(client).inside)
            .count()
            <= 1
    });
    sim.sometimes("somebody queued", move |world| {
        !world.app(server).queue.is_empty()
    });
    sim.eventually("all got in", move |world| {
        clients.iter().all(|&client| world.app(client).is_done)
    });
}

#[test]
fn a_careful_lock_service_passes_in_every_order() {
    let stats = Explore::new()
        .on_its_own()
        .runs(2_000)
        .check(|sim| service(sim, true));
    let stats = stats.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(
        (stats.coverage, stats.never.len()),
        (Coverage::Exhaustive, 0),
        "{stats}"
    );
}

#[test]
fn a_careless_lock_service_is_found_out() {
    let search = Explore::new().on_its_own().named("one_holder");
    let failure = search
        .check(|sim| service(sim, false))
        .expect_err("two are inside");
    assert_eq!(
        failure.verdict,
        Verdict::Always("one is inside at most".into())
    );
    assert!(failure.reproduced && failure.items.len() <= 3, "{failure}");
    assert_eq!(failure.answers, None, "{failure}");
    let report = failure.to_string();
    assert!(
        report.contains("client0:user") && report.contains("client1:user"),
        "{report}"
    );
    println!("{report}");
}
