//! The accounts of a ledger against those in the buckets of a bucket list. All of them are in the order of their keys,
//! so one account of each is in memory at a time.

use super::{Account, AccountKey, Ledger};
use crate::archive::{BucketAccount, BucketFile, Corrupt};
use std::collections::BTreeMap;
use std::io::Read;

/// An account that the two hold differently; `None` where it is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Which account.
    pub key: AccountKey,
    /// As the ledger has it.
    pub ledger: Option<Account>,
    /// As the buckets have it.
    pub buckets: Option<Account>,
}

/// The first account that the buckets, newest first, hold but the ledger does not, or not so, or the other way round;
/// `None` if both hold the same. The error says in which of the buckets it was.
///
/// # Errors
/// [`Corrupt`]: a bucket cannot be read.
pub fn difference<R: Read>(
    ledger: &Ledger,
    buckets: &mut [BucketFile<R>],
) -> Result<Option<Difference>, (usize, Corrupt)> {
    let mut merged = Merged::new(buckets)?;
    let mut ours = ledger
        .accounts
        .iter()
        .map(|(key, account)| (*key, *account));
    let mut theirs = merged.advance()?;
    let mut own = ours.next();
    loop {
        let key = match (own, theirs) {
            (None, None) => return Ok(None),
            (Some((key, _)), None) | (None, Some((key, _))) => key,
            (Some((one, _)), Some((other, _))) => one.min(other),
        };
        let here = own.filter(|(at, _)| *at == key).map(|(_, account)| account);
        let there = theirs
            .filter(|(at, _)| *at == key)
            .map(|(_, account)| account);
        if here != there {
            return Ok(Some(Difference {
                key,
                ledger: here,
                buckets: there,
            }));
        }
        (own, theirs) = (ours.next(), merged.advance()?);
    }
}

/// What several buckets hold together: the first that has an account is right, and some say that it is gone.
struct Merged<'a, R> {
    buckets: &'a mut [BucketFile<R>],
    /// The next entry of each bucket, by key and then by bucket.
    next: BTreeMap<(AccountKey, usize), Option<Account>>,
}

impl<'a, R: Read> Merged<'a, R> {
    fn new(buckets: &'a mut [BucketFile<R>]) -> Result<Self, (usize, Corrupt)> {
        let all = 0..buckets.len();
        let mut merged = Merged {
            buckets,
            next: BTreeMap::new(),
        };
        for nth in all {
            merged.refill(nth)?;
        }
        Ok(merged)
    }

    fn refill(&mut self, nth: usize) -> Result<(), (usize, Corrupt)> {
        let entry: Option<BucketAccount> =
            self.buckets[nth].advance().map_err(|error| (nth, error))?;
        if let Some((key, account)) = entry {
            self.next.insert((key, nth), account);
        }
        Ok(())
    }

    /// The next account that exists.
    fn advance(&mut self) -> Result<Option<(AccountKey, Account)>, (usize, Corrupt)> {
        while let Some(((key, nth), account)) = self.next.pop_first() {
            self.refill(nth)?;
            while let Some(older) = self.next.first_entry().filter(|next| next.key().0 == key) {
                let ((_, nth), _) = older.remove_entry();
                self.refill(nth)?;
            }
            if let Some(account) = account {
                return Ok(Some((key, account)));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{BucketEntries, Hash, write_bucket};

    fn compared(ledger: &Ledger, buckets: &[BucketEntries]) -> Option<Difference> {
        let files: Vec<_> = buckets
            .iter()
            .map(|bucket| write_bucket(bucket, 22))
            .collect();
        let files = files.iter().map(|file| BucketFile::new(&file[..]));
        difference(ledger, &mut files.collect::<Vec<_>>()).unwrap()
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
        assert_eq!(compared(&ledger, &[new.clone(), old.clone()]), None);
        let found = compared(&ledger, &[old, new]).unwrap();
        assert_eq!((found.key, found.buckets), (*key, Some(older)));
        let found = compared(&ledger, &[]).unwrap();
        assert_eq!((found.ledger, found.buckets), (Some(*account), None));
        let both = BTreeMap::from([(*key, Some(*account)), (gone, Some(older))]);
        let found = compared(&ledger, &[both]).unwrap();
        assert_eq!((found.key, found.ledger), (gone, None));
    }
}
