//! How do I show a progress bar for each work?
//!
//! ```text
//! cargo run --example bars
//! ```
//!
//! A catch-up fetches eight files and then verifies them. On a terminal each work with a progress has a bar, which is
//! drawn between cranks. Elsewhere the program prints the root's status line when it changes.

use crankwork::compose::BatchWork;
use crankwork::{
    Budget, Driver, Failure, Next, ParkDriver, Spec, StatusContext, Work, WorkContext, WorkId,
    WorkScheduler,
};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::io::{IsTerminal, stdout};
use std::task::Poll;
use std::time::Duration;

/// A bar for each work that has a progress: its name, how far it is, and what it says of itself.
struct WorkBars {
    all: MultiProgress,
    bars: BTreeMap<WorkId, ProgressBar>,
}

impl WorkBars {
    fn new() -> WorkBars {
        WorkBars {
            // This target draws nothing if stdout is no terminal.
            all: MultiProgress::with_draw_target(ProgressDrawTarget::stdout()),
            bars: BTreeMap::new(),
        }
    }

    /// Draws the works as they are now. A program with very many works asks `progress_of` of a few instead.
    fn show<C: ?Sized>(&mut self, works: &WorkScheduler<C>) -> Result<(), Box<dyn Error>> {
        let works = works.snapshot();
        self.bars.retain(|&id, bar| {
            let is_there = works.iter().any(|work| work.id == id);
            if !is_there {
                bar.finish_and_clear();
            }
            is_there
        });
        for work in works {
            let Some(progress) = work.progress else {
                continue;
            };
            if !self.bars.contains_key(&work.id) {
                let template = "{prefix:>10} [{bar:24}] {pos}/{len} {msg}";
                let style = ProgressStyle::with_template(template)?.progress_chars("=> ");
                let bar = ProgressBar::new(0).with_style(style);
                let bar = self.all.add(bar.with_prefix(work.name.to_string()));
                self.bars.insert(work.id, bar);
            }
            let bar = &self.bars[&work.id];
            bar.set_length(progress.total);
            bar.set_position(progress.done);
            bar.set_message(work.status);
            if work.state.is_settled() {
                bar.abandon();
            }
        }
        Ok(())
    }
}

struct CatchUp {
    ledger: u32,
}

/// Eight files, three at a time.
fn files(millis: u64) -> impl Work<()> {
    BatchWork::each(3, move || {
        (1..=8u64).map(move |file| {
            Spec::<(), _>::from_fn(format!("file {file}"), move |cx| {
                cx.sleep(Duration::from_millis(millis * file)).map(Ok)
            })
        })
    })
}

impl Work<()> for CatchUp {
    fn poll(&mut self, cx: &mut WorkContext<'_, ()>) -> Poll<Result<(), Failure>> {
        let fetching = cx.spawn(Spec::new("fetching", files(40)))?;
        cx.spawn(Spec::new("verifying", files(20)).after(fetching))?;
        Poll::Ready(Ok(()))
    }

    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Catching up to ledger {}: {}",
            self.ledger,
            cx.under_way()
        )
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut work = WorkScheduler::<()>::new(Default::default());
    let root = work.add(Spec::new("catch-up", CatchUp { ledger: 23 }))?;
    let mut driver = ParkDriver::new();
    let (mut bars, mut last) = (WorkBars::new(), None);
    loop {
        let crank = work.crank_work(driver.now(), &mut (), Budget::turns(100));
        bars.show(&work)?;
        let line = work.status_of(root);
        if !stdout().is_terminal() && line != last {
            println!("{}", line.as_deref().unwrap_or_default());
            last = line;
        }
        match crank.next {
            Next::Now => {}
            Next::At(at) => _ = driver.wait(Some(at)),
            // These works wait for timers alone.
            Next::External | Next::Stalled => return Err(work.stall_report().to_string().into()),
            Next::Idle => return Ok(()),
        }
    }
}
