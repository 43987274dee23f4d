//! A checkpoint's transactions: the sets whose hashes stand in the headers.

use super::{Corrupt, Hash, Header, records};
use crate::ledger::{AccountKey, Action, Transaction};
use stellar_xdr::{
    AccountId, Asset, CreateAccountOp, GeneralizedTransactionSet, Memo, MuxedAccount, Operation,
    OperationBody, ParallelTxsComponent, PaymentOp, Preconditions, PublicKey, SequenceNumber,
    TransactionEnvelope, TransactionExt, TransactionHistoryEntry, TransactionHistoryEntryExt,
    TransactionPhase, TransactionSet, TransactionSetV1, TransactionV1Envelope, TxSetComponent,
    TxSetComponentTxsMaybeDiscountedFee, Uint256, VecM,
};

/// From this protocol on a set is a generalized one: it has phases, and is hashed as a whole.
const GENERALIZED_SINCE: u32 = 20;

/// From this protocol on the second phase is the parallel one.
const PARALLEL_SINCE: u32 = 23;

/// Reads the transactions of each ledger of a checkpoint, checked against the ledgers' headers. A ledger without a
/// record had no transactions: then its header must hold the hash of the empty set.
///
/// # Errors
/// [`Corrupt`], naming the ledger.
pub fn read_transactions(
    file: &[u8],
    headers: &[Header],
    network: Hash,
) -> Result<Vec<Vec<Transaction>>, Corrupt> {
    let entries: Vec<TransactionHistoryEntry> = records::read(file)?;
    let mut entries = entries.iter().peekable();
    let mut ledgers = Vec::with_capacity(headers.len());
    for header in headers {
        let entry = entries.next_if(|entry| entry.ledger_seq == header.ledger);
        let found = entry.map_or_else(|| empty_set_hash(header), entry_hash);
        let what = format!("the transactions of ledger {}", header.ledger);
        Corrupt::unless_equal(what, header.tx_set, found)?;
        let envelopes = entry.map(envelopes).unwrap_or_default();
        let transactions = envelopes
            .into_iter()
            .map(|envelope| read_envelope(envelope, network));
        ledgers.push(transactions.collect::<Result<_, _>>()?);
    }
    match entries.next() {
        Some(stray) => Err(Corrupt::Format(format!(
            "transactions of ledger {} where there should be none",
            stray.ledger_seq
        ))),
        None => Ok(ledgers),
    }
}

/// The set of these transactions that follows the ledger with this hash.
pub fn tx_set(
    previous: Hash,
    version: u32,
    envelopes: Vec<TransactionEnvelope>,
) -> GeneralizedTransactionSet {
    let component = |txs| {
        TxSetComponent::TxsetCompTxsMaybeDiscountedFee(TxSetComponentTxsMaybeDiscountedFee {
            base_fee: None,
            txs: bounded(txs),
        })
    };
    let components = match envelopes.is_empty() {
        true => Vec::new(),
        false => vec![component(envelopes)],
    };
    let contracts = match version >= PARALLEL_SINCE {
        true => TransactionPhase::V1(ParallelTxsComponent::default()),
        false => TransactionPhase::V0(VecM::default()),
    };
    GeneralizedTransactionSet::V1(TransactionSetV1 {
        previous_ledger_hash: previous.into(),
        phases: bounded(vec![TransactionPhase::V0(bounded(components)), contracts]),
    })
}

/// The hash that stands in the header of a ledger with this set.
pub fn tx_set_hash(set: &GeneralizedTransactionSet) -> Hash {
    Hash::of(&records::encode(set))
}

/// Before protocol 20: the hash of the previous ledger's hash and the envelopes, one after the other.
fn legacy_set_hash(previous: Hash, envelopes: &[TransactionEnvelope]) -> Hash {
    let envelopes: Vec<Vec<u8>> = envelopes.iter().map(records::encode).collect();
    let parts = envelopes.iter().map(Vec::as_slice);
    Hash::of_parts([&previous.0[..]].into_iter().chain(parts))
}

fn empty_set_hash(header: &Header) -> Hash {
    match header.version < GENERALIZED_SINCE {
        true => legacy_set_hash(header.previous, &[]),
        false => tx_set_hash(&tx_set(header.previous, header.version, Vec::new())),
    }
}

fn entry_hash(entry: &TransactionHistoryEntry) -> Hash {
    match &entry.ext {
        TransactionHistoryEntryExt::V1(set) => tx_set_hash(set),
        TransactionHistoryEntryExt::V0 => {
            let TransactionSet {
                previous_ledger_hash,
                txs,
            } = &entry.tx_set;
            legacy_set_hash(previous_ledger_hash.into(), txs)
        }
    }
}

/// The envelopes of the classic phase; the phase of contracts is refused later, by being unknown.
fn envelopes(entry: &TransactionHistoryEntry) -> Vec<&TransactionEnvelope> {
    let TransactionHistoryEntryExt::V1(GeneralizedTransactionSet::V1(set)) = &entry.ext else {
        return entry.tx_set.txs.iter().collect();
    };
    let mut all = Vec::new();
    for phase in set.phases.iter() {
        match phase {
            TransactionPhase::V0(components) => {
                for TxSetComponent::TxsetCompTxsMaybeDiscountedFee(component) in components.iter() {
                    all.extend(component.txs.iter());
                }
            }
            TransactionPhase::V1(parallel) => {
                let clusters = parallel.execution_stages.iter().flat_map(|s| s.0.iter());
                all.extend(clusters.flat_map(|cluster| cluster.0.iter()));
            }
        }
    }
    all
}

/// What this example needs of a transaction.
///
/// # Errors
/// [`Corrupt::Unsupported`], if it is anything but one payment or one new account.
pub fn read_envelope(
    envelope: &TransactionEnvelope,
    network: Hash,
) -> Result<Transaction, Corrupt> {
    let unsupported = |what: &str| Corrupt::Unsupported(what.to_owned());
    let TransactionEnvelope::Tx(v1) = envelope else {
        return Err(unsupported("a transaction of another form"));
    };
    let [operation] = v1.tx.operations.as_slice() else {
        return Err(unsupported("a transaction of several operations"));
    };
    let hash = v1
        .hash(network.0)
        .map_err(|error| Corrupt::Format(error.to_string()))?;
    Ok(Transaction {
        hash: Hash(hash),
        source: account(&v1.tx.source_account)?,
        fee_limit: v1.tx.fee,
        sequence: v1.tx.seq_num.0,
        action: action(&operation.body)?,
    })
}

fn action(body: &OperationBody) -> Result<Action, Corrupt> {
    match body {
        OperationBody::CreateAccount(create) => Ok(Action::Create {
            account: (&create.destination).into(),
            amount: create.starting_balance,
        }),
        OperationBody::Payment(payment) if payment.asset == Asset::Native => Ok(Action::Pay {
            to: account(&payment.destination)?,
            amount: payment.amount,
        }),
        other => Err(Corrupt::Unsupported(format!(
            "an operation of the kind {}",
            other.name()
        ))),
    }
}

fn account(account: &MuxedAccount) -> Result<AccountKey, Corrupt> {
    match account {
        MuxedAccount::Ed25519(key) => Ok(AccountKey(key.0)),
        MuxedAccount::MuxedEd25519(_) => Err(Corrupt::Unsupported("a muxed account".to_owned())),
    }
}

/// An unsigned transaction: nothing here checks signatures, which do not count in a transaction's hash either.
pub fn envelope(
    source: AccountKey,
    sequence: i64,
    fee_limit: u32,
    action: Action,
) -> TransactionEnvelope {
    let body = match action {
        Action::Create { account, amount } => OperationBody::CreateAccount(CreateAccountOp {
            destination: account.into(),
            starting_balance: amount,
        }),
        Action::Pay { to, amount } => OperationBody::Payment(PaymentOp {
            destination: MuxedAccount::Ed25519(Uint256(to.0)),
            asset: Asset::Native,
            amount,
        }),
    };
    let operation = Operation {
        source_account: None,
        body,
    };
    TransactionEnvelope::Tx(TransactionV1Envelope {
        tx: stellar_xdr::Transaction {
            source_account: MuxedAccount::Ed25519(Uint256(source.0)),
            fee: fee_limit,
            seq_num: SequenceNumber(sequence),
            cond: Preconditions::None,
            memo: Memo::None,
            operations: bounded(vec![operation]),
            ext: TransactionExt::V0,
        },
        signatures: VecM::default(),
    })
}

impl From<AccountKey> for AccountId {
    fn from(key: AccountKey) -> Self {
        AccountId(PublicKey::PublicKeyTypeEd25519(Uint256(key.0)))
    }
}

impl From<&AccountId> for AccountKey {
    fn from(id: &AccountId) -> Self {
        let PublicKey::PublicKeyTypeEd25519(key) = &id.0;
        AccountKey(key.0)
    }
}

/// A list as XDR has it. The lists made here are far shorter than the longest that XDR allows.
fn bounded<T, const MAX: u32>(list: Vec<T>) -> VecM<T, MAX> {
    list.try_into().expect("a list of this program is short")
}
