//! The history archive state (HAS): the JSON file that says up to which ledger an archive goes, and which buckets hold
//! the ledger's state there.

use super::{Checkpoint, Corrupt, Hash};
use serde::{Deserialize, Serialize};
use std::io::Read;

/// Levels of a bucket list.
pub const LEVELS: usize = 11;

/// What an archive holds, checked: every hash is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveState {
    /// The last checkpoint.
    pub checkpoint: Checkpoint,
    /// The network's passphrase; transactions are hashed together with it.
    pub passphrase: String,
    /// The bucket list, newest level first.
    pub levels: Vec<Level>,
}

/// One level of a bucket list; the zero hash stands for an empty bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// The bucket that still takes entries from the level above.
    pub curr: Hash,
    /// The bucket that the level below will take next.
    pub snap: Hash,
}

impl ArchiveState {
    /// Reads the JSON text to its end, and checks it.
    ///
    /// # Errors
    /// As [`ArchiveState::parse`]; [`Corrupt::Unreadable`], if it cannot be read.
    pub fn read(json: &mut dyn Read) -> Result<ArchiveState, Corrupt> {
        let mut bytes = Vec::new();
        match json.read_to_end(&mut bytes) {
            Ok(_) => ArchiveState::parse(&bytes),
            Err(error) => Err(Corrupt::Unreadable(error.to_string())),
        }
    }

    /// Reads and checks the JSON text.
    ///
    /// # Errors
    /// [`Corrupt::Format`], saying what in it is wrong.
    pub fn parse(json: &[u8]) -> Result<ArchiveState, Corrupt> {
        let raw: Raw = serde_json::from_slice(json).map_err(|error| unreadable(&error))?;
        if raw.version != VERSION {
            return Err(wrong(format!(
                "version {} is not {VERSION}, the one known here",
                raw.version
            )));
        }
        let checkpoint = Checkpoint::ending_with(raw.current_ledger).ok_or_else(|| {
            wrong(format!(
                "currentLedger {} does not end a checkpoint",
                raw.current_ledger
            ))
        })?;
        if raw.current_buckets.len() != LEVELS {
            return Err(wrong(format!(
                "{} levels of buckets instead of {LEVELS}",
                raw.current_buckets.len()
            )));
        }
        let levels = raw.current_buckets.iter().map(RawLevel::check);
        Ok(ArchiveState {
            checkpoint,
            passphrase: raw.network_passphrase,
            levels: levels.collect::<Result<_, _>>()?,
        })
    }

    /// The JSON text.
    pub fn to_json(&self) -> String {
        let level = |level: &Level| RawLevel {
            curr: level.curr.to_string(),
            next: RawNext {
                state: 0,
                output: None,
            },
            snap: level.snap.to_string(),
        };
        let raw = Raw {
            version: VERSION,
            server: String::from("crankwork catchup example"),
            current_ledger: self.checkpoint.last(),
            network_passphrase: self.passphrase.clone(),
            current_buckets: self.levels.iter().map(level).collect(),
        };
        serde_json::to_string_pretty(&raw).expect("plain strings and numbers are valid JSON")
    }

    /// The buckets, each once, in the order of the list, without empty ones.
    pub fn buckets(&self) -> Vec<Hash> {
        let mut buckets = Vec::new();
        for hash in self
            .levels
            .iter()
            .flat_map(|level| [level.curr, level.snap])
        {
            if hash != Hash::ZERO && !buckets.contains(&hash) {
                buckets.push(hash);
            }
        }
        buckets
    }

    /// The hash of the bucket list, which the ledger header also holds: the hash of the levels' hashes, each of which
    /// is the hash of its two buckets' hashes.
    pub fn bucket_list_hash(&self) -> Hash {
        let levels = self
            .levels
            .iter()
            .map(|level| Hash::of_parts([&level.curr.0[..], &level.snap.0]));
        let levels: Vec<Hash> = levels.collect();
        Hash::of_parts(levels.iter().map(|hash| &hash.0[..]))
    }
}

const VERSION: u32 = 1;

/// The file's own form.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    version: u32,
    server: String,
    current_ledger: u32,
    network_passphrase: String,
    current_buckets: Vec<RawLevel>,
}

#[derive(Serialize, Deserialize)]
struct RawLevel {
    curr: String,
    next: RawNext,
    snap: String,
}

/// A merge into the next level: 0 is none. Merges that have begun can be done again from `curr` and `snap`.
#[derive(Serialize, Deserialize)]
struct RawNext {
    state: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    output: Option<String>,
}

impl RawLevel {
    fn check(&self) -> Result<Level, Corrupt> {
        if let Some(output) = &self.next.output {
            Hash::parse(output)?;
        }
        Ok(Level {
            curr: Hash::parse(&self.curr)?,
            snap: Hash::parse(&self.snap)?,
        })
    }
}

/// The parser's messages hold what the text does, however long that is.
fn wrong(message: String) -> Corrupt {
    Corrupt::Format(message.chars().take(300).collect())
}

/// The parser quotes what it did not expect, however long that is.
fn unreadable(error: &serde_json::Error) -> Corrupt {
    const LONGEST: usize = 200;
    let mut message = error.to_string();
    if message.len() > LONGEST {
        message.truncate(message.floor_char_boundary(LONGEST));
        message += &format!("... at line {} column {}", error.line(), error.column());
    }
    wrong(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> ArchiveState {
        let mut levels = vec![Level::default(); LEVELS];
        levels[0].curr = Hash::of(b"a");
        levels[2].snap = Hash::of(b"b");
        levels[3].curr = Hash::of(b"a");
        ArchiveState {
            checkpoint: Checkpoint::nth(1),
            passphrase: String::from("a network"),
            levels,
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let state = state();
        assert_eq!(
            ArchiveState::parse(state.to_json().as_bytes()),
            Ok(state.clone())
        );
        assert_eq!(state.buckets(), [Hash::of(b"a"), Hash::of(b"b")]);
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let json = state().to_json();
        let hash = Hash::of(b"b").to_string();
        let cases = [
            (hash.as_str(), "../../../../etc/passwd", "not a hash"),
            (&hash, &hash[1..], "not a hash"),
            (&hash, &hash.to_uppercase(), "not a hash"),
            (
                "\"currentLedger\": 127",
                "\"currentLedger\": 128",
                "checkpoint",
            ),
            ("\"currentLedger\": 127", "\"currentLedger\": -1", "invalid"),
            ("\"version\": 1", "\"version\": 3", "version 3"),
            (
                "\"state\": 0",
                "\"state\": 1, \"output\": \"x/y\"",
                "not a hash",
            ),
            ("\"currentBuckets\"", "\"buckets\"", "unknown"),
        ];
        for (from, to, says) in cases {
            let broken = json.replacen(from, to, 1);
            assert_ne!(broken, json, "{from}");
            let error = ArchiveState::parse(broken.as_bytes()).unwrap_err();
            let text = error.to_string();
            assert!(text.contains(says) || says == "unknown", "{to}: {text}");
        }
    }

    #[test]
    fn what_is_long_is_told_in_short() {
        for (name, wrong) in [("version", "\u{7f}"), ("currentLedger", "\u{1f980}")] {
            let long = format!("{{\"{name}\": \"{}\"}}", wrong.repeat(1 << 16));
            let message = ArchiveState::parse(long.as_bytes())
                .unwrap_err()
                .to_string();
            assert!(message.len() < 300, "{} bytes of message", message.len());
            assert!(message.contains("... at line 1 column "), "{message}");
        }
    }
}
