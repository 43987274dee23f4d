//! The ledger's state, and its form on disk.

use super::{Account, AccountKey};
use crate::archive::{BucketEntries, Hash};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use thiserror::Error;

/// All accounts after a certain ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ledger {
    /// The last ledger applied; 0 is none.
    pub ledger: u32,
    /// The hash of its header.
    pub hash: Hash,
    /// All coins there are, in accounts and in the fee pool.
    pub total_coins: i64,
    /// Fees paid so far.
    pub fee_pool: i64,
    /// The accounts.
    pub accounts: BTreeMap<AccountKey, Account>,
}

/// A text that is no saved ledger.
#[derive(Debug, Error)]
pub enum LedgerFormatError {
    /// It is not the JSON that is written here.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// It holds something that is no hash.
    #[error("{0}")]
    Hash(#[from] crate::archive::HashError),
    /// It is of another version.
    #[error("version {0} is not {VERSION}, the one known here")]
    Version(u32),
}

const VERSION: u32 = 1;

impl Ledger {
    /// Before ledger 1: the network's first account has all coins. Its key is the network's id.
    pub fn origin(network: Hash, total_coins: i64) -> Ledger {
        let root = Account {
            balance: total_coins,
            sequence: 0,
            modified: 1,
        };
        Ledger {
            ledger: 0,
            hash: Hash::ZERO,
            total_coins,
            fee_pool: 0,
            accounts: BTreeMap::from([(AccountKey(network.0), root)]),
        }
    }

    /// The accounts that the buckets of a bucket list hold, newest first, but this ledger does not, or not so; `None`
    /// if both hold the same.
    pub fn difference(&self, buckets: &[&BucketEntries]) -> Option<String> {
        let mut held: BucketEntries = BTreeMap::new();
        for bucket in buckets {
            for (key, account) in *bucket {
                held.entry(*key).or_insert(*account);
            }
        }
        held.retain(|_, account| account.is_some());
        if held.len() != self.accounts.len() {
            return Some(format!(
                "{} accounts after replay, {} in the buckets",
                self.accounts.len(),
                held.len()
            ));
        }
        let differs = |(key, account): &(&AccountKey, &Account)| {
            held.get(key).copied().flatten() != Some(**account)
        };
        let (key, account) = self.accounts.iter().find(differs)?;
        Some(format!(
            "account {key:?} is {account:?} after replay, {:?} in the buckets",
            held.get(key).copied().flatten()
        ))
    }

    /// Its form on disk.
    pub fn to_json(&self) -> String {
        let account = |(key, account): (&AccountKey, &Account)| {
            let key = Hash(key.0).to_string();
            SavedAccount(key, account.balance, account.sequence, account.modified)
        };
        let saved = Saved {
            version: VERSION,
            ledger: self.ledger,
            hash: self.hash.to_string(),
            total_coins: self.total_coins,
            fee_pool: self.fee_pool,
            accounts: self.accounts.iter().map(account).collect(),
        };
        serde_json::to_string(&saved).expect("plain strings and numbers are valid JSON")
    }

    /// Reads what [`Ledger::to_json`] wrote.
    ///
    /// # Errors
    /// [`LedgerFormatError`].
    pub fn parse(json: &[u8]) -> Result<Ledger, LedgerFormatError> {
        let saved: Saved = serde_json::from_slice(json)?;
        if saved.version != VERSION {
            return Err(LedgerFormatError::Version(saved.version));
        }
        let mut accounts = BTreeMap::new();
        for SavedAccount(key, balance, sequence, modified) in saved.accounts {
            let account = Account {
                balance,
                sequence,
                modified,
            };
            accounts.insert(AccountKey(Hash::parse(&key)?.0), account);
        }
        Ok(Ledger {
            ledger: saved.ledger,
            hash: Hash::parse(&saved.hash)?,
            total_coins: saved.total_coins,
            fee_pool: saved.fee_pool,
            accounts,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Saved {
    version: u32,
    ledger: u32,
    hash: String,
    total_coins: i64,
    fee_pool: i64,
    accounts: Vec<SavedAccount>,
}

/// Key, balance, sequence number, last change.
#[derive(Serialize, Deserialize)]
struct SavedAccount(String, i64, i64, u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_read() {
        let mut ledger = Ledger::origin(Hash::of(b"network"), i64::MAX);
        ledger.ledger = 63;
        assert_eq!(Ledger::parse(ledger.to_json().as_bytes()).unwrap(), ledger);
        let other = ledger.to_json().replace("\"version\":1", "\"version\":2");
        let error = Ledger::parse(other.as_bytes()).unwrap_err();
        assert!(matches!(error, LedgerFormatError::Version(2)), "{error}");
        assert!(Ledger::parse(b"{").is_err());
    }

    #[test]
    fn a_newer_bucket_hides_an_older_one() {
        let ledger = Ledger::origin(Hash::ZERO, 5);
        let (key, account) = ledger.accounts.iter().next().unwrap();
        let older = Account {
            balance: 4,
            ..*account
        };
        let gone = AccountKey([7; 32]);
        let new = BTreeMap::from([(*key, Some(*account)), (gone, None)]);
        let old = BTreeMap::from([(*key, Some(older)), (gone, Some(older))]);
        assert_eq!(ledger.difference(&[&new, &old]), None);
        let difference = ledger.difference(&[&old, &new]).unwrap();
        assert!(difference.contains("2 in the buckets"), "{difference}");
        let difference = ledger.difference(&[&BTreeMap::from([(*key, Some(older))])]);
        assert!(difference.unwrap().contains("balance: 4"));
    }
}
