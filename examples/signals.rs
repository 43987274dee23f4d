//! How does my program exit in time when it is told to, although works are under way and threads are busy?
//!
//! ```text
//! cargo run --example signals              # sends itself a SIGTERM after a moment; exit code 0
//! cargo run --example signals -- --hang    # one job heeds nothing; exit code 1, as soon as the grace is over
//! cargo run --example signals -- --wait    # waits for your Ctrl-C or SIGTERM
//! ```
//!
//! The signal becomes an event of the host's loop. The host calls `shutdown`, cranks on until all works have ended,
//! gives the threads the rest of the time, and returns. It does not wait for a job that hangs.

use crankwork::{
    Budget, CancelToken, Failure, MonotonicClock, Next, Retry, Spec, ThreadOffload, Ticket, Time,
    Work, WorkContext, WorkScheduler, WorkSchedulerConfig,
};
use std::error::Error;
use std::process::{Command, ExitCode};
use std::sync::mpsc::{self, Receiver};
use std::task::Poll;
use std::thread;
use std::time::Duration;

/// How long the program may take to exit: well below the time after which a service manager kills it.
const GRACE: Duration = Duration::from_secs(1);

/// The events of the host's own channel.
enum Event {
    Crank,
    Exit,
}

/// Packs files on a thread, one after another, until its attempt is aborted.
struct Pack {
    job: fn(&CancelToken) -> u64,
    ticket: Option<Ticket<u64>>,
}

impl Work<()> for Pack {
    fn poll(&mut self, cx: &mut WorkContext<'_, ()>) -> Poll<Result<(), Failure>> {
        let job = self.job;
        let ticket = self.ticket.get_or_insert_with(|| cx.offload_with(job));
        ticket.poll(cx).map_ok(|_| ())
    }

    fn on_reset(&mut self, _: &mut WorkContext<'_, ()>) {
        self.ticket = None;
    }
}

/// A job that looks at its token between two files.
fn pack(cancel: &CancelToken) -> u64 {
    let mut files = 0;
    while !cancel.is_cancelled() {
        thread::sleep(Duration::from_millis(10));
        files += 1;
    }
    println!("the packer stops after {files} files");
    files
}

/// A job that waits for a disk which does not answer.
fn hang(_: &CancelToken) -> u64 {
    thread::sleep(Duration::from_secs(3600));
    0
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let asked = |option: &str| arguments.iter().any(|argument| argument == option);
    let (sender, events) = mpsc::channel();

    let signals = sender.clone();
    ctrlc::set_handler(move || drop(signals.send(Event::Exit)))?;
    let config = WorkSchedulerConfig::default().abort_grace(GRACE);
    let mut work = WorkScheduler::<()>::new(config);
    work.set_notifier(move || drop(sender.send(Event::Crank)));
    work.set_offload(ThreadOffload::new(2)?);
    let pack = |job| Pack { job, ticket: None };
    work.add(Spec::new("pack", pack(self::pack)).retry(Retry::A_FEW))?;
    if asked("--hang") {
        work.add(Spec::new("hang", pack(hang)).retry(Retry::A_FEW))?;
    }
    if !asked("--wait") {
        thread::spawn(terminate_soon);
    }
    run(&mut work, &events)
}

/// The host's loop, and the way to exit from it.
fn run(work: &mut WorkScheduler<()>, events: &Receiver<Event>) -> Result<ExitCode, Box<dyn Error>> {
    let clock = MonotonicClock::new();
    let mut end: Option<Time> = None;
    loop {
        let crank = work.crank_work(clock.now(), &mut (), Budget::turns(100));
        let event = match crank.next {
            Next::Idle => break,
            Next::Stalled => return Err(work.stall_report().to_string().into()),
            next => match next.timeout(clock.now()) {
                Some(wait) => events.recv_timeout(wait).ok(),
                None => events.recv().ok(),
            },
        };
        if let Some(Event::Exit) = event
            && end.is_none()
        {
            println!("told to exit:\n{}", work.status());
            // Time stands still between cranks, so the grace would begin before the wait for this signal.
            let _ = work.crank_work(clock.now(), &mut (), Budget::turns(1));
            work.shutdown();
            end = Some(clock.now() + GRACE);
        }
    }
    // All works have ended. The threads have the rest of the time, if there is any.
    let left = end.map_or(GRACE, |end| end.saturating_since(clock.now()));
    let leftover = work.shutdown_offload(left);
    let metrics = work.metrics();
    println!(
        "{} works forced, {} jobs abandoned, {} jobs still run",
        metrics.forced_aborts, metrics.abandoned_jobs, leftover.running
    );
    let in_order = leftover.is_empty() && metrics.forced_aborts + metrics.abandoned_jobs == 0;
    Ok(if in_order {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Sends this process SIGTERM, as a service manager would.
fn terminate_soon() {
    thread::sleep(Duration::from_millis(100));
    let kill = format!("kill -TERM {}", std::process::id());
    if let Err(error) = Command::new("sh").args(["-c", &kill]).status() {
        eprintln!("no shell to send a signal with ({error}): press Ctrl-C");
    }
}
