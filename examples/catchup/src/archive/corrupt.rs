//! What can be wrong with a file that has arrived whole.

use super::{Hash, HashError};
use thiserror::Error;

/// Why a file is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Corrupt {
    /// Something hashes to another value than it must.
    #[error("{what}: expected hash {expected}, found {found}")]
    Hash {
        /// What was hashed.
        what: String,
        /// The hash it must have.
        expected: Hash,
        /// The hash it has.
        found: Hash,
    },
    /// The gzip stream is broken.
    #[error("cannot be unpacked ({why}); the {bytes} bytes before that have the hash {found}")]
    Packed {
        /// What the unpacker says.
        why: String,
        /// The hash of what could be unpacked.
        found: Hash,
        /// How much that is.
        bytes: usize,
    },
    /// It unpacks to more than it may.
    #[error("unpacks to more than the {limit} bytes that are allowed")]
    TooLarge {
        /// Bytes allowed.
        limit: usize,
    },
    /// It is packed in more than one gzip member.
    #[error("it has several gzip members; one is allowed")]
    Members,
    /// It does not have the form it must have.
    #[error("{0}")]
    Format(String),
    /// It could not be read to its end.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// It holds what this example cannot apply. Another download would not change that.
    #[error("{0}: this example applies payments and new accounts only")]
    Unsupported(String),
}

impl Corrupt {
    /// Whether another download may bring something else. Damage on the way makes no file that is too large, has
    /// several members, or holds what is not known here.
    pub fn may_pass(&self) -> bool {
        !matches!(
            self,
            Corrupt::TooLarge { .. } | Corrupt::Members | Corrupt::Unsupported(_)
        )
    }

    /// For a job that has been told to end.
    pub fn stopped() -> Corrupt {
        Corrupt::Unreadable(String::from("the work was told to end"))
    }

    /// Nothing, if the hashes are equal.
    ///
    /// # Errors
    /// [`Corrupt::Hash`], if they are not.
    pub fn unless_equal(
        what: impl Into<String>,
        expected: Hash,
        found: Hash,
    ) -> Result<(), Corrupt> {
        let what = what.into();
        match expected == found {
            true => Ok(()),
            false => Err(Corrupt::Hash {
                what,
                expected,
                found,
            }),
        }
    }
}

impl From<HashError> for Corrupt {
    fn from(error: HashError) -> Self {
        Corrupt::Format(error.to_string())
    }
}
