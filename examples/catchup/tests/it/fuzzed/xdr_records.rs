//! Any bytes as the records of a history file.

use catchup::archive::{Corrupt, records};
use std::fmt::Debug;
use stellar_xdr::{
    BucketEntry, LedgerHeaderHistoryEntry, ReadXdr, TransactionHistoryEntry,
    TransactionHistoryResultEntry, WriteXdr,
};

/// Reads the bytes after the first as records of one type, which the first byte chooses. What is read is written,
/// with as many bytes, and read again. They need not be the bytes that were read: any number but 1 is read as the
/// boolean `false`.
///
/// # Panics
/// If that makes a difference.
pub fn check(data: &[u8]) {
    let Some((&first, file)) = data.split_first() else {
        return;
    };
    match first % 4 {
        0 => check_records::<LedgerHeaderHistoryEntry>(file),
        1 => check_records::<TransactionHistoryEntry>(file),
        2 => check_records::<TransactionHistoryResultEntry>(file),
        _ => check_records::<BucketEntry>(file),
    }
}

fn check_records<T: ReadXdr + WriteXdr + Debug + PartialEq>(file: &[u8]) {
    let records = match read::<T>(file) {
        Ok(records) => records,
        Err(error) => {
            let message = error.to_string();
            assert!(message.len() <= 500, "{} bytes of message", message.len());
            return;
        }
    };
    let mut written = Vec::new();
    for record in &records {
        records::push(&mut written, record);
    }
    assert_eq!(written.len(), file.len());
    assert_eq!(
        read::<T>(&written).as_ref(),
        Ok(&records),
        "written and read"
    );
}

fn read<T: ReadXdr>(file: &[u8]) -> Result<Vec<T>, Corrupt> {
    let (mut records, mut values) = (records::Records::new(file), Vec::new());
    while records.advance()? {
        values.push(records.only()?);
    }
    Ok(values)
}
