//! Jobs on a fixed pool of threads.
//!
//! All threads share one queue under one lock. A thread holds the lock only to put a job in or take one out, so the
//! main thread waits for no job. The queue is bounded. Further jobs wait in a backlog on the scheduler's side, in the
//! order of arrival, and move up as jobs end. So no job is refused or lost, and most jobs that are cancelled have not
//! reached the threads yet.
//!
//! A thread cannot be stopped, so this file joins no thread that may be in a job. That thread ends when its job or
//! the process does.

use crate::time::Time;
use crate::{Job, JobId, Leftover, Offload};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Runs jobs on a fixed number of threads, first come first served.
///
/// Its drop, with the scheduler or by [`set_offload`](crate::WorkScheduler::set_offload), drops the jobs that have not
/// begun and waits for none. A thread whose job runs ends after that job; the others end at once.
///
/// To wait for jobs that run, call [`shutdown_offload`](crate::WorkScheduler::shutdown_offload) first. A job that never
/// ends keeps its thread from all other jobs.
pub struct ThreadOffload {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// The jobs that did not fit into the queue.
    backlog: BTreeMap<JobId, Job>,
    bound: usize,
    /// Whether it takes no more jobs.
    closed: bool,
}

struct Shared {
    queue: Mutex<Queue>,
    /// Tells the threads of a job, or of the end.
    news: Condvar,
    /// Tells a shutdown that no job runs.
    idle: Condvar,
}

#[derive(Default)]
struct Queue {
    /// The jobs by age, since ids grow.
    jobs: BTreeMap<JobId, Job>,
    running: usize,
    closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the oldest job, as soon as there is one, until the pool is closed. Each thread runs this function.
    fn serve(&self) {
        let mut queue = self.lock();
        while !queue.closed {
            if let Some((_, job)) = queue.jobs.pop_first() {
                queue.running += 1;
                drop(queue);
                job.run();
                queue = self.lock();
                queue.running -= 1;
            } else {
                queue = self
                    .news
                    .wait(queue)
                    .unwrap_or_else(PoisonError::into_inner);
            }
        }
        if queue.running == 0 {
            self.idle.notify_all();
        }
    }

    /// Waits until no job runs, at most `within`. Returns how many run then.
    fn wait_until_idle(&self, within: Duration) -> usize {
        let queue = self.lock();
        let waited = self
            .idle
            .wait_timeout_while(queue, within, |queue| queue.running > 0);
        waited.unwrap_or_else(PoisonError::into_inner).0.running
    }
}

/// The default number of queued jobs per thread, which keeps each thread busy until the scheduler has seen a job end
/// and sent more.
const QUEUED_PER_THREAD: usize = 16;

impl ThreadOffload {
    /// Makes a pool of `threads` threads (0 counts as 1), with a queue of 16 jobs for each.
    ///
    /// # Errors
    /// The system's error if it has no thread to give.
    pub fn new(threads: usize) -> io::Result<Self> {
        ThreadOffload::with_queue(threads, threads.saturating_mul(QUEUED_PER_THREAD))
    }

    /// Makes a pool of `threads` threads, with a queue of `queue` jobs (0 counts as 1) between them and the scheduler.
    /// Jobs that come when the queue is full wait with the scheduler until a job has ended.
    ///
    /// # Errors
    /// The system's error if it has no thread to give.
    pub fn with_queue(threads: usize, queue: usize) -> io::Result<Self> {
        let shared = Shared {
            queue: Mutex::default(),
            news: Condvar::new(),
            idle: Condvar::new(),
        };
        let mut pool = ThreadOffload {
            shared: Arc::new(shared),
            threads: Vec::new(),
            backlog: BTreeMap::new(),
            bound: queue.max(1),
            closed: false,
        };
        for index in 0..threads.max(1) {
            let shared = pool.shared.clone();
            let thread = thread::Builder::new().name(format!("crankwork-offload-{index}"));
            pool.threads.push(thread.spawn(move || shared.serve())?);
        }
        Ok(pool)
    }
}

impl Offload for ThreadOffload {
    fn submit(&mut self, job: Job, _: Time) {
        if self.closed {
            return drop(job);
        }
        self.backlog.insert(job.id(), job);
        self.job_ended();
    }

    fn cancel(&mut self, id: JobId) -> Option<Job> {
        let waiting = self.backlog.remove(&id);
        waiting.or_else(|| self.shared.lock().jobs.remove(&id))
    }

    /// Moves jobs from the backlog into the queue as far as there is room.
    fn job_ended(&mut self) {
        if self.backlog.is_empty() {
            return;
        }
        let mut queue = self.shared.lock();
        while queue.jobs.len() < self.bound
            && let Some((id, job)) = self.backlog.pop_first()
        {
            queue.jobs.insert(id, job);
            self.shared.news.notify_one();
        }
    }

    fn shutdown(&mut self, within: Duration) -> Leftover {
        self.closed = true;
        let queued = {
            let mut queue = self.shared.lock();
            queue.closed = true;
            std::mem::take(&mut queue.jobs)
        };
        self.shared.news.notify_all();
        let backlog = std::mem::take(&mut self.backlog);
        let dropped = queued.len() + backlog.len();
        // The drop of a closure may do anything, so it does not run under the lock.
        drop((queued, backlog));
        let running = self.shared.wait_until_idle(within);
        if running == 0 {
            for thread in self.threads.drain(..) {
                // A panic of a job is caught in the job.
                let _ = thread.join();
            }
        }
        Leftover::new(dropped as u64, running as u64)
    }
}

impl Drop for ThreadOffload {
    fn drop(&mut self) {
        self.shutdown(Duration::ZERO);
    }
}

impl fmt::Debug for ThreadOffload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadOffload")
            .field("threads", &self.threads.len())
            .field("queued", &self.shared.lock().jobs.len())
            .field("backlog", &self.backlog.len())
            .finish()
    }
}
