//! What a history archive is made of: names, forms and hashes. Nothing here waits, sends or stores.

mod bucket;
mod checkpoint;
mod corrupt;
mod file;
pub mod gzip;
mod has;
mod hash;
mod header;
pub mod records;
mod results;
mod transactions;
mod tx_set_file;

pub use bucket::{BucketAccount, BucketEntries, BucketFile, check_bucket, write_bucket};
pub use checkpoint::{Checkpoint, LEDGERS_PER_CHECKPOINT};
pub use corrupt::Corrupt;
pub use file::{File, SizeLimits};
pub use has::{ArchiveState, LEVELS, Level};
pub use hash::{Hash, HashError};
pub use header::{Header, header_entry, read_headers};
pub use results::{ResultFile, check_results, result_pair, results_hash};
pub use transactions::{
    TransactionFile, check_transactions, envelope, read_envelope, tx_set, tx_set_hash,
};
