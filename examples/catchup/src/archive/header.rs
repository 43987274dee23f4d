//! Ledger headers: what one ledger was, and the hash of the one before it.

use super::{Checkpoint, Corrupt, Hash, records, records::Records};
use std::io::Read;
use stellar_xdr::{LedgerHeader, LedgerHeaderHistoryEntry, LedgerHeaderHistoryEntryExt};

/// What is needed of a ledger's header, and its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The ledger's number; the first is 1.
    pub ledger: u32,
    /// The hash of this header.
    pub hash: Hash,
    /// The hash of the header before this one; zero in ledger 1.
    pub previous: Hash,
    /// The protocol that was in force.
    pub version: u32,
    /// The hash of the ledger's transactions.
    pub tx_set: Hash,
    /// The hash of their results.
    pub results: Hash,
    /// The hash of the bucket list.
    pub bucket_list: Hash,
    /// All coins there are.
    pub total_coins: i64,
    /// Fees paid so far.
    pub fee_pool: i64,
    /// The fee of one operation.
    pub base_fee: u32,
}

impl Header {
    /// The essence of an XDR header, hashed.
    pub fn of(header: &LedgerHeader) -> Header {
        Header {
            ledger: header.ledger_seq,
            hash: Hash::of(&records::encode(header)),
            previous: (&header.previous_ledger_hash).into(),
            version: header.ledger_version,
            tx_set: (&header.scp_value.tx_set_hash).into(),
            results: (&header.tx_set_result_hash).into(),
            bucket_list: (&header.bucket_list_hash).into(),
            total_coins: header.total_coins,
            fee_pool: header.fee_pool,
            base_fee: header.base_fee,
        }
    }
}

/// The record that an archive holds of a header.
pub fn header_entry(header: LedgerHeader, hash: Hash) -> LedgerHeaderHistoryEntry {
    LedgerHeaderHistoryEntry {
        hash: hash.into(),
        header,
        ext: LedgerHeaderHistoryEntryExt::V0,
    }
}

/// Reads a checkpoint's headers: all of them, in order, each with the hash that its record says, and each naming the
/// hash of the one before it. Whether the first follows the checkpoint before is for the caller to check.
///
/// # Errors
/// [`Corrupt`], naming the ledger.
pub fn read_headers(file: impl Read, checkpoint: Checkpoint) -> Result<Vec<Header>, Corrupt> {
    let mut records = Records::new(file);
    let expected = checkpoint.ledgers();
    let count = expected.len();
    let mut headers: Vec<Header> = Vec::with_capacity(count);
    for ledger in expected {
        if !records.advance()? {
            let found = headers.len();
            return Err(Corrupt::Format(format!(
                "{found} ledger headers instead of {count}"
            )));
        }
        let header = read_header(&records.only()?, ledger)?;
        if let Some(before) = headers.last() {
            follows(&header, before)?;
        }
        headers.push(header);
    }
    match records.advance()? {
        true => Err(Corrupt::Format(format!("more than {count} ledger headers"))),
        false => Ok(headers),
    }
}

/// The header in a record, which must be that of this ledger.
fn read_header(entry: &LedgerHeaderHistoryEntry, ledger: u32) -> Result<Header, Corrupt> {
    let header = Header::of(&entry.header);
    if header.ledger != ledger {
        return Err(Corrupt::Format(format!(
            "the header of ledger {} where that of {ledger} belongs",
            header.ledger
        )));
    }
    let what = format!("the header of ledger {ledger}");
    Corrupt::unless_equal(what, (&entry.hash).into(), header.hash)?;
    Ok(header)
}

/// Whether `header` names `before` as the one before it.
fn follows(header: &Header, before: &Header) -> Result<(), Corrupt> {
    Corrupt::unless_equal(
        format!(
            "the header of ledger {}, as ledger {} names it",
            before.ledger, header.ledger
        ),
        header.previous,
        before.hash,
    )
}
