//! The record of one ledger's transactions, read one transaction at a time.

use super::{Corrupt, Hash, records::Records};
use sha2::{Digest, Sha256};
use std::io::Read;
use stellar_xdr::{TransactionEnvelope, TxSetComponentType};

/// The fee that a part of a set asks for; it plays no role here.
type BaseFee = Option<i64>;

/// Reads what follows the ledger's number in the current record: a set of the form before protocol 20, and one of the
/// form since. One of the two is empty.
pub(super) struct TxSetReader<'a, R> {
    records: &'a mut Records<R>,
    /// Takes each transaction.
    take: &'a mut dyn FnMut(&TransactionEnvelope),
}

impl<'a, R: Read> TxSetReader<'a, R> {
    pub(super) fn new(
        records: &'a mut Records<R>,
        take: &'a mut dyn FnMut(&TransactionEnvelope),
    ) -> TxSetReader<'a, R> {
        TxSetReader { records, take }
    }

    /// Reads to the end of the record, and returns the hash of its set.
    pub(super) fn read(mut self) -> Result<Hash, Corrupt> {
        let (legacy, count) = self.legacy()?;
        match (self.records.value::<u32>()?, count) {
            (0, _) => Ok(legacy),
            (1, 0) => self.generalized(),
            (1, _) => Err(Corrupt::Format(format!(
                "a set of both forms, with {count} transactions in the older one"
            ))),
            (other, _) => Err(unknown("a transaction record", other)),
        }
    }

    /// The hash of the previous ledger's hash and the envelopes, one after the other.
    fn legacy(&mut self) -> Result<(Hash, u32), Corrupt> {
        self.records.hash_into(Sha256::new());
        let _: stellar_xdr::Hash = self.records.value()?;
        // The number of envelopes does not count in the hash.
        let hasher = self.records.take_hasher();
        let count: u32 = self.records.value()?;
        self.records.hash_into(hasher);
        self.each(count)?;
        Ok((self.records.take_hash(), count))
    }

    /// The hash of the whole.
    fn generalized(&mut self) -> Result<Hash, Corrupt> {
        self.records.hash_into(Sha256::new());
        match self.records.value::<u32>()? {
            1 => {}
            other => return Err(unknown("a transaction set", other)),
        }
        let _: stellar_xdr::Hash = self.records.value()?;
        let phases: u32 = self.records.value()?;
        for _ in 0..phases {
            match self.records.value::<u32>()? {
                0 => self.components()?,
                1 => self.stages()?,
                other => return Err(unknown("a phase", other)),
            }
        }
        Ok(self.records.take_hash())
    }

    /// A phase of classic transactions.
    fn components(&mut self) -> Result<(), Corrupt> {
        let components: u32 = self.records.value()?;
        for _ in 0..components {
            let TxSetComponentType::TxsetCompTxsMaybeDiscountedFee = self.records.value()?;
            let _: BaseFee = self.records.value()?;
            self.envelopes()?;
        }
        Ok(())
    }

    /// A phase of transactions that may be executed at the same time: clusters in stages.
    fn stages(&mut self) -> Result<(), Corrupt> {
        let _: BaseFee = self.records.value()?;
        let stages: u32 = self.records.value()?;
        for _ in 0..stages {
            let clusters: u32 = self.records.value()?;
            for _ in 0..clusters {
                self.envelopes()?;
            }
        }
        Ok(())
    }

    fn envelopes(&mut self) -> Result<(), Corrupt> {
        let count: u32 = self.records.value()?;
        self.each(count)
    }

    fn each(&mut self, count: u32) -> Result<(), Corrupt> {
        for _ in 0..count {
            let envelope: TransactionEnvelope = self.records.value()?;
            (self.take)(&envelope);
        }
        Ok(())
    }
}

fn unknown(what: &str, version: u32) -> Corrupt {
    Corrupt::Format(format!("{what} of the unknown version {version}"))
}
