//! Archives of one checkpoint with as many payments as somebody wants.

use catchup::archive::{
    ArchiveState, File, Hash, Header, Level, envelope, gzip, header_entry, read_envelope, records,
    result_pair, results_hash, tx_set, tx_set_hash, write_bucket,
};
use catchup::ledger::{Action, Ledger, Transaction, TxResult};
use catchup::maker::Files;
use std::collections::BTreeMap;
use stellar_xdr::{
    LedgerHeader, TransactionEnvelope, TransactionHistoryEntry, TransactionHistoryEntryExt,
    TransactionHistoryResultEntry, TransactionResultSet,
};

const PASSPHRASE: &str = "payments";
const COINS: i64 = 1_000_000_000_000;
const FEE: u32 = 100;

/// The only account's next payment, to itself.
fn payment(ledger: &Ledger, network: Hash) -> (TransactionEnvelope, Transaction) {
    let (key, account) = ledger.accounts.iter().next().unwrap();
    let action = Action::Pay {
        to: *key,
        amount: 1,
    };
    let envelope = envelope(*key, account.sequence + 1, FEE, action);
    let transaction = read_envelope(&envelope, network).unwrap();
    (envelope, transaction)
}

/// The payments of a ledger, and what becomes of them.
pub fn executed(
    ledger: &mut Ledger,
    count: usize,
) -> (Vec<(TransactionEnvelope, Transaction)>, Vec<TxResult>) {
    let network = Hash::of(PASSPHRASE.as_bytes());
    let mut results = Vec::new();
    let payments = (0..count).map(|_| {
        let payment = payment(ledger, network);
        let execution = ledger.execute(&payment.1, FEE, ledger.ledger + 1).unwrap();
        results.push(TxResult {
            transaction: payment.1.hash,
            fee_charged: execution.fee_charged,
            succeeded: execution.succeeded,
        });
        payment
    });
    let mut payments: Vec<_> = payments.collect();
    payments.sort_by_key(|(_, transaction)| transaction.hash);
    (payments, results)
}

/// Before the first payment.
pub fn origin() -> Ledger {
    Ledger::origin(Hash::of(PASSPHRASE.as_bytes()), COINS)
}

/// The header of the next ledger, before it knows what comes before it.
fn header(ledger: &Ledger) -> LedgerHeader {
    LedgerHeader {
        ledger_version: 22,
        ledger_seq: ledger.ledger + 1,
        total_coins: COINS,
        fee_pool: ledger.fee_pool,
        base_fee: FEE,
        ..LedgerHeader::default()
    }
}

/// An archive with this many payments in each of these ledgers.
pub fn archive(counts: &BTreeMap<u32, usize>) -> Files {
    let (mut ledger, mut headers) = (origin(), Vec::new());
    let (mut sets, mut results) = (Vec::new(), Vec::new());
    for number in 1..=63 {
        let (payments, executed) = executed(&mut ledger, counts.get(&number).copied().unwrap_or(0));
        let pairs = executed
            .iter()
            .map(|result| result_pair(result, payments[0].1.action));
        let result_set = TransactionResultSet {
            results: pairs.collect::<Vec<_>>().try_into().unwrap(),
        };
        let mut header = header(&ledger);
        header.tx_set_result_hash = results_hash(&result_set).into();
        let envelopes = payments.into_iter().map(|(envelope, _)| envelope).collect();
        // The set names the ledger before; whether rightly, is nothing that is checked in one that is not empty.
        let set = tx_set(Hash::ZERO, 22, envelopes);
        header.scp_value.tx_set_hash = tx_set_hash(&set).into();
        if !executed.is_empty() {
            records::push(
                &mut sets,
                &TransactionHistoryEntry {
                    ledger_seq: number,
                    ext: TransactionHistoryEntryExt::V1(set),
                    ..TransactionHistoryEntry::default()
                },
            );
            records::push(
                &mut results,
                &TransactionHistoryResultEntry {
                    ledger_seq: number,
                    tx_result_set: result_set,
                    ..TransactionHistoryResultEntry::default()
                },
            );
        }
        ledger.ledger = number;
        headers.push((header, executed.is_empty()));
    }
    assemble(&ledger, headers, &sets, &results)
}

fn assemble(
    ledger: &Ledger,
    headers: Vec<(LedgerHeader, bool)>,
    sets: &[u8],
    results: &[u8],
) -> Files {
    let at = crate::common::nth(0);
    let accounts = ledger
        .accounts
        .iter()
        .map(|(key, account)| (*key, Some(*account)));
    let bucket = write_bucket(&accounts.collect(), 22);
    let mut levels = vec![Level::default(); catchup::archive::LEVELS];
    levels[0].curr = Hash::of(&bucket);
    let state = ArchiveState {
        checkpoint: at,
        passphrase: PASSPHRASE.to_owned(),
        levels,
    };
    let (mut previous, mut file) = (Hash::ZERO, Vec::new());
    for (mut header, is_empty) in headers {
        header.previous_ledger_hash = previous.into();
        header.bucket_list_hash = state.bucket_list_hash().into();
        if is_empty {
            header.scp_value.tx_set_hash = tx_set_hash(&tx_set(previous, 22, Vec::new())).into();
        }
        previous = Header::of(&header).hash;
        records::push(&mut file, &header_entry(header, previous));
    }
    let json = state.to_json().into_bytes();
    Files::from([
        (File::Root, json.clone()),
        (File::State(at), json),
        (File::Ledger(at), gzip::pack(&file)),
        (File::Transactions(at), gzip::pack(sets)),
        (File::Results(at), gzip::pack(results)),
        (File::Bucket(Hash::of(&bucket)), gzip::pack(&bucket)),
    ])
}
