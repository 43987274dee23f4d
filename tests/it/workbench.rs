//! A scheduler with an application that keeps a log, and works that log each call that they get.

use crate::on_purpose::Watch;
pub use crate::on_purpose::{Bomb, ON_PURPOSE, quiet_panics};
use crate::units::secs;
use crankwork::{
    Budget, Failure, Name, Next, Spec, Summary, Time, VirtualDriver, Work, WorkContext, WorkId,
    WorkOutcome, WorkScheduler, WorkSchedulerConfig, WorkState,
};
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

/// The application of these tests: one line for each thing that happened.
pub type Log = Vec<String>;
pub type Cx<'a> = WorkContext<'a, Log>;
pub type Turn = Poll<Result<(), Failure>>;

pub const OK: Turn = Poll::Ready(Ok(()));

/// A failed attempt.
pub fn fail<T>(message: &str) -> Poll<Result<T, Failure>> {
    Poll::Ready(Err(Failure::msg(message)))
}

type PollFn = Box<dyn FnMut(&mut Cx<'_>) -> Turn>;
type AbortFn = Box<dyn FnMut(&mut Cx<'_>) -> Poll<()>>;
type HookFn = Box<dyn FnMut(&mut Cx<'_>, &str)>;

/// A work that logs every call that it gets (`name: poll 1` with the attempt, `name: on_abort`, ...), then does what
/// its closures say.
pub struct Probe {
    poll: PollFn,
    abort: AbortFn,
    hook: HookFn,
}

impl Probe {
    pub fn new(poll: impl FnMut(&mut Cx<'_>) -> Turn + 'static) -> Probe {
        Probe {
            poll: Box::new(poll),
            abort: Box::new(|_| Poll::Ready(())),
            hook: Box::new(|_, _| ()),
        }
    }

    pub fn on_abort(mut self, abort: impl FnMut(&mut Cx<'_>) -> Poll<()> + 'static) -> Probe {
        self.abort = Box::new(abort);
        self
    }

    /// Called in every hook, with the hook's name.
    pub fn on_hook(mut self, hook: impl FnMut(&mut Cx<'_>, &str) + 'static) -> Probe {
        self.hook = Box::new(hook);
        self
    }

    fn hooked(&mut self, cx: &mut Cx<'_>, hook: &str) {
        say(cx, hook);
        (self.hook)(cx, hook);
    }
}

/// Writes `name: what` into the log.
pub fn say(cx: &mut Cx<'_>, what: &str) {
    let line = format!("{}: {what}", cx.name());
    cx.app.push(line);
}

impl Work<Log> for Probe {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Turn {
        let attempt = cx.attempt();
        say(cx, &format!("poll {attempt}"));
        (self.poll)(cx)
    }

    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        say(cx, "on_abort");
        (self.abort)(cx)
    }

    fn on_reset(&mut self, cx: &mut Cx<'_>) {
        self.hooked(cx, "on_reset");
    }

    fn on_success(&mut self, cx: &mut Cx<'_>) {
        self.hooked(cx, "on_success");
    }

    fn on_failure_retry(&mut self, cx: &mut Cx<'_>) {
        self.hooked(cx, "on_failure_retry");
    }

    fn on_failure_raise(&mut self, cx: &mut Cx<'_>) {
        self.hooked(cx, "on_failure_raise");
    }
}

/// Succeeds in its first turn.
pub fn done() -> Probe {
    Probe::new(|_| OK)
}

/// Fails every attempt in its first turn.
pub fn failing() -> Probe {
    Probe::new(|_| fail("no luck"))
}

/// Panics in its first turn.
pub fn panicking() -> Probe {
    Probe::new(|_| panic!("{ON_PURPOSE}"))
}

/// Succeeds after a sleep.
pub fn napping(length: Duration) -> Probe {
    Probe::new(move |cx| cx.sleep(length).map(Ok))
}

/// Sleeps until it is aborted.
pub fn idling() -> Probe {
    Probe::new(|cx| {
        cx.expect_wake();
        Poll::Pending
    })
}

/// Polls with `poll`, and holds a value, which is dropped with the work.
pub fn holding<T: 'static>(value: T, mut poll: impl FnMut(&mut Cx<'_>) -> Turn + 'static) -> Probe {
    Probe::new(move |cx| {
        let _ = &value;
        poll(cx)
    })
}

/// An `on_abort` that takes that long.
pub fn slowly(length: Duration) -> impl FnMut(&mut Cx<'_>) -> Poll<()> {
    move |cx| cx.sleep(length)
}

/// An `on_abort` that never ends by itself.
pub fn never(cx: &mut Cx<'_>) -> Poll<()> {
    cx.expect_wake();
    Poll::Pending
}

/// Spawns the child that `make` makes in the attempt's first turn, then sleeps until children end; succeeds when all
/// have.
pub fn parenting(child: &'static str, mut make: impl FnMut() -> Probe + 'static) -> Probe {
    Probe::new(move |cx| {
        if cx.children().is_empty() {
            cx.spawn(Spec::new(child, make())).unwrap();
        }
        match cx.children().all_done() {
            true => OK,
            false => Poll::Pending,
        }
    })
}

/// Tells that what owns it has been dropped.
pub struct Dropped(pub Rc<Cell<u32>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

pub struct Bench {
    pub s: WorkScheduler<Log>,
    pub log: Log,
    // After the scheduler, whose end may panic too.
    _watch: Watch,
}

impl Bench {
    pub fn new(config: WorkSchedulerConfig) -> Bench {
        Bench {
            s: WorkScheduler::new(config),
            log: Log::new(),
            _watch: Watch::new(),
        }
    }

    /// A bench with this many permits and a fixed back-off of 10 s.
    pub fn with_permits(permits: usize) -> Bench {
        let config = WorkSchedulerConfig::default().max_concurrency(permits);
        Bench::new(config.retry_delay(secs(10)).events(100_000))
    }

    pub fn add(&mut self, name: impl Into<Name>, work: Probe) -> WorkId {
        self.add_spec(Spec::new(name, work))
    }

    pub fn add_spec(&mut self, spec: Spec<Log, Probe>) -> WorkId {
        self.s.add(spec).unwrap().id()
    }

    /// All that there is to do at this time.
    pub fn crank_at(&mut self, now: Time) -> Next {
        self.s
            .crank_work(now, &mut self.log, Budget::unlimited())
            .next
    }

    /// All that there is to do now.
    pub fn crank(&mut self) -> Next {
        self.crank_at(self.s.now())
    }

    /// One turn.
    pub fn turn(&mut self) -> Next {
        self.s
            .crank_work(self.s.now(), &mut self.log, Budget::turns(1))
            .next
    }

    /// To the end, in virtual time.
    pub fn run(&mut self) -> Summary {
        let mut driver = VirtualDriver::at(self.s.now());
        self.s.run_until_done(&mut self.log, &mut driver).unwrap()
    }

    pub fn state(&self, id: WorkId) -> WorkState {
        self.s.state(id).expect("it is still there")
    }

    pub fn states<const N: usize>(&self, ids: [WorkId; N]) -> [WorkState; N] {
        ids.map(|id| self.state(id))
    }

    pub fn outcome(&self, id: WorkId) -> WorkOutcome {
        self.s.outcome(id).expect("it has settled")
    }

    /// The failure of a work that has failed.
    pub fn failed(&self, id: WorkId) -> Failure {
        match self.outcome(id) {
            WorkOutcome::Failed(failure) => failure,
            other => panic!("{other:?}"),
        }
    }

    /// The failure of a work that has failed, as text.
    pub fn failure(&self, id: WorkId) -> String {
        self.failed(id).to_string()
    }

    /// The id of the first work of that name.
    pub fn find(&self, name: &str) -> WorkId {
        let all = self.s.snapshot();
        let mut named = all.iter().filter(|work| work.name == *name);
        named.next().expect("a work of that name").id
    }

    /// The lines since the last call.
    pub fn lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.log)
    }

    /// The lines of one work since the last call, without its name; the others' are dropped.
    pub fn lines_of(&mut self, name: &str) -> Vec<String> {
        let prefix = format!("{name}: ");
        let lines = self.lines();
        let own = lines.iter().filter_map(|line| line.strip_prefix(&prefix));
        own.map(str::to_owned).collect()
    }

    /// All events that have not been read, one line each.
    pub fn events(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.s.poll_event())
            .map(|event| event.to_string())
            .collect()
    }
}
