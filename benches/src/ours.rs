//! The contenders of crankwork, through its public calls.

mod forever;
pub mod search;

pub use forever::{Forever, Names};

use crate::baselines::{Count, STRIDE, period};
use crate::graphs::Dag;
use crankwork::compose::BatchWork;
use crankwork::{
    Budget, Failure, Handle, RemoteWaker, Retain, Spec, Time, VirtualDriver, Work, WorkContext,
    WorkId, WorkScheduler, WorkSchedulerConfig,
};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Poll, ready};
use std::time::Duration;

type Scheduler = WorkScheduler<()>;

fn scheduler(retain: Retain) -> Scheduler {
    let config = WorkSchedulerConfig::default();
    Scheduler::new(config.max_concurrency(usize::MAX).retain(retain))
}

/// Yields for ever.
#[derive(Default)]
struct Yielder(Count);

impl Work<()> for Yielder {
    fn poll(&mut self, cx: &mut WorkContext<'_, ()>) -> Poll<Result<(), Failure>> {
        self.0.count();
        cx.yield_now()
    }
}

/// Works that yield for ever.
pub struct Turns(Scheduler);

impl Turns {
    pub fn new(works: u32) -> Self {
        let mut scheduler = scheduler(Retain::All);
        for _ in 0..works {
            add(&mut scheduler, Spec::new("yielder", Yielder::default()));
        }
        Turns(scheduler)
    }

    pub fn run(&mut self, turns: u64) {
        let crank = self.0.crank_work(Time::ZERO, &mut (), Budget::turns(turns));
        assert_eq!(crank.turns, turns);
    }

    pub fn run_one_by_one(&mut self, turns: u64) {
        for _ in 0..turns {
            let crank = self.0.crank_work(Time::ZERO, &mut (), Budget::turns(1));
            assert_eq!(crank.turns, 1);
        }
    }
}

fn add<W: Work<()> + 'static>(scheduler: &mut Scheduler, spec: Spec<(), W>) -> Handle<()> {
    match scheduler.add(spec) {
        Ok(handle) => handle,
        Err(error) => panic!("refused: {error}"),
    }
}

/// Has one turn.
#[derive(Default)]
struct Once(Count);

impl Work<()> for Once {
    fn poll(&mut self, _: &mut WorkContext<'_, ()>) -> Poll<Result<(), Failure>> {
        self.0.count();
        Poll::Ready(Ok(()))
    }
}

/// Adds, runs and settles a graph.
pub fn run(dag: &Dag, retain: Retain) -> usize {
    let mut scheduler = scheduler(retain);
    let node = |_| Spec::new("node", Once::default());
    if let Err(error) = scheduler.add_graph(dag.len(), node, dag.edges()) {
        panic!("refused: {error}");
    }
    let crank = scheduler.crank_work(Time::ZERO, &mut (), Budget::unlimited());
    crank.settled as usize
}

/// Adds the works one by one, and runs them. The nodes come in an order that respects the edges.
pub fn run_one_by_one(dag: &Dag, retain: Retain) -> usize {
    let mut scheduler = scheduler(retain);
    let mut ids: Vec<WorkId> = Vec::with_capacity(dag.len());
    for node in 0..dag.len() {
        let mut spec = Spec::new("node", Once::default());
        for &before in dag.before(node) {
            spec = spec.after(ids[before as usize]);
        }
        ids.push(add(&mut scheduler, spec).id());
    }
    let crank = scheduler.crank_work(Time::ZERO, &mut (), Budget::unlimited());
    crank.settled as usize
}

/// Runs a batch of members that have one turn each, so many at a time.
pub fn batch(members: usize, width: usize) -> usize {
    let mut scheduler = scheduler(Retain::Nothing);
    let batch = BatchWork::each(width, move || {
        (0..members).map(|_| Spec::new("node", Once::default()))
    });
    add(&mut scheduler, Spec::new("batch", batch));
    let crank = scheduler.crank_work(Time::ZERO, &mut (), Budget::unlimited());
    crank.settled as usize
}

/// Sleeps once.
struct Nap(Count, Duration);

impl Work<()> for Nap {
    fn poll(&mut self, cx: &mut WorkContext<'_, ()>) -> Poll<Result<(), Failure>> {
        self.0.count();
        ready!(cx.sleep(self.1));
        Poll::Ready(Ok(()))
    }
}

/// Runs a graph with `slots` at once, each node sleeping `nanos`; gives the makespan. Edges are added afterwards, since
/// the nodes may come in any order.
pub fn run_in_time(dag: &Dag, slots: usize, nanos: u64) -> u64 {
    let mut scheduler = Scheduler::new(WorkSchedulerConfig::default().max_concurrency(slots));
    let nap = Duration::from_nanos(nanos);
    let node = |_| Spec::new("node", Nap(Count::default(), nap));
    if let Err(error) = scheduler.add_graph(dag.len(), node, dag.edges()) {
        panic!("refused: {error}");
    }
    let mut driver = VirtualDriver::new();
    match scheduler.run_until_done(&mut (), &mut driver) {
        Ok(_) => driver.now().as_nanos(),
        Err(stall) => panic!("{stall}"),
    }
}

/// Sleeps until it is woken or its alarm fires, again and again; no two alarms are at the same time.
struct Sleeper {
    count: Count,
    period: u64,
}

impl Work<()> for Sleeper {
    fn poll(&mut self, cx: &mut WorkContext<'_, ()>) -> Poll<Result<(), Failure>> {
        self.count.count();
        cx.wake_after(Duration::from_nanos(self.period));
        Poll::Pending
    }
}

/// Works that sleep, with distinct deadlines.
pub struct Sleepers {
    scheduler: Scheduler,
    ids: Vec<WorkId>,
    now: Time,
    next: usize,
}

impl Sleepers {
    pub fn new(works: u64) -> Self {
        let mut scheduler = scheduler(Retain::All);
        let sleeper = |work: u64| Sleeper {
            count: Count::default(),
            period: period(work),
        };
        let ids = (0..works)
            .map(|work| add(&mut scheduler, Spec::new("sleeper", sleeper(work))).id())
            .collect();
        let _ = scheduler.crank_work(Time::ZERO, &mut (), Budget::unlimited());
        Sleepers {
            scheduler,
            ids,
            now: Time::ZERO,
            next: 0,
        }
    }

    /// The host wakes one after the other, with a crank for each.
    pub fn wake(&mut self, times: u64) {
        for _ in 0..times {
            self.next = (self.next + STRIDE) % self.ids.len();
            self.now = Time::from_nanos(self.now.as_nanos() + 1);
            let woken = self.scheduler.wake(self.ids[self.next]);
            let crank = self
                .scheduler
                .crank_work(self.now, &mut (), Budget::unlimited());
            assert!(woken.is_ok() && crank.turns == 1);
        }
    }

    /// Alarms fire one after the other, with a crank for each.
    pub fn let_fire(&mut self, times: u64) {
        for _ in 0..times {
            if let crankwork::Next::At(at) = self.scheduler.next() {
                self.now = at;
            }
            let crank = self
                .scheduler
                .crank_work(self.now, &mut (), Budget::unlimited());
            assert_eq!(crank.turns, 1);
        }
    }

    /// Cranks with nothing to do.
    pub fn crank_idle(&mut self, times: u64) {
        for _ in 0..times {
            let crank = self
                .scheduler
                .crank_work(self.now, &mut (), Budget::turns(100));
            std::hint::black_box(&crank);
        }
    }

    pub fn next(&mut self, times: u64) {
        for _ in 0..times {
            std::hint::black_box(std::hint::black_box(&self.scheduler).next());
        }
    }
}

/// A chain of parents; only the deepest child has turns.
struct Link {
    below: u32,
    spawned: bool,
}

impl Work<()> for Link {
    fn poll(&mut self, cx: &mut WorkContext<'_, ()>) -> Poll<Result<(), Failure>> {
        if std::mem::replace(&mut self.spawned, true) {
            return Poll::Pending;
        }
        match self.below.checked_sub(1) {
            None => cx.spawn(Spec::new("leaf", Yielder::default()))?,
            Some(below) => {
                let link = Link {
                    below,
                    spawned: false,
                };
                cx.spawn(Spec::new("link", link))?
            }
        };
        Poll::Pending
    }
}

/// A tree with one leaf at the given depth.
pub fn tree(depth: u32) -> Turns {
    let mut scheduler = scheduler(Retain::All);
    let root = Link {
        below: depth - 1,
        spawned: false,
    };
    add(&mut scheduler, Spec::new("root", root));
    // One round for each level, and one for the leaf.
    let _ = scheduler.crank_work(Time::ZERO, &mut (), Budget::turns(depth as u64 + 1));
    Turns(scheduler)
}

/// Works that sleep until another thread wakes them, and their wakers.
pub struct Wakers {
    scheduler: Scheduler,
    wakers: Vec<RemoteWaker>,
}

impl Wakers {
    pub fn new(works: u32) -> Self {
        let mut scheduler = scheduler(Retain::All);
        let wakers: Rc<RefCell<Vec<RemoteWaker>>> = Rc::default();
        for _ in 0..works {
            let (wakers, mut first) = (wakers.clone(), true);
            let sleeper = move |cx: &mut WorkContext<'_, ()>| {
                if std::mem::take(&mut first) {
                    wakers.borrow_mut().push(cx.remote_waker());
                }
                Poll::Pending
            };
            add(&mut scheduler, Spec::new("sleeper", sleeper));
        }
        let mut own = Wakers {
            scheduler,
            wakers: Vec::new(),
        };
        own.take();
        own.wakers = wakers.take();
        own
    }

    /// Their wakers.
    pub fn wakers(&self) -> Rc<[RemoteWaker]> {
        self.wakers.as_slice().into()
    }

    /// One message for each work.
    pub fn wake_all(&self) {
        self.wakers.iter().for_each(RemoteWaker::wake);
    }

    /// Wakes a work that has been woken already.
    pub fn wake_again(&self, times: u64) {
        for _ in 0..times {
            std::hint::black_box(&self.wakers[0]).wake();
        }
    }

    /// Takes what is there; how many turns it made.
    pub fn take(&mut self) -> u64 {
        let budget = Budget::turns(u64::MAX);
        let crank = self.scheduler.crank_work(Time::ZERO, &mut (), budget);
        crank.turns
    }

    /// Counts the calls of the notifier from now on.
    pub fn count_notifier_calls(&mut self) -> Arc<AtomicU64> {
        let calls: Arc<AtomicU64> = Arc::default();
        let counts = calls.clone();
        self.scheduler.set_notifier(move || {
            counts.fetch_add(1, Ordering::Relaxed);
        });
        calls
    }
}
