//! The programs as threads, as shuttle runs them.

use shuttle::scheduler::Scheduler;
use shuttle::sync::atomic::{AtomicI64, AtomicUsize, Ordering::SeqCst};
use shuttle::sync::{Arc, Mutex};
use shuttle::thread::{self, JoinHandle};
use shuttle::{Config, FailurePersistence, Runner};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc as StdArc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A program, and how often it has run.
pub struct Runs {
    program: fn(),
    count: StdArc<AtomicU64>,
}

impl Runs {
    pub fn of(program: fn()) -> Runs {
        let count = StdArc::default();
        Runs { program, count }
    }

    /// Searches, and returns the number of runs up to the first that failed.
    pub fn search(&self, scheduler: impl Scheduler + 'static, print: bool) -> Option<u64> {
        let mut config = Config::new();
        config.failure_persistence = match print {
            true => FailurePersistence::Print,
            false => FailurePersistence::None,
        };
        let (program, count) = (self.program, StdArc::clone(&self.count));
        let search = AssertUnwindSafe(|| {
            Runner::new(scheduler, config).run(move || {
                count.fetch_add(1, Ordering::Relaxed);
                program();
            })
        });
        let failed = catch_unwind(search).is_err();
        failed.then(|| self.count.load(Ordering::Relaxed))
    }
}

/// Spawns a thread with a name, which the report has.
fn spawn<T: Send + 'static>(
    name: String,
    body: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let thread = thread::Builder::new().name(name);
    thread.spawn(body).expect("there is room for a thread")
}

fn join<T>(threads: Vec<JoinHandle<T>>) -> Vec<T> {
    let threads = threads.into_iter();
    threads
        .map(|thread| thread.join().expect("the thread does not panic"))
        .collect()
}

pub fn lost_update() {
    let balance = Arc::new(AtomicI64::new(0));
    let (checked, pages) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut threads = Vec::new();
    for (name, amount, checks) in [("salary", 900, 0), ("rent", -400, 2)] {
        let (balance, checked) = (Arc::clone(&balance), Arc::clone(&checked));
        threads.push(spawn(name.into(), move || {
            for _ in 0..checks {
                checked.fetch_add(1, SeqCst);
            }
            let seen = balance.load(SeqCst);
            balance.store(seen + amount, SeqCst);
        }));
    }
    for number in 0..4 {
        let pages = Arc::clone(&pages);
        threads.push(spawn(format!("statement-{number}"), move || {
            for _ in 0..3 {
                pages.fetch_add(1, SeqCst);
            }
        }));
    }
    join(threads);
    assert_eq!(balance.load(SeqCst), 500, "both transfers count");
    assert_eq!(pages.load(SeqCst), 12, "all pages are printed");
}

const LOCKS: usize = 3;

pub fn deadlock() {
    let locks = Arc::new([(); LOCKS].map(|()| Mutex::new(())));
    let checked = Arc::new(AtomicUsize::new(0));
    let mut threads = Vec::new();
    for number in 0..LOCKS {
        let (locks, checked) = (Arc::clone(&locks), Arc::clone(&checked));
        threads.push(spawn(format!("locker-{number}"), move || {
            for _ in 0..3 * number {
                checked.fetch_add(1, SeqCst);
            }
            let first = locks[number].lock().expect("nobody panics");
            let second = locks[(number + 1) % LOCKS].lock().expect("nobody panics");
            drop((first, second));
        }));
    }
    join(threads);
}

/// Stands for the end of the stack.
const END: usize = usize::MAX;

/// A stack of three nodes.
struct Stack {
    head: AtomicUsize,
    next: [AtomicUsize; 3],
}

impl Stack {
    fn pop(&self) -> Option<usize> {
        loop {
            let seen = self.head.load(SeqCst);
            if seen == END {
                return None;
            }
            let next = self.next[seen].load(SeqCst);
            let swapped = self.head.compare_exchange(seen, next, SeqCst, SeqCst);
            if swapped.is_ok() {
                return Some(seen);
            }
        }
    }

    fn push(&self, node: usize) {
        loop {
            let seen = self.head.load(SeqCst);
            self.next[node].store(seen, SeqCst);
            let swapped = self.head.compare_exchange(seen, node, SeqCst, SeqCst);
            if swapped.is_ok() {
                return;
            }
        }
    }
}

pub fn stack() {
    let stack = Arc::new(Stack {
        head: AtomicUsize::new(0),
        next: [1, 2, END].map(AtomicUsize::new),
    });
    let (one, other) = (Arc::clone(&stack), Arc::clone(&stack));
    let one = spawn("one".into(), move || {
        one.pop().into_iter().collect::<Vec<_>>()
    });
    let other = spawn("other".into(), move || {
        let mut owned: Vec<_> = other.pop().into_iter().chain(other.pop()).collect();
        if !owned.is_empty() {
            other.push(owned.remove(0));
        }
        owned.extend(other.pop());
        owned
    });
    let mut seen = [0; 3];
    let owned = join(vec![one, other]).concat();
    owned.iter().for_each(|&owned| seen[owned] += 1);
    let mut left = stack.head.load(SeqCst);
    // A broken stack may be a ring.
    for _ in 0..seen.len() {
        if left != END {
            seen[left] += 1;
            left = stack.next[left].load(SeqCst);
        }
    }
    assert_eq!(seen, [1; 3], "each node has one owner");
}
