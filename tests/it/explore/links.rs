//! Links: loss, doubling, delay and partitions, which a careless client does not survive and a careful one does.

use super::conditions::{passes, search};
use crate::units::{at_ms, ms, secs};
use crankwork::explore::{
    Explore, Failure, Family, Fault, Faults, Item, Link, LinkConfig, Node, Policy, Sim, Step,
    Verdict,
};
use crankwork::{Failure as WorkFailure, WorkContext, WorkId};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Poll, ready};

/// Adds what clients ask for, once for each request if it is careful.
#[derive(Default)]
struct Server {
    seen: Vec<u32>,
    sum: u32,
}

#[derive(Default)]
struct Client {
    user: Option<WorkId>,
    answered: u32,
    is_done: bool,
}

/// What a program takes care of.
#[derive(Clone, Copy)]
struct Care {
    resends: bool,
    knows_requests: bool,
}

const CAREFUL: Care = Care {
    resends: true,
    knows_requests: true,
};

/// Sends two requests, one after the other, and waits for the answer of each.
fn user(
    ask: Link<u32>,
    care: Care,
) -> impl FnMut(&mut WorkContext<'_, Client>) -> Poll<Result<(), WorkFailure>> {
    let (mut request, mut is_sent) = (1, false);
    move |cx| {
        while cx.app.answered >= request {
            (request, is_sent) = (request + 1, false);
            if request > 2 {
                cx.app.is_done = true;
                return Poll::Ready(Ok(()));
            }
        }
        if !std::mem::replace(&mut is_sent, true) {
            ask.send(request);
        }
        if care.resends {
            ready!(cx.sleep(ms(50)));
            is_sent = false;
            return cx.yield_now();
        }
        cx.expect_wake();
        Poll::Pending
    }
}

/// A client that wants two added at a server, with links in both directions.
fn two_nodes(sim: &mut Sim, care: Care, config: impl Fn() -> LinkConfig<u32>) {
    let server = sim.node("server", Server::default());
    let client = sim.node("client", Client::default());
    let answers = config().named("answer").from(server);
    let answer = sim.link_with(client, answers, |app: &mut Client, work, request| {
        app.answered = app.answered.max(request);
        if let Some(user) = app.user {
            let _ = work.wake(user);
        }
    });
    let asks = config().named("ask").from(client);
    let ask = sim.link_with(server, asks, move |app: &mut Server, _, request| {
        if !care.knows_requests || !app.seen.contains(&request) {
            app.seen.push(request);
            app.sum += 1;
        }
        answer.send(request);
    });
    let id = sim.work(client).add_fn("user", user(ask, care)).unwrap();
    sim.app(client).user = Some(id.id());
    conditions(sim, server, client);
}

fn conditions(sim: &mut Sim, server: Node<Server>, client: Node<Client>) {
    sim.always("each request counts once", move |world| {
        world.app(server).sum <= 2
    });
    sim.eventually("the client is done", move |world| world.app(client).is_done);
}

fn plain() -> LinkConfig<u32> {
    LinkConfig::new().doubling()
}

fn with(families: &[Family]) -> Explore {
    let faults = families
        .iter()
        .fold(Faults::none(), |faults, &family| faults.with(family));
    search().runs(2_000).policy(Policy::Fifo).faults(faults)
}

fn items(failure: &Failure) -> Vec<Item> {
    failure.items.iter().map(|it| it.item.clone()).collect()
}

#[test]
fn a_lost_message_is_found_where_nobody_sends_again() {
    let care = Care {
        resends: false,
        knows_requests: true,
    };
    let failure = with(&[Family::Lose])
        .check(|sim| two_nodes(sim, care, plain))
        .expect_err("a request is lost");
    assert_eq!(
        failure.verdict,
        Verdict::Eventually("the client is done".into())
    );
    let [Item::Fault(Fault::Lose(_))] = items(&failure)[..] else {
        panic!("one message is lost: {failure}");
    };
    let report = failure.to_string();
    assert!(report.contains("is lost"), "{report}");
}

#[test]
fn a_doubled_message_is_found_where_requests_are_not_known() {
    let care = Care {
        resends: false,
        knows_requests: false,
    };
    let failure = with(&[Family::Twice])
        .check(|sim| two_nodes(sim, care, plain))
        .expect_err("a request arrives twice");
    assert!(
        matches!(items(&failure)[..], [Item::Fault(Fault::Twice(_))]),
        "{failure}"
    );
}

#[test]
fn a_late_message_is_found_where_requests_are_not_known() {
    let care = Care {
        resends: true,
        knows_requests: false,
    };
    let failure = with(&[Family::Delay])
        .check(|sim| two_nodes(sim, care, plain))
        .expect_err("a request is sent again, and both arrive");
    assert!(
        matches!(items(&failure)[..], [Item::Fault(Fault::Delay(..))]),
        "{failure}"
    );
}

#[test]
fn a_cut_is_found_where_nobody_sends_again() {
    let care = Care {
        resends: false,
        knows_requests: true,
    };
    let failure = with(&[Family::Cut])
        .check(|sim| two_nodes(sim, care, plain))
        .expect_err("nodes are cut off");
    let [Item::Fault(Fault::Cut(_, time))] = items(&failure)[..] else {
        panic!("one cut: {failure}");
    };
    assert!(time > ms(0));
}

#[test]
fn a_careful_program_survives_all_of_it() {
    let families = [Family::Lose, Family::Twice, Family::Delay, Family::Cut];
    for policy in [Policy::Fifo, Policy::Mix] {
        let explore = with(&families).policy(policy);
        let config = || plain().latency(ms(1)..=ms(5)).unordered();
        let stats = passes(&explore, |sim| two_nodes(sim, CAREFUL, config));
        assert_eq!(stats.runs, 2_000);
    }
}

/// Sends three numbers over a link, and returns in which order and when they arrived.
fn arrivals(
    explore: &Explore,
    config: impl Fn() -> LinkConfig<u32>,
    script: impl Fn(&mut Sim),
) -> Vec<Vec<(u32, crankwork::Time)>> {
    let all = Rc::new(RefCell::new(Vec::new()));
    let out = Rc::clone(&all);
    passes(explore, move |sim| {
        let node = sim.node("node", Vec::new());
        let link = sim.link_with(node, config(), |app: &mut Vec<u32>, _, number| {
            app.push(number);
        });
        let times = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&times);
        sim.always("the times are noted", move |world| {
            let arrived = world.app(node).len();
            seen.borrow_mut().resize(arrived, world.now());
            true
        });
        script(sim);
        for number in 1..=3 {
            link.send(number);
        }
        sim.run();
        let numbers = sim.app(node).iter().copied();
        out.borrow_mut().push(numbers.zip(times.take()).collect());
    });
    all.take()
}

#[test]
fn latencies_and_orders_are_decisions() {
    let all = search().trusting().policy(Policy::Exhaustive).runs(10_000);
    let config = || LinkConfig::new().latency(ms(1)..=ms(4));
    let mut ordered = arrivals(&all, config, |_| ());
    assert_eq!(ordered.len(), 4 * 4 * 4);
    ordered.sort();
    ordered.dedup();
    // Each arrives no sooner than the one before it: 20 ways to draw three of four times in order.
    assert_eq!(ordered.len(), 20, "{ordered:?}");
    let in_order = |it: &Vec<_>| it.is_sorted_by_key(|&(number, at)| (at, number));
    assert!(ordered.iter().all(in_order), "{ordered:?}");
    let config = || LinkConfig::new().unordered();
    let unordered = arrivals(&all, config, |_| ());
    assert_eq!(unordered.len(), 6, "{unordered:?}");
}

#[test]
fn faults_of_messages_can_be_said_by_hand() {
    let one = search().trusting().policy(Policy::Fifo).runs(1);
    let config = || LinkConfig::new().named("ask").unordered().doubling();
    let arrived = arrivals(&one, config, |sim| {
        sim.fault(Fault::Delay(Step::new("ask", 1), ms(7)));
        sim.fault(Fault::Lose(Step::new("ask", 2)));
        sim.fault(Fault::Twice(Step::new("ask", 3)));
    });
    let start = crankwork::Time::ZERO;
    assert_eq!(arrived, [[(3, start), (3, start), (1, at_ms(7))]]);
}

#[test]
fn links_have_names_of_their_own() {
    passes(&search().policy(Policy::Fifo).runs(1), |sim| {
        let node = sim.node("server", 0);
        let names = ["ask", "ask", ""].map(|name| {
            let config = match name {
                "" => LinkConfig::new(),
                name => LinkConfig::new().named(name),
            };
            format!("{:?}", sim.link_with(node, config, |_: &mut i32, _, ()| ()))
        });
        let text = |name: &str| format!("Link({name}, 0 under way)");
        assert_eq!(names, [text("ask"), text("ask#2"), text("server<2")]);
    });
}

#[test]
fn a_partition_by_hand_lasts_until_it_is_healed() {
    passes(&search().policy(Policy::Fifo).runs(1), |sim| {
        let (one, other) = (sim.node("one", 0), sim.node("other", Vec::new()));
        let config = LinkConfig::new().from(one).latency(ms(2)..=ms(2));
        let link = sim.link_with(other, config, |app: &mut Vec<u32>, _, number| {
            app.push(number);
        });
        link.send(1);
        sim.partition(one, other);
        sim.run_for(secs(1));
        link.send(2);
        sim.heal(one, other);
        link.send(3);
        sim.run_for(secs(1));
        // The first was under way, the second was sent during the partition.
        assert_eq!(*sim.app(other), [3]);
    });
}
