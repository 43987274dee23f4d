//! The works of the catch-up under a search: in many orders they come to one end, and a search finds an apply that does
//! not wait for the one before it.

use crate::common::faults;
use catchup::archive::Hash;
use catchup::catchup::{App, CatchUp, Settings};
use catchup::maker::{self, Made};
use catchup::net::SimulatedNetwork;
use catchup::server::{Responder, Shelf};
use catchup::store::Memory;
use crankwork::explore::{Explore, Policy, Sim, Verdict, World};
use crankwork::{InlineOffload, WorkSchedulerConfig};
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// An archive of three checkpoints, made once: enough for an apply with one before it and one behind.
static THREE: LazyLock<Made> = LazyLock::new(|| maker::make(3, 1));

const LAST: u32 = 191;

/// How long a simulated job takes.
const JOB: Duration = Duration::from_millis(1);

/// Adds the whole catch-up, with the network, the server and the disk of a simulation, and says what holds in every
/// order.
fn catch_up(sim: &mut Sim, settings: &Settings, rate: f64) {
    // The seed of the faults is one for all runs, so that nothing but the order differs between two runs.
    let server = Responder::new(
        Shelf::Memory(Arc::new(THREE.files.clone())),
        faults(rate, 1),
    );
    let app = App::new(
        settings.clone(),
        Box::new(SimulatedNetwork::new(Rc::new(server), 1)),
        Arc::new(Memory::new()),
        None,
    );
    let config = WorkSchedulerConfig::default().max_concurrency(settings.slots);
    let node = sim.node_with("catch-up", app, config.catch_panics(false));
    let work = sim.work(node);
    work.set_offload(InlineOffload::with_latency(|_| JOB));
    work.add(CatchUp::spec()).unwrap();

    let app = move |world: &World<'_>, holds: fn(&App) -> bool| holds(world.app(node));
    sim.always("nothing fails for good", move |world| {
        app(world, |app| app.first_failure.is_none())
    });
    sim.always("only what has been applied is written down", move |world| {
        app(world, |app| app.recorded <= app.applied())
    });
    sim.eventually("all is applied and written down", move |world| {
        app(world, |app| {
            let hash = app.ledger.as_ref().map_or(Hash::ZERO, |ledger| ledger.hash);
            app.complete && app.recorded == LAST && hash == THREE.last_hash
        })
    });
}

fn search() -> Explore {
    Explore::new().on_its_own().named("catch-up")
}

#[test]
fn the_catch_up_comes_to_one_end_in_every_order() {
    for slots in [1, 3] {
        let settings = Settings::local(slots);
        let stats = search().runs(200).run(|sim| catch_up(sim, &settings, 0.0));
        println!("{stats}");
        assert!(stats.distinct > 190, "{stats}");
    }
}

#[test]
fn it_does_so_with_a_server_that_fails() {
    let settings = Settings::local(2);
    let stats = search().runs(100).run(|sim| catch_up(sim, &settings, 0.2));
    println!("{stats}");
    assert!(stats.distinct > 95, "{stats}");
}

#[test]
fn an_apply_that_does_not_wait_for_its_predecessor_is_found() {
    let mut settings = Settings::local(1);
    settings.in_order = false;
    // The only slot brings one file after the other, so production order hides it.
    let production = search().runs(1).policy(Policy::Fifo);
    production.run(|sim| catch_up(sim, &settings, 0.0));
    for seed in 0..5 {
        let found = search()
            .seed(seed)
            .check(|sim| catch_up(sim, &settings, 0.0));
        let failure = found.expect_err("an order in which a later checkpoint's files come first");
        println!("{failure}");
        let expected = Verdict::Always("nothing fails for good".into());
        assert_eq!((&failure.verdict, failure.reproduced), (&expected, true));
    }
}
