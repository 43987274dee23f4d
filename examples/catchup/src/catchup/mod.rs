//! The catch-up, as works.
//!
//! ```text
//! catch-up
//!   archive state    a sequence, what the archive holds: the root file, the last checkpoint's headers, its state file
//!   buckets          a batch: one download per bucket       } at the same time,
//!   headers          a batch: one download per checkpoint   } as many at once as there are slots
//!   chain            from the archive's last header back to the last ledger applied, which must be the one it names
//!   replay           a batch of checkpoints: transactions and results (any order), then apply (strictly in order)
//!   record           writes the applied ledger down, while replay goes on
//!   comparison       the accounts after replay are those in the buckets
//! ```
//!
//! Each download is a [`Fetch`]: it fails, backs off and is tried again by itself. What is downloaded is unpacked,
//! hashed and checked in an offloaded job, and stays on the disk: what is in memory at a time is one ledger's
//! transactions, and of what comes one large file, or many small ones. `apply` of a checkpoint is *after* its two
//! files and the checkpoint before it, so a file that stays broken blocks what comes after it and nothing else:
//! everything before is still applied.

mod app;
mod apply;
mod archive_state;
mod buckets;
mod chain;
mod comparison;
mod error;
mod fetch;
mod growth;
mod headers;
mod idle;
mod kept;
mod record;
mod replay;
mod root;
mod transactions;

pub use app::{App, Cx, Settings, Stage, StageCount, Tally};
pub use error::FetchError;
pub use fetch::{Fetch, Goods};
pub use headers::Link;
pub use kept::{Check, Kept};
pub use root::CatchUp;

use crankwork::compose::BatchWork;
use crankwork::{Name, Spec, Work};

/// A batch has at most this many downloads in the scheduler, twice as many as there can be slots: those that wait for
/// another attempt keep no slot idle. So a turn is short, however long the archive.
const STARTED: usize = 512;

/// Returns a work that takes none of the downloads' permits: it starts others, or waits for a job.
fn stage<W: Work<App>>(name: impl Into<Name>, work: W) -> Spec<App, W> {
    let name = name.into();
    let known = name.clone();
    Spec::new(name, work)
        .no_permit()
        .on_settled(move |app: &mut App, _, outcome| app.note_outcome(&known, outcome))
}

/// Returns a stage that downloads the files in their order.
fn downloads<T, G>(
    name: &'static str,
    files: Vec<T>,
    goods: fn(T) -> G,
    app: &App,
) -> Spec<App, impl Work<App> + use<T, G>>
where
    T: Clone + 'static,
    G: Goods,
{
    let settings = app.settings.clone();
    let batch = BatchWork::each(STARTED, move || {
        let (files, settings) = (files.clone(), settings.clone());
        let files = files.into_iter();
        files.map(move |file| Fetch::spec(goods(file), &settings))
    });
    stage(name, batch)
}
