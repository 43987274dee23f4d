//! Nothing is left of a command: no zombie, no descriptor, no grandchild.

use super::{Node, all_gone, config, processes, real, run};
use crate::units::ms;
use crate::world::{alone, open_descriptors};
use crankwork::process::{OsProcesses, Output, ProcessHost, ProcessWork, Processes};
use crankwork::{Budget, Driver, MioDriver, Spec, WorkId, WorkScheduler, WorkState};
use rustix::process::{self, WaitId, WaitIdOptions};
use std::time::Duration;

fn sh(script: &str) -> ProcessWork {
    ProcessWork::new("sh").args(["-c", script])
}

/// Commands with grandchildren, some of which do not listen to SIGTERM.
fn stubborn(n: usize) -> ProcessWork {
    let work = match n % 4 {
        0 => ProcessWork::new("sleep").arg("1000"),
        1 => sh("sleep 1000 & sleep 1000 & echo here; wait"),
        2 => sh("trap '' TERM; sleep 1000 & echo here; while :; do sleep 1000; done"),
        _ => sh("(trap '' TERM; sleep 1000; sleep 1000) & echo here; exec sleep 1000"),
    };
    work.stdout(Output::Capture(10)).term_grace(ms(5))
}

/// From here on grandchildren whose parents have ended become children of this process, which is a test's own.
fn adopt() {
    process::set_child_subreaper(Some(process::getpid())).unwrap();
}

/// None of the children is there, not even as a zombie; their own children have ended too and are reaped here, since
/// nobody else does.
fn nobody_is_left(children: &[u32]) {
    all_gone(children);
    let own = std::process::id();
    let left = |&(pid, _, parent, _): &(u32, char, u32, u32)| {
        (parent == own && children.contains(&pid)).then_some(pid)
    };
    let zombies: Vec<u32> = processes().iter().filter_map(left).collect();
    assert!(zombies.is_empty(), "{zombies:?}");
    while let Ok(Some(_)) = process::waitid(WaitId::All, WaitIdOptions::EXITED) {}
}

#[test]
fn of_four_hundred_aborted_attempts() {
    let name = "world::process::left_over::of_four_hundred_aborted_attempts";
    alone(name, || {
        let mut s = WorkScheduler::new(config());
        let mut driver = MioDriver::new(&mut s).unwrap();
        let mut node = Node::real();
        adopt();
        let before = open_descriptors();
        for round in 0..10 {
            let ids: Vec<WorkId> = (0..40)
                .map(|n| {
                    let spec = Spec::new(format!("command {n}"), stubborn(n));
                    // Some have no time to be polite: they are dropped while they run.
                    let spec = match (n / 4 + round) % 3 {
                        0 => spec.abort_grace(Duration::ZERO),
                        _ => spec,
                    };
                    s.add(spec).unwrap().id()
                })
                .collect();
            let _ = s.crank_work(driver.now(), &mut node, Budget::unlimited());
            assert_eq!(s.sources(), 120, "the end and two outputs of each");
            s.cancel_all();
            run(&mut s, &mut node, &mut driver);
            for id in ids {
                assert_eq!(s.state(id), Some(WorkState::Cancelled));
                s.reap(id).unwrap();
            }
        }
        assert!(s.metrics().forced_aborts > 0);
        assert_eq!(node.tries, 400);
        let pids = node.pids.take();
        // Dropped commands are reaped by now, or when their host goes.
        drop(node);
        nobody_is_left(&pids);
        assert_eq!(s.sources(), 0);
        assert_eq!(open_descriptors(), before);
    });
}

#[test]
fn of_a_dropped_scheduler() {
    let name = "world::process::left_over::of_a_dropped_scheduler";
    alone(name, || {
        adopt();
        let before = open_descriptors();
        let (mut s, mut node, mut driver) = real();
        for n in 0..8 {
            s.add(Spec::new(format!("command {n}"), stubborn(n)))
                .unwrap();
        }
        let _ = s.crank_work(driver.now(), &mut node, Budget::unlimited());
        let pids = node.pids.take();
        assert_eq!(pids.len(), 8);
        // The host goes first, for once.
        drop((driver, node));
        drop(s);
        nobody_is_left(&pids);
        assert_eq!(open_descriptors(), before);
    });
}

#[test]
fn of_a_command_that_leaves_something_behind() {
    let name = "world::process::left_over::of_a_command_that_leaves_something_behind";
    alone(name, || {
        adopt();
        let (mut s, mut node, mut driver) = real();
        let work = sh("sleep 1000 & echo done").stdout(Output::Capture(100));
        let work = s.add(Spec::new("command", work)).unwrap();
        run(&mut s, &mut node, &mut driver);
        // It has ended though its grandchild holds the other end of the pipe.
        assert_eq!(s.take(work).unwrap().stdout.text(), "done\n");
        nobody_is_left(&node.pids.take());
    });
}

#[test]
fn other_children_of_the_program_are_left_alone() {
    let mut other = std::process::Command::new("sh")
        .args(["-c", "exit 5"])
        .spawn()
        .unwrap();
    let (mut s, mut node, mut driver) = real();
    for n in 0..5 {
        s.add(Spec::new(format!("command {n}"), ProcessWork::new("true")))
            .unwrap();
    }
    run(&mut s, &mut node, &mut driver);
    assert_eq!(other.wait().unwrap().code(), Some(5));
}

#[test]
fn killed_children_are_reaped_without_waiting() {
    struct Host(OsProcesses);
    impl ProcessHost for Host {
        fn processes(&mut self) -> &mut dyn Processes {
            &mut self.0
        }
    }
    let mut host = Host(OsProcesses::new());
    let mut s = WorkScheduler::<Host>::new(config());
    let mut driver = MioDriver::new(&mut s).unwrap();
    let sleep = ProcessWork::new("sleep").arg("1000");
    let id = s
        .add(Spec::new("sleep", sleep).abort_grace(Duration::ZERO))
        .unwrap();
    let _ = s.crank_work(driver.now(), &mut host, Budget::unlimited());
    s.cancel(id).unwrap();
    s.run_until_done(&mut host, &mut driver).unwrap();
    for _ in 0..3_000 {
        if host.0.reap() == 0 {
            return;
        }
        std::thread::sleep(ms(10));
    }
    panic!("it was killed and is still there");
}
