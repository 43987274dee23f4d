//! Jobs on a fixed pool of threads.
//!
//! One queue under one lock, held only to put a job in or take one out, so the main thread waits for no job. The queue
//! is bounded; what comes when it is full waits in a backlog on the scheduler's side, in the same order, and moves up
//! as jobs end. So nothing is refused and nothing is lost, and most of what is cancelled is not yet shared with anybody.

use crate::time::Time;
use crate::{Job, JobId, Offload};
use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Runs jobs on a fixed number of threads, first come first served.
///
/// Dropping it (with its scheduler, or by [`set_offload`](crate::WorkScheduler::set_offload)) drops the jobs that have
/// not begun, waits for those that run, and ends its threads.
pub struct ThreadOffload {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// What did not fit into the queue.
    backlog: BTreeMap<JobId, Job>,
    bound: usize,
}

struct Shared {
    queue: Mutex<Queue>,
    news: Condvar,
}

/// By age: ids grow.
struct Queue {
    jobs: BTreeMap<JobId, Job>,
    closed: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What each thread does.
    fn serve(&self) {
        while let Some(job) = self.next() {
            job.run();
        }
    }

    /// The oldest job, as soon as there is one; `None` at the end.
    fn next(&self) -> Option<Job> {
        let mut queue = self.lock();
        loop {
            if queue.closed {
                return None;
            }
            if let Some((_, job)) = queue.jobs.pop_first() {
                return Some(job);
            }
            queue = self
                .news
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// So many jobs per thread wait in the queue, unless the program says otherwise: enough that no thread runs dry before
/// the scheduler has seen a job end and sent more.
const QUEUED_PER_THREAD: usize = 16;

impl ThreadOffload {
    /// That many threads (0 counts as 1), with a queue of 16 jobs for each.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn new(threads: usize) -> io::Result<Self> {
        ThreadOffload::with_queue(threads, threads.saturating_mul(QUEUED_PER_THREAD))
    }

    /// That many threads, and so many jobs (0 counts as 1) in the queue between them and the scheduler. What comes when
    /// it is full waits with the scheduler until a job has ended.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn with_queue(threads: usize, queue: usize) -> io::Result<Self> {
        let shared = Shared {
            queue: Mutex::new(Queue {
                jobs: BTreeMap::new(),
                closed: false,
            }),
            news: Condvar::new(),
        };
        let mut pool = ThreadOffload {
            shared: Arc::new(shared),
            threads: Vec::new(),
            backlog: BTreeMap::new(),
            bound: queue.max(1),
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
        self.backlog.insert(job.id(), job);
        self.job_ended();
    }

    fn cancel(&mut self, id: JobId) -> Option<Job> {
        let waiting = self.backlog.remove(&id);
        waiting.or_else(|| self.shared.lock().jobs.remove(&id))
    }

    /// Moves up what has room now.
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
}

impl Drop for ThreadOffload {
    fn drop(&mut self) {
        let left = {
            let mut queue = self.shared.lock();
            queue.closed = true;
            std::mem::take(&mut queue.jobs)
        };
        self.shared.news.notify_all();
        drop(left);
        self.backlog.clear();
        for thread in self.threads.drain(..) {
            // A job's panic is caught in the job.
            let _ = thread.join();
        }
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
