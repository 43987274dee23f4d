//! Buckets: sorted lists of ledger entries, named by the SHA-256 of what they hold, record marks included.

use super::{Corrupt, records, records::Records};
use crate::ledger::{Account, AccountKey};
use std::collections::BTreeMap;
use std::io::Read;
use stellar_xdr::{
    AccountEntry, AccountEntryExt, BucketEntry, BucketMetadata, BucketMetadataExt, LedgerEntry,
    LedgerEntryData, LedgerEntryExt, LedgerKey, SequenceNumber, String32, Thresholds, VecM,
};

/// The accounts in a bucket; `None` is one that no longer exists.
pub type BucketEntries = BTreeMap<AccountKey, Option<Account>>;

/// An entry of a bucket.
pub type BucketAccount = (AccountKey, Option<Account>);

/// The accounts in a bucket, read one at a time. They must be in the order of their keys.
pub struct BucketFile<R> {
    records: Records<R>,
    last: Option<AccountKey>,
}

impl<R: Read> BucketFile<R> {
    /// Reads the unpacked `file`.
    pub fn new(file: R) -> BucketFile<R> {
        BucketFile {
            records: Records::new(file),
            last: None,
        }
    }

    /// Reads the next entry; `None` at the end.
    ///
    /// # Errors
    /// [`Corrupt`]: it is no account, or not where it belongs.
    pub fn advance(&mut self) -> Result<Option<BucketAccount>, Corrupt> {
        while self.records.advance()? {
            let entry: BucketEntry = self.records.only()?;
            let Some(entry) = bucket_account(&entry) else {
                continue;
            };
            let (key, account) = entry?;
            if self.last.is_some_and(|last| last >= key) {
                return Err(Corrupt::Format(format!(
                    "account {key:?} is not in the order of the keys"
                )));
            }
            self.last = Some(key);
            return Ok(Some((key, account)));
        }
        Ok(None)
    }
}

/// Checks that a bucket holds accounts only, in their order. Its hash is for the caller to check.
///
/// # Errors
/// [`Corrupt`].
pub fn check_bucket(file: impl Read) -> Result<(), Corrupt> {
    let mut file = BucketFile::new(file);
    while file.advance()?.is_some() {}
    Ok(())
}

/// The bucket with these accounts: a record of what it is, then the accounts by key.
pub fn write_bucket(entries: &BucketEntries, version: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let about = BucketMetadata {
        ledger_version: version,
        ext: BucketMetadataExt::V0,
    };
    records::push(&mut file, &BucketEntry::Metaentry(about));
    for (key, account) in entries {
        records::push(&mut file, &bucket_entry(*key, *account));
    }
    file
}

/// The record of one account.
fn bucket_entry(key: AccountKey, account: Option<Account>) -> BucketEntry {
    let Some(account) = account else {
        return BucketEntry::Deadentry(LedgerKey::Account(stellar_xdr::LedgerKeyAccount {
            account_id: key.into(),
        }));
    };
    let entry = AccountEntry {
        account_id: key.into(),
        balance: account.balance,
        seq_num: SequenceNumber(account.sequence),
        num_sub_entries: 0,
        inflation_dest: None,
        flags: 0,
        home_domain: String32::default(),
        thresholds: Thresholds([1, 0, 0, 0]),
        signers: VecM::default(),
        ext: AccountEntryExt::V0,
    };
    BucketEntry::Liveentry(LedgerEntry {
        last_modified_ledger_seq: account.modified,
        data: LedgerEntryData::Account(entry),
        ext: LedgerEntryExt::V0,
    })
}

/// The account in a record; nothing for the record that says what the bucket is.
fn bucket_account(entry: &BucketEntry) -> Option<Result<BucketAccount, Corrupt>> {
    let unsupported = || {
        let what = "a ledger entry that is no account";
        Some(Err(Corrupt::Unsupported(what.to_owned())))
    };
    match entry {
        BucketEntry::Metaentry(_) => None,
        BucketEntry::Deadentry(LedgerKey::Account(key)) => {
            Some(Ok(((&key.account_id).into(), None)))
        }
        BucketEntry::Deadentry(_) => unsupported(),
        BucketEntry::Liveentry(live) | BucketEntry::Initentry(live) => {
            let LedgerEntryData::Account(entry) = &live.data else {
                return unsupported();
            };
            let account = Account {
                balance: entry.balance,
                sequence: entry.seq_num.0,
                modified: live.last_modified_ledger_seq,
            };
            Some(Ok(((&entry.account_id).into(), Some(account))))
        }
    }
}
