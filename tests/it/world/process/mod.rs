//! Child processes: real ones in real time, scripted ones in virtual time.

mod commands;
mod left_over;
mod scripted;
mod streams;

use crate::units::ms;
use crankwork::process::{
    ChildProcess, CommandLine, OsProcesses, ProcessHost, Processes, ScriptedProcesses,
};
use crankwork::{MioDriver, Summary, Time, WorkScheduler, WorkSchedulerConfig};
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

/// An application with processes of some kind, which counts what it is asked to start and keeps their numbers.
struct Node {
    processes: Box<dyn Processes>,
    tries: u32,
    pids: Rc<RefCell<Vec<u32>>>,
}

impl Node {
    fn new(processes: impl Processes + 'static) -> Node {
        Node {
            processes: Box::new(processes),
            tries: 0,
            pids: Rc::default(),
        }
    }

    fn real() -> Node {
        Node::new(OsProcesses::new())
    }
}

impl ProcessHost for Node {
    fn processes(&mut self) -> &mut dyn Processes {
        self
    }
}

impl Processes for Node {
    fn spawn(&mut self, command: &CommandLine, now: Time) -> io::Result<Box<dyn ChildProcess>> {
        self.tries += 1;
        let child = self.processes.spawn(command, now)?;
        self.pids.borrow_mut().push(child.id());
        Ok(child)
    }
}

impl ProcessHost for ScriptedNode {
    fn processes(&mut self) -> &mut dyn Processes {
        &mut self.0
    }
}

struct ScriptedNode(ScriptedProcesses);

fn config() -> WorkSchedulerConfig {
    WorkSchedulerConfig::default()
        .max_concurrency(100)
        .retry_delay(ms(1))
}

/// A scheduler with real processes and a driver that hears of their ends.
fn real() -> (WorkScheduler<Node>, Node, MioDriver) {
    let mut s = WorkScheduler::new(config());
    let driver = MioDriver::new(&mut s).unwrap();
    (s, Node::real(), driver)
}

fn run(s: &mut WorkScheduler<Node>, node: &mut Node, driver: &mut MioDriver) -> Summary {
    s.run_until_done(node, driver).unwrap()
}

/// State, parent and group of every process there is.
fn processes() -> Vec<(u32, char, u32, u32)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir("/proc").unwrap().flatten() {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else {
            continue;
        };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else {
            continue;
        };
        // The name may hold anything; what follows its last parenthesis does not.
        let Some((_, rest)) = stat.rsplit_once(')') else {
            continue;
        };
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let state = fields[0].chars().next().unwrap();
        all.push((
            pid,
            state,
            fields[1].parse().unwrap(),
            fields[2].parse().unwrap(),
        ));
    }
    all
}

/// The processes that still run in one of these groups. Those that have been killed may take a moment to go, and are
/// then somebody else's to reap.
fn running_in(groups: &[u32]) -> Vec<u32> {
    let runs = |&(pid, state, _, group): &(u32, char, u32, u32)| {
        (state != 'Z' && groups.contains(&group)).then_some(pid)
    };
    processes().iter().filter_map(runs).collect()
}

/// Waits until nobody runs in these groups.
fn all_gone(groups: &[u32]) {
    for _ in 0..3_000 {
        if running_in(groups).is_empty() {
            return;
        }
        std::thread::sleep(ms(10));
    }
    panic!("{:?} are still there", running_in(groups));
}
