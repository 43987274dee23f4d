//! The ledger's state, and its form on disk.

use super::saved::{Accounts, Saved, SavedAccount};
use super::{Account, AccountKey};
use crate::archive::Hash;
use std::collections::BTreeMap;
use thiserror::Error;

/// How many accounts a ledger has at most: what is in memory is bounded. An archive with more is refused.
pub const MOST_ACCOUNTS: usize = 200_000;

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

    /// Whether the ledger is of the network with this id. A network's first account is never removed.
    pub fn is_of(&self, network: Hash) -> bool {
        self.accounts.contains_key(&AccountKey(network.0))
    }

    /// The coins in all accounts and in the fee pool: as many as there are, if the ledger is right.
    pub fn counted_coins(&self) -> i128 {
        let held = self.accounts.values().map(|account| account.balance);
        held.map(i128::from).sum::<i128>() + i128::from(self.fee_pool)
    }

    /// Its form on disk.
    pub fn to_json(&self) -> String {
        let account = |(key, account): (&AccountKey, &Account)| {
            let key = Hash(key.0).to_string();
            SavedAccount(key, account.balance, account.sequence, account.modified)
        };
        let saved: Saved = Saved {
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
        let saved: Saved<Accounts> = serde_json::from_slice(json)?;
        if saved.version != VERSION {
            return Err(LedgerFormatError::Version(saved.version));
        }
        Ok(Ledger {
            ledger: saved.ledger,
            hash: Hash::parse(&saved.hash)?,
            total_coins: saved.total_coins,
            fee_pool: saved.fee_pool,
            accounts: saved.accounts.0,
        })
    }
}

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
    fn what_is_no_ledger_is_refused() {
        let ledger = Ledger::origin(Hash::of(b"network"), 5);
        let json = ledger.to_json();
        let (head, account) = json.split_once("\"accounts\":[").unwrap();
        let account = account.strip_suffix("]}").unwrap();
        let twice = format!("{head}\"accounts\":[{account},{account}]}}");
        let short = json.replacen("[\"", "[\"0", 1);
        for (wrong, says) in [(twice, "twice"), (short, "not a hash")] {
            let error = Ledger::parse(wrong.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        assert_eq!(ledger.counted_coins(), 5);
        assert!(ledger.is_of(Hash::of(b"network")) && !ledger.is_of(Hash::of(b"another")));
    }
}
