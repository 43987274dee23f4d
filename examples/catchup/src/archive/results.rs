//! What became of a checkpoint's transactions: the result sets whose hashes stand in the headers.

use super::{Corrupt, Hash, Header, records};
use crate::ledger::{Action, TxResult};
use stellar_xdr::{
    CreateAccountResult, OperationResult, OperationResultTr, PaymentResult,
    TransactionHistoryResultEntry, TransactionResult, TransactionResultExt, TransactionResultPair,
    TransactionResultResult, TransactionResultSet, VecM,
};

/// Reads the results of each ledger of a checkpoint, checked against the ledgers' headers. A ledger without a record
/// had none: then its header must hold the hash of the empty set.
///
/// # Errors
/// [`Corrupt`], naming the ledger.
pub fn read_results(file: &[u8], headers: &[Header]) -> Result<Vec<Vec<TxResult>>, Corrupt> {
    let entries: Vec<TransactionHistoryResultEntry> = records::read(file)?;
    let mut entries = entries.iter().peekable();
    let empty = TransactionResultSet::default();
    let mut ledgers = Vec::with_capacity(headers.len());
    for header in headers {
        let entry = entries.next_if(|entry| entry.ledger_seq == header.ledger);
        let set = entry.map_or(&empty, |entry| &entry.tx_result_set);
        let what = format!("the results of ledger {}", header.ledger);
        Corrupt::unless_equal(what, header.results, results_hash(set))?;
        ledgers.push(set.results.iter().map(result).collect());
    }
    match entries.next() {
        Some(stray) => Err(Corrupt::Format(format!(
            "results of ledger {} where there should be none",
            stray.ledger_seq
        ))),
        None => Ok(ledgers),
    }
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
