//! The catch-up, as works.
//!
//! ```text
//! catch-up
//!   archive state    what the archive holds: the root file, the last checkpoint's headers, its state file
//!   buckets          one download per bucket           } at the same time,
//!   headers          one download per checkpoint       } as many at once as there are slots
//!   chain            from the archive's last header back to the last ledger applied, which must be the one it names
//!   replay           per checkpoint: transactions and results (any order), then apply (strictly in order)
//!   record           writes the applied ledger down, while replay goes on
//!   comparison       the accounts after replay are those in the buckets
//! ```
//!
//! Each download is a [`Fetch`]: it fails, backs off and is tried again by itself. What is downloaded is unpacked,
//! hashed and checked in an offloaded job, and stays on the disk: what is in memory at a time is one ledger's
//! transactions, and of what comes one large file, or many small ones. `apply` of a checkpoint is *after* its two
//! files and the apply before it, so a file that stays broken blocks what comes after it and nothing else: everything
//! before is still applied.

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
mod meter;
mod record;
mod replay;
mod root;
mod transactions;

pub use app::{App, Cx, Settings, Stage, StageCount, Tally};
pub use error::FetchError;
pub use fetch::{Fetch, Goods};
pub use headers::Link;
pub use kept::{Check, Kept};
pub use meter::Metered;
pub use root::CatchUp;

use crankwork::{Name, Spec, Work};

/// A stage adds the works of so many checkpoints in one turn, then others have theirs: a turn is to be short, however
/// long the archive.
const PORTION: usize = 256;

/// A stage: it only starts others and waits for them, so it takes none of the downloads' permits.
fn stage<W>(name: &'static str, work: W) -> Spec<App, Metered<W>>
where
    W: Work<App>,
{
    Spec::new(name, Metered(work))
        .no_permit()
        .on_settled(move |app: &mut App, _, outcome| app.note_outcome(&Name::from(name), outcome))
}
