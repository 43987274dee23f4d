//! What became of a checkpoint's transactions: the result sets whose hashes stand in the headers.

use super::{Corrupt, Hash, Header, records, records::Records};
use crate::ledger::{Action, TxResult};
use sha2::{Digest, Sha256};
use std::io::Read;
use stellar_xdr::{
    CreateAccountResult, OperationResult, OperationResultTr, PaymentResult,
    TransactionHistoryResultEntryExt, TransactionResult, TransactionResultExt,
    TransactionResultPair, TransactionResultResult, TransactionResultSet, VecM,
};

/// The results of a checkpoint, read a ledger at a time and checked against the ledgers' headers.
pub struct ResultFile<R> {
    records: Records<R>,
    /// The ledger of the record that comes next, once its head has been read.
    next: Option<u32>,
}

impl<R: Read> ResultFile<R> {
    /// Reads the unpacked `file`.
    pub fn new(file: R) -> ResultFile<R> {
        ResultFile {
            records: Records::new(file),
            next: None,
        }
    }

    /// Reads the results of this ledger; each is given to `visit` before the hash of all of them has been compared. A
    /// ledger without a record had none: then its header must hold the hash of the empty set.
    ///
    /// # Errors
    /// [`Corrupt`], naming the ledger.
    pub fn ledger(
        &mut self,
        header: &Header,
        visit: &mut dyn FnMut(TxResult),
    ) -> Result<(), Corrupt> {
        let found = match self.peek()? == Some(header.ledger) {
            true => self.set(visit)?,
            false => results_hash(&TransactionResultSet::default()),
        };
        let what = format!("the results of ledger {}", header.ledger);
        Corrupt::unless_equal(what, header.results, found)
    }

    /// Checks that nothing follows.
    ///
    /// # Errors
    /// [`Corrupt`], if something does.
    pub fn end(mut self) -> Result<(), Corrupt> {
        match self.peek()? {
            Some(ledger) => Err(Corrupt::Format(format!(
                "results of ledger {ledger} where there should be none"
            ))),
            None => Ok(()),
        }
    }

    fn peek(&mut self) -> Result<Option<u32>, Corrupt> {
        if self.next.is_none() && self.records.advance()? {
            self.next = Some(self.records.value()?);
        }
        Ok(self.next)
    }

    /// Reads the rest of a record, and returns the hash of its set.
    fn set(&mut self, visit: &mut dyn FnMut(TxResult)) -> Result<Hash, Corrupt> {
        let records = &mut self.records;
        records.hash_into(Sha256::new());
        let count: u32 = records.value()?;
        for _ in 0..count {
            let pair: TransactionResultPair = records.value()?;
            visit(result(&pair));
        }
        let hash = records.take_hash();
        let _: TransactionHistoryResultEntryExt = records.value()?;
        self.next = None;
        Ok(hash)
    }
}

/// Checks a checkpoint's results against its headers.
///
/// # Errors
/// [`Corrupt`], naming the ledger.
pub fn check_results(file: impl Read, headers: &[Header]) -> Result<(), Corrupt> {
    let mut file = ResultFile::new(file);
    for header in headers {
        file.ledger(header, &mut |_| ())?;
    }
    file.end()
}

/// The hash that stands in the header of a ledger with these results.
pub fn results_hash(set: &TransactionResultSet) -> Hash {
    Hash::of(&records::encode(set))
}

fn result(pair: &TransactionResultPair) -> TxResult {
    TxResult {
        transaction: (&pair.transaction_hash).into(),
        fee_charged: pair.result.fee_charged,
        succeeded: matches!(pair.result.result, TransactionResultResult::TxSuccess(_)),
    }
}

/// The record of a result. A failed payment failed for lack of funds, a failed creation because the account exists.
pub fn result_pair(result: &TxResult, action: Action) -> TransactionResultPair {
    let operation = match (action, result.succeeded) {
        (Action::Pay { .. }, true) => OperationResultTr::Payment(PaymentResult::Success),
        (Action::Pay { .. }, false) => OperationResultTr::Payment(PaymentResult::Underfunded),
        (Action::Create { .. }, true) => {
            OperationResultTr::CreateAccount(CreateAccountResult::Success)
        }
        (Action::Create { .. }, false) => {
            OperationResultTr::CreateAccount(CreateAccountResult::AlreadyExist)
        }
    };
    let operations: VecM<_> = VecM::try_from(vec![OperationResult::OpInner(operation)])
        .expect("one operation is not too many");
    TransactionResultPair {
        transaction_hash: result.transaction.into(),
        result: TransactionResult {
            fee_charged: result.fee_charged,
            result: match result.succeeded {
                true => TransactionResultResult::TxSuccess(operations),
                false => TransactionResultResult::TxFailed(operations),
            },
            ext: TransactionResultExt::V0,
        },
    }
}
