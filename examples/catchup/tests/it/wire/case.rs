//! A case and its bounds, and a table of them in a process of its own.

use super::server::{Act, Asked, Script, Server, Wire};
use crate::common::{EIGHT, nth};
use catchup::archive::File;
use catchup::catchup::{App, CatchUp, Settings};
use catchup::maker::Files;
use catchup::run::{Ended, GRACE, crank_to_end};
use catchup::store::Memory;
use crankwork::{InlineOffload, VirtualDriver, WorkScheduler, WorkSchedulerConfig};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// The file that most cases are about: it has a hash, but no length of its own, and nothing follows from it alone.
pub const TARGET: fn() -> File = || File::Ledger(nth(2));

/// An attack, and what must come of it.
pub struct Case {
    /// The attack, in words.
    pub name: String,
    /// The archive.
    pub files: Arc<Files>,
    /// The acts of the server.
    pub script: Script,
    /// The end that the run must have.
    pub expect: Expect,
    /// The number of attempts that may fail.
    pub retries: u64,
    /// The least and the most virtual time that it may take.
    pub time: (Duration, Duration),
    /// The most memory that it may take, in MiB.
    pub memory: usize,
    /// Must hold of the requests that the server saw.
    pub requests: fn(&[Asked]) -> bool,
}

/// The end that a run must have.
#[derive(Clone)]
pub enum Expect {
    /// With the right hash and exit code 0.
    Good,
    /// With exit code 1, and all of this in the message.
    Refused(Vec<String>),
}

/// Without faults eight checkpoints take much less than this.
const SOON: Duration = Duration::from_secs(2);

impl Case {
    /// The server answers requests for the target with these acts. The run must still succeed, without a retry.
    pub fn good(name: impl Into<String>, acts: impl Fn(&[u8]) -> Vec<Act> + 'static) -> Case {
        Case::script(name, move |asked, body| {
            (asked.file == TARGET()).then(|| acts(body))
        })
    }

    /// The server answers the first request for the target with these acts; the run must succeed after one retry.
    pub fn once(name: impl Into<String>, acts: impl Fn(&[u8]) -> Vec<Act> + 'static) -> Case {
        let case = Case::script(name, move |asked, body| {
            (asked.file == TARGET() && asked.visit == 1).then(|| acts(body))
        });
        case.retries(1)
    }

    /// The server answers requests for the target with these acts, always: the run must end with a message that names
    /// the file and says this, after ten retries.
    pub fn bad(
        name: impl Into<String>,
        says: &str,
        acts: impl Fn(&[u8]) -> Vec<Act> + 'static,
    ) -> Case {
        let case = Case::good(name, acts).refused(&[&TARGET().path(), says]);
        case.retries(10).within(Duration::from_secs(8))
    }

    /// As [`Case::bad`], but no other attempt can help.
    pub fn fatal(
        name: impl Into<String>,
        says: &str,
        acts: impl Fn(&[u8]) -> Vec<Act> + 'static,
    ) -> Case {
        Case::bad(name, says, acts).retries(0).within(SOON)
    }

    /// The server does as the script says; the run must succeed without a retry.
    pub fn script(
        name: impl Into<String>,
        script: impl Fn(&Asked, &[u8]) -> Option<Vec<Act>> + 'static,
    ) -> Case {
        Case {
            name: name.into(),
            files: Arc::new(EIGHT.files.clone()),
            script: Rc::new(script),
            expect: Expect::Good,
            retries: 0,
            time: (Duration::ZERO, SOON),
            memory: 24,
            requests: |_| true,
        }
    }

    /// The run must end with a message that says all of this.
    pub fn refused(mut self, says: &[&str]) -> Case {
        self.expect = Expect::Refused(says.iter().map(|&part| part.to_owned()).collect());
        self
    }

    /// Exactly this many attempts must fail and be tried again.
    pub fn retries(mut self, retries: u64) -> Case {
        self.retries = retries;
        self
    }

    /// It must end within this virtual time.
    pub fn within(mut self, most: Duration) -> Case {
        self.time.1 = most;
        self
    }

    /// It must not end before this virtual time.
    pub fn after(mut self, least: Duration) -> Case {
        self.time.0 = least;
        self
    }

    /// The run may take this many MiB.
    pub fn memory(mut self, mib: usize) -> Case {
        self.memory = mib;
        self
    }

    /// This must hold of the requests that the server saw.
    pub fn requests(mut self, hold: fn(&[Asked]) -> bool) -> Case {
        self.requests = hold;
        self
    }

    /// Runs the catch-up. The result is what is wrong with how it ended, if anything is.
    fn run(&self) -> (Ended, Vec<Asked>) {
        let settings = Settings::local(4);
        let config = WorkSchedulerConfig::default()
            .max_concurrency(settings.slots)
            .abort_grace(GRACE);
        let mut scheduler = WorkScheduler::new(config);
        scheduler.add(CatchUp::spec()).unwrap();
        scheduler.set_offload(InlineOffload::new());
        let server = Server::new(self.files.clone(), self.script.clone());
        let network = Box::new(Wire::new(server.clone()));
        let mut app = App::new(settings, network, Arc::new(Memory::new()), None);
        let mut driver = VirtualDriver::new();
        let ended = crank_to_end(&mut scheduler, &mut app, &mut driver, &mut ());
        (ended, server.log())
    }

    /// Returns the faults of the run's end.
    fn faults(&self, ended: &Ended, log: &[Asked], peak: usize) -> Vec<String> {
        let mut faults = Vec::new();
        let mut must = |holds: bool, what: String| {
            if !holds {
                faults.push(what);
            }
        };
        let failure = ended.failure.as_deref().unwrap_or_default();
        match &self.expect {
            Expect::Good => {
                must(failure.is_empty(), format!("failed: {failure}"));
                must(ended.hash == EIGHT.last_hash, String::from("another hash"));
            }
            Expect::Refused(says) => {
                let parts = says.iter().filter(|part| !failure.contains(*part));
                let missing: Vec<_> = parts.collect();
                must(
                    missing.is_empty(),
                    format!("{missing:?} is not in {failure:?}"),
                );
                must(
                    failure.len() < 500,
                    format!("{} bytes of message", failure.len()),
                );
                must(
                    ended.hash != EIGHT.last_hash,
                    String::from("the right hash"),
                );
            }
        }
        let retries = ended.tally.retries;
        must(
            retries == self.retries,
            format!("{retries} retries instead of {}", self.retries),
        );
        let (least, most) = self.time;
        let elapsed = ended.elapsed;
        must(elapsed >= least, format!("{elapsed:?}, too soon"));
        must(elapsed <= most, format!("{elapsed:?} instead of {most:?}"));
        must(peak <= self.memory << 20, format!("{peak} bytes of memory"));
        must((self.requests)(log), format!("these requests: {log:?}"));
        faults
    }
}

/// Runs the cases of a class in a process of its own, so that each one's memory can be measured, and prints the worst
/// of them. `test` is the path of the test that calls this.
///
/// # Panics
/// If a case does not end as it must.
pub fn check(test: &str, cases: impl FnOnce() -> Vec<Case>) {
    crate::alone::alone(test, || {
        let cases = cases();
        let _ = &*EIGHT;
        let (mut failed, mut worst_peak, mut worst_time) = (0, (0, ""), (Duration::ZERO, ""));
        for case in &cases {
            let peak = crate::alone::Peak::begin();
            let (ended, log) = case.run();
            let peak = peak.bytes();
            let faults = case.faults(&ended, &log, peak);
            failed += usize::from(!faults.is_empty());
            for fault in &faults {
                println!("FAILED {}: {fault}", case.name);
            }
            worst_peak = worst_peak.max((peak, &case.name));
            worst_time = worst_time.max((ended.elapsed, &case.name));
        }
        println!(
            "{test}: {} cases, {failed} failed; the most memory {} KiB ({}), the most virtual time {:?} ({})",
            cases.len(),
            worst_peak.0 >> 10,
            worst_peak.1,
            worst_time.0,
            worst_time.1,
        );
        assert_eq!(failed, 0, "cases failed");
    });
}

/// Tables of cases, one after the other.
pub trait ConcatCases {
    fn concat_cases(self) -> Vec<Case>;
}

impl<const N: usize> ConcatCases for [Vec<Case>; N] {
    fn concat_cases(self) -> Vec<Case> {
        self.into_iter().flatten().collect()
    }
}

pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
