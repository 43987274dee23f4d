//! What the environment says of a search. It is stronger than the code, so that a failure can be repeated without an
//! edit.

use super::failure::TraceForm;
use super::faults::Faults;
use super::policy::Policy;
use super::search::Shard;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The values of the environment.
#[derive(Default)]
pub(super) struct Environment {
    pub seed: Option<u64>,
    pub runs: Option<u64>,
    pub policy: Option<Policy>,
    /// The text of a replay, or `@` and a file.
    pub replay: Option<String>,
    /// The budget of shrinking, in re-runs.
    pub shrink: Option<u32>,
    /// The faults that may happen.
    pub faults: Option<Faults>,
    /// How much of a trace a report has.
    pub trace: Option<TraceForm>,
    /// The folder of saved failures.
    pub corpus: Option<PathBuf>,
    /// The part of the runs that this process does.
    pub shard: Option<Shard>,
    /// How many threads do them.
    pub jobs: Option<u64>,
    /// When the search stops, whatever is left.
    pub stops_at: Option<StopsAt>,
    /// Whether the search goes on after a failure.
    pub keeps_going: bool,
    pub determinism: Option<Determinism>,
    /// What cannot be used, and why.
    pub warnings: Vec<String>,
}

/// Which runs are done twice, to see whether the program does the same with the same answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Determinism {
    Off,
    /// Some of them.
    Sample,
    All,
}

/// A moment of real time at which a search stops. What it has found by then does not depend on it.
#[derive(Clone, Copy)]
pub(super) struct StopsAt(Instant);

impl StopsAt {
    pub fn is_past(self) -> bool {
        Instant::now() >= self.0
    }
}

/// The most threads of one search.
pub(super) const THREADS: u64 = 256;

/// The variables that mean something.
const KNOWN: [&str; 13] = [
    "CRANK_SEED",
    "CRANK_RUNS",
    "CRANK_POLICY",
    "CRANK_REPLAY",
    "CRANK_FAULTS",
    "CRANK_SHRINK",
    "CRANK_TRACE",
    "CRANK_CORPUS",
    "CRANK_SHARD",
    "CRANK_JOBS",
    "CRANK_TIME",
    "CRANK_KEEP_GOING",
    "CRANK_DETERMINISM",
];

impl Environment {
    /// Reads the environment of the process.
    pub fn read() -> Environment {
        Environment::of(std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            name.starts_with("CRANK_")
                .then(|| (name, value.to_string_lossy().into_owned()))
        }))
    }

    /// Returns what variables say.
    fn of(variables: impl Iterator<Item = (String, String)>) -> Environment {
        let mut environment = Environment::default();
        for (name, value) in variables {
            let used = environment.take(&name, &value);
            if used.is_none() {
                let why = match KNOWN.contains(&name.as_str()) {
                    true => format!("{name}={value} cannot be read, and is ignored"),
                    false => format!("{name} means nothing; there are {}", KNOWN.join(", ")),
                };
                environment.warnings.push(why);
            }
        }
        environment
    }

    /// Takes one variable. Returns `None` if it is not known or cannot be read.
    fn take(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "CRANK_SEED" => seed(value).map(|seed| self.seed = Some(seed)),
            "CRANK_RUNS" => number(value).map(|runs| self.runs = Some(runs)),
            "CRANK_POLICY" => Policy::from_name(value).map(|policy| self.policy = Some(policy)),
            // Whatever it says is tried: a replay that is silently ignored looks like a bug that is gone.
            "CRANK_REPLAY" => {
                self.replay = Some(value.to_owned());
                Some(())
            }
            "CRANK_FAULTS" => Faults::from_text(value).map(|faults| self.faults = Some(faults)),
            "CRANK_SHRINK" => budget(value).map(|runs| self.shrink = Some(runs)),
            "CRANK_TRACE" => TraceForm::from_name(value).map(|form| self.trace = Some(form)),
            "CRANK_CORPUS" => {
                self.corpus = Some(value.to_owned().into());
                Some(())
            }
            "CRANK_SHARD" => Shard::parse(value).map(|shard| self.shard = Some(shard)),
            "CRANK_JOBS" => {
                let jobs = number(value).filter(|jobs| (1..=THREADS).contains(jobs))?;
                self.jobs = Some(jobs);
                Some(())
            }
            "CRANK_TIME" => {
                let time = Duration::from_secs(number(value)?);
                self.stops_at = Instant::now().checked_add(time).map(StopsAt);
                Some(())
            }
            "CRANK_KEEP_GOING" => is_yes(value).map(|yes| self.keeps_going = yes),
            "CRANK_DETERMINISM" => determinism(value).map(|it| self.determinism = Some(it)),
            _ => None,
        }
    }
}

/// Reads a number, also in hexadecimal with `0x` in front.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Reads a seed. `random` draws one, and prints it, since a search that cannot be repeated is worth little.
fn seed(text: &str) -> Option<u64> {
    if text != "random" {
        return number(text);
    }
    // The standard library seeds its hash maps from the system.
    let seed = RandomState::new().build_hasher().finish();
    eprintln!("CRANK_SEED={seed:#x}");
    Some(seed)
}

fn is_yes(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" | "" => Some(false),
        _ => None,
    }
}

fn determinism(text: &str) -> Option<Determinism> {
    match text {
        "off" => Some(Determinism::Off),
        "sample" => Some(Determinism::Sample),
        "all" => Some(Determinism::All),
        _ => None,
    }
}

/// Reads a budget of re-runs; `off` is none.
fn budget(text: &str) -> Option<u32> {
    match text {
        "off" => Some(0),
        _ => text.parse().ok(),
    }
}

/// Returns whether a report on the standard error may have colours: <https://no-color.org>.
pub(super) fn has_colours() -> bool {
    let is_off = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !is_off && std::io::stderr().is_terminal()
}

/// Returns the name of the present thread, which is that of the test in a test.
pub(super) fn test_name() -> String {
    let name = std::thread::current().name().map(str::to_owned);
    name.filter(|name| name != "main")
        .unwrap_or_else(|| String::from("exploration"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Environment {
        let owned = variables
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Environment::of(owned)
    }

    #[test]
    fn what_can_be_read_is_used_and_the_rest_is_named() {
        let environment = of(&[
            ("CRANK_SEED", "0x1f"),
            ("CRANK_RUNS", "7"),
            ("CRANK_POLICY", "pct(2)"),
        ]);
        assert_eq!((environment.seed, environment.runs), (Some(31), Some(7)));
        assert!(matches!(environment.policy, Some(Policy::Pct(2))));
        assert!(environment.warnings.is_empty());
        let environment = of(&[("CRANK_RUNS", "many"), ("CRANK_RANS", "7")]);
        assert_eq!(environment.warnings.len(), 2, "{:?}", environment.warnings);
    }
}
