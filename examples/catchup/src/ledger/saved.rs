//! The form of a ledger on disk. Accounts are read one at a time into their map.

use super::state::MOST_ACCOUNTS;
use super::{Account, AccountKey};
use crate::archive::Hash;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

#[derive(Serialize, Deserialize)]
pub(super) struct Saved<A = Vec<SavedAccount>> {
    pub(super) version: u32,
    pub(super) ledger: u32,
    pub(super) hash: String,
    pub(super) total_coins: i64,
    pub(super) fee_pool: i64,
    pub(super) accounts: A,
}

/// Key, balance, sequence number, last change.
#[derive(Serialize)]
pub(super) struct SavedAccount(
    pub(super) String,
    pub(super) i64,
    pub(super) i64,
    pub(super) u32,
);

/// The accounts, each once.
pub(super) struct Accounts(pub(super) BTreeMap<AccountKey, Account>);

impl<'de> Deserialize<'de> for Accounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(InOrder).map(Accounts)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = BTreeMap<AccountKey, Account>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of accounts")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut accounts = BTreeMap::new();
        while let Some((key, balance, sequence, modified)) =
            list.next_element::<(Cow<'de, str>, i64, i64, u32)>()?
        {
            let account = Account {
                balance,
                sequence,
                modified,
            };
            let hash = Hash::parse(&key).map_err(A::Error::custom)?;
            if accounts.insert(AccountKey(hash.0), account).is_some() {
                return Err(A::Error::custom(format!("account {key} is there twice")));
            }
            if accounts.len() > MOST_ACCOUNTS {
                return Err(A::Error::custom(format!(
                    "more than {MOST_ACCOUNTS} accounts"
                )));
            }
        }
        Ok(accounts)
    }
}
