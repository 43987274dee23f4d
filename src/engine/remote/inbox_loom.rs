//! Models of the inbox itself, not of a copy. loom runs them under every interleaving and memory order (threads
//! bounded to two or three, preemptions to three).
//!
//! ```text
//! RUSTFLAGS="--cfg loom" cargo test --lib --target-dir target/loom loom
//! ```
//!
//! The host of these models parks as a real host does: only after it has seen an empty inbox. Only a call of the
//! notifier ends the wait. So a lost wake is a deadlock, which loom reports.
//!
//! Limit: jobs and tickets are not modelled. Their cell is a lock, and their message goes through the inbox that is
//! checked here.

use crate::engine::id::AttemptId;
use crate::engine::panics::Contained;
use crate::engine::remote::inbox::{Inbox, Message, Notifier};
use crate::engine::remote::pin::TimePin;
use crate::engine::remote::senders::{CancelToken, RemoteWaker, WakerCell};
use crate::engine::remote::sync::Mutex;
use crate::scheduler::posts::{PostError, Posts, Remote};
use loom::sync::Condvar;
use loom::sync::atomic::AtomicUsize;
use loom::thread as threads_of_loom;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

type App = u32;

/// The only attempt of these models.
const ATTEMPT: AttemptId = AttemptId {
    slot: 0,
    serial: 0,
    attempt: 1,
};

/// A parked thread, and how often it was told to go on.
#[derive(Default)]
struct Parking {
    /// Whether the notifier has been called since the thread last parked.
    told: Mutex<bool>,
    /// Wakes the parked thread.
    news: Condvar,
    /// Calls of the notifier so far.
    calls: AtomicUsize,
}

impl Parking {
    /// Tells the thread to go on: the notifier of the models.
    fn tell(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        *self.told.lock().unwrap() = true;
        self.news.notify_one();
    }

    /// Waits until it is told to go on.
    fn park(&self) {
        let mut told = self.told.lock().unwrap();
        while !*told {
            told = self.news.wait(told).unwrap();
        }
        *told = false;
    }
}

/// A scheduler's use of its inbox, without the scheduler.
struct Host {
    inbox: Inbox,
    /// Closures that wait for their messages.
    closures: Posts<App>,
    /// The host's thread.
    parking: Arc<Parking>,
    /// The waker's cell, held weakly as the scheduler holds it.
    cell: Weak<WakerCell>,
    /// Messages of wakes that it has taken.
    wakes: usize,
    /// Messages of dropped wakers that it has taken.
    drops: usize,
    /// Closures that it has taken.
    posts: usize,
    /// Cancels of all works that it has taken.
    cancels: usize,
    /// Pins that live, as far as it knows.
    pins: usize,
}

impl Host {
    /// Returns a host that takes up to `limit` posted closures.
    fn new(limit: usize) -> Host {
        let mut inbox = Inbox::new();
        let parking: Arc<Parking> = Arc::default();
        let told = parking.clone();
        let notifier: Notifier = Arc::new(move || told.tell());
        inbox.set_notifier(Some(Contained::new(notifier)));
        Host {
            inbox,
            closures: Posts::new(limit),
            parking,
            cell: Weak::new(),
            wakes: 0,
            drops: 0,
            posts: 0,
            cancels: 0,
            pins: 0,
        }
    }

    /// Returns a waker, and keeps its cell.
    fn waker(&mut self) -> RemoteWaker {
        let waker = RemoteWaker::new(&self.inbox, ATTEMPT);
        self.cell = Arc::downgrade(&waker.cell);
        waker
    }

    /// Takes the messages of one round, and counts them.
    fn turn(&mut self) {
        let mut messages = VecDeque::new();
        self.inbox.take(&mut messages);
        for message in messages {
            match message {
                Message::Wake(attempt_id) => {
                    assert_eq!(attempt_id, ATTEMPT);
                    if let Some(cell) = self.cell.upgrade() {
                        cell.arrived();
                    }
                    self.wakes += 1;
                }
                Message::WakerDropped(_) => self.drops += 1,
                Message::Unpinned => self.pins -= 1,
                Message::Post(key, _) => {
                    // A closure is there as soon as its message is.
                    assert!(self.closures.take(key).is_some());
                    self.posts += 1;
                }
                Message::CancelAll(..) => self.cancels += 1,
                _ => {}
            }
        }
    }

    /// Parks if there is nothing to do.
    fn park(&mut self) {
        if !self.inbox.has_messages() {
            self.parking.park();
        }
    }

    /// Returns how often the notifier was called: once per change from empty to not empty, so at most once between
    /// two rounds.
    fn calls(&self) -> usize {
        self.parking.calls.load(Ordering::Relaxed)
    }
}

/// Runs `check` under all interleavings with up to three preemptions.
fn model(check: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(3);
    builder.check(check);
}

/// One wake from another thread, and then the end of the waker.
#[test]
fn loom_a_wake_is_never_lost() {
    model(|| {
        let mut host = Host::new(10);
        let waker = host.waker();
        let thread = threads_of_loom::spawn(move || waker.wake());
        let mut rounds = 0;
        // The wake, then the drop of the waker, which the message of the wake may outlive.
        while host.wakes == 0 || host.drops == 0 {
            host.park();
            host.turn();
            rounds += 1;
            assert!(host.calls() <= rounds + 1);
        }
        thread.join().unwrap();
        assert_eq!((host.wakes, host.drops), (1, 1));
    });
}

/// A thread writes without order and wakes. The wake alone must make what it wrote visible.
#[test]
fn loom_a_wake_after_the_flag_was_set_is_seen_by_the_turn_it_causes() {
    model(|| {
        let mut host = Host::new(10);
        let waker = host.waker();
        let flag = Arc::new(AtomicUsize::new(0));
        let sets = flag.clone();
        let thread = threads_of_loom::spawn(move || {
            for step in 1..=2 {
                sets.store(step, Ordering::Relaxed);
                waker.wake();
            }
        });
        // A work looks at the flag in each of its turns, and sleeps otherwise.
        while flag.load(Ordering::Relaxed) < 2 {
            host.park();
            host.turn();
        }
        thread.join().unwrap();
        assert!(host.wakes <= 2);
    });
}

/// A virtual driver parks as long as there is a pin, and then moves the time. It must not miss a closure posted
/// before.
#[test]
fn loom_the_end_of_a_pin_wakes_a_parked_host_and_comes_after_what_was_posted_under_it() {
    model(|| {
        let mut host = Host::new(10);
        host.pins = 1;
        let (pin, remote) = (
            TimePin::new(host.inbox.sender.clone()),
            Remote::new(host.inbox.sender.clone(), &host.closures),
        );
        let thread = threads_of_loom::spawn(move || {
            let posted = remote.post(|app: &mut App, _: &mut _| *app += 1);
            assert!(posted.is_ok());
            drop(pin);
        });
        while host.pins > 0 {
            host.park();
            host.turn();
        }
        assert_eq!(host.posts, 1);
        thread.join().unwrap();
    });
}

/// Wakes of two threads merge, or follow each other; the drop of the waker is told once.
#[test]
fn loom_two_threads_and_one_waker() {
    model(|| {
        let mut host = Host::new(10);
        let waker = host.waker();
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let waker = waker.clone();
                threads_of_loom::spawn(move || waker.wake())
            })
            .collect();
        drop(waker);
        while host.wakes == 0 || host.drops == 0 {
            host.park();
            host.turn();
        }
        for thread in threads {
            thread.join().unwrap();
        }
        assert!(
            (1..=2).contains(&host.wakes),
            "merged, or one after the other"
        );
        assert_eq!(host.drops, 1);
    });
}

/// Two threads post to an inbox with room for one closure.
#[test]
fn loom_posted_closures_arrive_and_a_full_inbox_gives_them_back() {
    model(|| {
        let mut host = Host::new(1);
        let remote = Remote::new(host.inbox.sender.clone(), &host.closures);
        let other = remote.clone();
        let post = |remote: Remote<App>| match remote.post(|app: &mut App, _: &mut _| *app += 1) {
            Ok(()) => 1,
            Err(PostError::Full(_)) => 0,
            Err(PostError::Closed(_)) => panic!("the inbox is there"),
        };
        let thread = threads_of_loom::spawn(move || post(other));
        let mut accepted = post(remote);
        host.turn();
        accepted += thread.join().unwrap();
        host.turn();
        assert_eq!(host.posts, accepted, "each once");
        assert!(accepted >= 1);
        assert!(!host.inbox.has_messages());
    });
}

/// The notifier cancels the token in turn, so no caller may hold the token's lock while it tells.
#[test]
fn loom_a_token_that_is_cancelled_while_somebody_begins_to_listen_tells_once() {
    model(|| {
        let token = CancelToken::new();
        let mut host = Host::new(10);
        let (again, told) = (token.clone(), host.parking.clone());
        let notifier: Notifier = Arc::new(move || {
            again.cancel();
            told.tell();
        });
        host.inbox.set_notifier(Some(Contained::new(notifier)));
        let other = token.clone();
        let thread = threads_of_loom::spawn(move || other.cancel());
        token.listen(&host.inbox, None);
        // Whichever was first: the cancel comes.
        host.park();
        host.turn();
        thread.join().unwrap();
        host.turn();
        assert_eq!((host.cancels, host.calls()), (1, 1));
    });
}
