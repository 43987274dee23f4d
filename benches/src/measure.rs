//! How things are timed: contenders take turns in rounds, on process CPU time, and each round gives one ratio each.
//!
//! Absolute times drift with the machine's clock and its neighbours; within a round they drift together. So the figure
//! of a contender is the median of its ratios to the baseline of the same round, with the smallest and the largest.

use cpu_time::ProcessTime;
use std::time::Duration;

/// What one round of one contender took.
#[derive(Clone, Copy)]
pub struct Sample {
    pub nanos: f64,
    pub ops: u64,
}

/// Times `ops` operations. Whatever is not to be timed is done before or after.
pub fn timed<R>(ops: u64, work: impl FnOnce() -> R) -> (Sample, R) {
    let start = ProcessTime::now();
    let result = work();
    let nanos = start.elapsed().as_nanos() as f64;
    (Sample { nanos, ops }, result)
}

/// Starts the program anew with an allocator that keeps what is freed, as in a process that has run for a while.
///
/// By default glibc maps large blocks anew each time, and gives large free memory back to the system; from what size
/// on, it learns from what has been freed before. So whose blocks are larger pays for the same pages in each round,
/// and whose blocks fit in what somebody else has left behind does not. Only glibc reads these variables, when a
/// process starts.
pub fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use std::os::unix::process::CommandExt;
        const KEEP: [(&str, &str); 2] = [
            ("MALLOC_MMAP_MAX_", "0"),
            ("MALLOC_TRIM_THRESHOLD_", "1000000000000"),
        ];
        if std::env::var_os(KEEP[0].0).is_some() {
            return;
        }
        let Ok(program) = std::env::current_exe() else {
            return;
        };
        let mut anew = std::process::Command::new(program);
        let error = anew.args(std::env::args_os().skip(1)).envs(KEEP).exec();
        eprintln!("memory is given back to the system between rounds: {error}");
    }
}

/// One of those who do the same work: a name, and a round of it.
pub struct Contender {
    pub name: &'static str,
    pub round: Box<dyn FnMut() -> Sample>,
}

impl Contender {
    pub fn new(name: &'static str, round: impl FnMut() -> Sample + 'static) -> Self {
        Contender {
            name,
            round: Box::new(round),
        }
    }
}

/// How long to go on.
#[derive(Clone, Copy)]
pub struct Effort {
    /// Rounds at least, the one that warms up not counted.
    pub rounds: usize,
    /// More rounds until a case has taken so long.
    pub time: Duration,
}

impl Effort {
    pub const QUICK: Effort = Effort {
        rounds: 3,
        time: Duration::from_millis(150),
    };
    pub const FULL: Effort = Effort {
        rounds: 7,
        time: Duration::from_secs(2),
    };
    /// A point of a curve: the line says more than a single point.
    pub const CURVE: Effort = Effort {
        rounds: 3,
        time: Duration::from_millis(100),
    };
    const MOST_ROUNDS: usize = 31;
}

/// Median, smallest and largest of at least one value.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
}

impl Spread {
    pub fn of(mut values: Vec<f64>) -> Spread {
        values.sort_by(f64::total_cmp);
        Spread {
            median: values[values.len() / 2],
            min: values[0],
            max: values[values.len() - 1],
        }
    }
}

/// One contender's figures.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Figures {
    pub name: &'static str,
    /// To the first contender, the baseline.
    pub ratio: Spread,
    /// Nanoseconds of CPU time per operation.
    pub nanos: Spread,
    /// Nanoseconds per operation in each round.
    pub rounds: Vec<f64>,
}

impl Figures {
    /// Of what each round took, and what it took the baseline.
    pub fn of(name: &'static str, rounds: Vec<f64>, baseline: &[f64]) -> Figures {
        Figures {
            name,
            ratio: ratios(&rounds, baseline),
            nanos: Spread::of(rounds.clone()),
            rounds,
        }
    }

    /// The ratios of the rounds of one to those of another.
    pub fn to(&self, other: &Figures) -> Spread {
        ratios(&self.rounds, &other.rounds)
    }
}

fn ratios(own: &[f64], other: &[f64]) -> Spread {
    let pairs = own.iter().zip(other);
    Spread::of(pairs.map(|(own, other)| own / other).collect())
}

/// Runs all contenders in turn, round after round, and says which round has begun. The first is the baseline.
pub fn compare(
    contenders: &mut [Contender],
    effort: Effort,
    on_round: &dyn Fn(usize),
) -> Vec<Figures> {
    on_round(0);
    for contender in contenders.iter_mut() {
        (contender.round)();
    }
    if contenders.is_empty() {
        return Vec::new();
    }
    let mut nanos: Vec<Vec<f64>> = vec![Vec::new(); contenders.len()];
    let start = ProcessTime::now();
    while nanos[0].len() < effort.rounds
        || start.elapsed() < effort.time && nanos[0].len() < Effort::MOST_ROUNDS
    {
        on_round(nanos[0].len() + 1);
        for (contender, nanos) in contenders.iter_mut().zip(&mut nanos) {
            let sample = (contender.round)();
            nanos.push(sample.nanos / sample.ops as f64);
        }
    }
    let baseline = nanos[0].clone();
    let rows = contenders.iter().zip(nanos);
    rows.map(|(contender, own)| Figures::of(contender.name, own, &baseline))
        .collect()
}
