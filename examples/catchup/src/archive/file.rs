//! The layout: which files an archive has, and where.
//!
//! ```text
//! .well-known/stellar-history.json               what the archive holds at present
//! history/ww/xx/yy/history-wwxxyyzz.json         what it held at a checkpoint
//! ledger/ww/xx/yy/ledger-wwxxyyzz.xdr.gz         64 ledger headers
//! transactions/ww/xx/yy/transactions-wwxxyyzz.xdr.gz
//! results/ww/xx/yy/results-wwxxyyzz.xdr.gz
//! bucket/pp/qq/rr/bucket-<sha256>.xdr.gz         a part of the ledger's state
//! ```
//!
//! A path is made from a number or a hash and from nothing else. So no path can lead out of the folder it is put into,
//! whatever an archive says.

use super::{Checkpoint, Hash};
use std::fmt;

/// One file of an archive.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum File {
    /// What the archive holds at present.
    Root,
    /// What it held at a checkpoint.
    State(Checkpoint),
    /// A checkpoint's ledger headers.
    Ledger(Checkpoint),
    /// A checkpoint's transactions.
    Transactions(Checkpoint),
    /// A checkpoint's transaction results.
    Results(Checkpoint),
    /// A part of the ledger's state, named by the hash of what it holds.
    Bucket(Hash),
}

/// How large a file may be, in bytes: as it is sent, and unpacked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SizeLimits {
    /// As it is sent.
    pub packed: usize,
    /// Unpacked.
    pub unpacked: usize,
}

const MIB: usize = 1 << 20;

impl File {
    /// Where it is, relative to the archive's root; parts are separated by slashes.
    pub fn path(&self) -> String {
        match self {
            File::Root => String::from(".well-known/stellar-history.json"),
            File::State(at) => nested("history", &at.to_string(), "json"),
            File::Ledger(at) => nested("ledger", &at.to_string(), "xdr.gz"),
            File::Transactions(at) => nested("transactions", &at.to_string(), "xdr.gz"),
            File::Results(at) => nested("results", &at.to_string(), "xdr.gz"),
            File::Bucket(hash) => nested("bucket", &hash.to_string(), "xdr.gz"),
        }
    }

    /// The file at this path, if an archive has such a one.
    pub fn at(path: &str) -> Option<File> {
        let (_, name) = path.rsplit_once('/')?;
        let (stem, _) = name.split_once('.')?;
        let file = match stem.rsplit_once('-')? {
            ("stellar", _) => File::Root,
            ("history", at) => File::State(checkpoint(at)?),
            ("ledger", at) => File::Ledger(checkpoint(at)?),
            ("transactions", at) => File::Transactions(checkpoint(at)?),
            ("results", at) => File::Results(checkpoint(at)?),
            ("bucket", hash) => File::Bucket(Hash::parse(hash).ok()?),
            _ => return None,
        };
        // One file has one path: a different spelling is not it.
        (file.path() == path).then_some(file)
    }

    /// Whether it is sent packed with gzip.
    pub fn is_packed(&self) -> bool {
        !matches!(self, File::Root | File::State(_))
    }

    /// How large it may be. Far more than this example's archives need: a million payments in one ledger fit, and are
    /// what is in memory at most. A bomb is larger still.
    pub fn limits(&self) -> SizeLimits {
        let (packed, unpacked) = match self {
            File::Root | File::State(_) => (MIB, MIB),
            File::Ledger(_) => (4 * MIB, 16 * MIB),
            File::Transactions(_) | File::Results(_) => (64 * MIB, 128 * MIB),
            File::Bucket(_) => (64 * MIB, 256 * MIB),
        };
        SizeLimits { packed, unpacked }
    }
}

impl fmt::Display for File {
    /// For people: without the folders, and with 8 digits of a hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            File::Root => f.write_str("stellar-history.json"),
            File::State(at) => write!(f, "history-{at}"),
            File::Ledger(at) => write!(f, "ledger-{at}"),
            File::Transactions(at) => write!(f, "transactions-{at}"),
            File::Results(at) => write!(f, "results-{at}"),
            File::Bucket(hash) => write!(f, "bucket-{}", hash.short()),
        }
    }
}

/// `kind/ww/xx/yy/kind-wwxxyyzz.extension`; a stem has at least 6 digits.
fn nested(kind: &str, stem: &str, extension: &str) -> String {
    let (ww, xx, yy) = (&stem[..2], &stem[2..4], &stem[4..6]);
    format!("{kind}/{ww}/{xx}/{yy}/{kind}-{stem}.{extension}")
}

fn checkpoint(digits: &str) -> Option<Checkpoint> {
    let ledger = u32::from_str_radix(digits, 16).ok()?;
    Checkpoint::ending_with(ledger)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_found_at_its_path_and_nowhere_else() {
        let at = Checkpoint::nth(0x1234);
        let hash = Hash::of(b"bucket");
        let files = [
            File::Root,
            File::State(at),
            File::Ledger(at),
            File::Transactions(at),
            File::Results(at),
            File::Bucket(hash),
        ];
        for file in files {
            let path = file.path();
            assert_eq!(File::at(&path), Some(file), "{path}");
            assert_eq!(File::at(&format!("../{path}")), None);
            assert_eq!(File::at(&format!("/{path}")), None);
            assert_eq!(File::at(&path.replace('/', "//")), None);
        }
        assert_eq!(
            File::Ledger(at).path(),
            "ledger/00/04/8d/ledger-00048d3f.xdr.gz"
        );
        for wrong in [
            "",
            "/",
            "ledger-+000003f.xdr.gz",
            "a/ledger-0000003f.xdr.gz",
        ] {
            assert_eq!(File::at(wrong), None, "{wrong}");
        }
    }
}
