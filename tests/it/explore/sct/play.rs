//! A program as works: one for each thread, each turn instruction one turn.

use super::program::Program;
use super::state::{Fault, State};
use crankwork::explore::{Explore, Policy, Sim};
use crankwork::{Failure, Spec, Work, WorkContext};
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// What a run was like, for tests that want more than its verdict.
#[derive(Debug, Default)]
pub struct Log {
    /// The threads that can go on, in the order of the data's README.
    pub ready: Vec<usize>,
    /// The thread that had the last turn.
    pub last: Option<usize>,
    /// The threads that had turns.
    pub schedule: Vec<usize>,
    /// Whether the program came to its end.
    pub has_ended: bool,
}

/// The application of the node.
struct App {
    program: Arc<Program>,
    state: State,
    log: Option<Arc<Mutex<Log>>>,
}

impl App {
    /// Notes a turn.
    fn note(&mut self, thread: usize) {
        let Some(log) = &self.log else {
            return;
        };
        let log = &mut *log.lock().unwrap();
        let state = &self.state;
        log.ready
            .retain(|&other| other != thread && state.is_runnable(other));
        for other in state.runnable().filter(|&other| other != thread) {
            if !log.ready.contains(&other) {
                log.ready.push(other);
            }
        }
        if state.is_runnable(thread) {
            log.ready.push(thread);
        }
        log.last = Some(thread);
        log.schedule.push(thread);
    }
}

/// The work that is a thread.
struct Thread(usize);

impl Thread {
    fn spec(program: &Program, thread: usize) -> Spec<App, Thread> {
        let name = Arc::clone(&program.threads[thread].name);
        Spec::new(name, Thread(thread)).no_permit()
    }
}

impl Work<App> for Thread {
    fn poll(&mut self, cx: &mut WorkContext<'_, App>) -> Poll<Result<(), Failure>> {
        let result = cx.app.state.turn(self.0);
        cx.app.note(self.0);
        let spawned = result.unwrap_or_else(|fault| fail(fault));
        if let Some(other) = spawned.filter(|&other| !cx.app.state.has_ended(other)) {
            let spec = Thread::spec(&cx.app.program, other);
            cx.spawn_root(spec).expect("there is room for a thread");
        }
        match cx.app.state.has_ended(self.0) {
            true => Poll::Ready(Ok(())),
            false => cx.yield_now(),
        }
    }
}

fn fail(fault: Fault) -> ! {
    panic!("{}", fault.name())
}

/// Plays a program once.
///
/// # Panics
/// If the run fails.
pub fn play(sim: &mut Sim, program: &Arc<Program>, log: Option<&Arc<Mutex<Log>>>) {
    let state = program.begin().unwrap_or_else(|fault| fail(fault));
    if let Some(log) = log {
        let start = program.start.iter().copied();
        *log.lock().unwrap() = Log {
            ready: start.filter(|&thread| state.is_runnable(thread)).collect(),
            ..Log::default()
        };
    }
    let live = program.start.iter().filter(|&&it| !state.has_ended(it));
    let live: Vec<usize> = live.copied().collect();
    let node = sim.node(
        "program",
        App {
            program: Arc::clone(program),
            state,
            log: log.cloned(),
        },
    );
    for thread in live {
        let added = sim.work(node).add(Thread::spec(program, thread));
        added.expect("there is room for a thread");
    }
    for (number, thread) in program.threads.iter().enumerate() {
        if thread.can_wait {
            sim.guard(node, &thread.name, move |world| {
                world.app(node).state.is_runnable(number)
            });
        }
    }
    sim.run();
    if let Some(log) = log {
        log.lock().unwrap().has_ended = true;
    }
    sim.app(node)
        .state
        .end()
        .unwrap_or_else(|fault| fail(fault));
}

/// Returns a search over the schedules of a program.
pub fn search(program: &Program, policy: Policy, seed: u64) -> Explore {
    Explore::new()
        .named(program.name.as_str())
        .on_its_own()
        .trusting()
        .stop_after(program.max_turns)
        .policy(policy)
        .seed(seed)
}
