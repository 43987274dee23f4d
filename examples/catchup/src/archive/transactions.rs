//! A checkpoint's transactions: the sets whose hashes stand in the headers.

use super::tx_set_file::TxSetReader;
use super::{Corrupt, Hash, Header, records, records::Records};
use crate::ledger::{AccountKey, Action, Transaction};
use std::io::Read;
use stellar_xdr::{
    AccountId, Asset, CreateAccountOp, GeneralizedTransactionSet, Memo, MuxedAccount, Operation,
    OperationBody, ParallelTxsComponent, PaymentOp, Preconditions, PublicKey, SequenceNumber,
    TransactionEnvelope, TransactionExt, TransactionPhase, TransactionSetV1, TransactionV1Envelope,
    TxSetComponent, TxSetComponentTxsMaybeDiscountedFee, Uint256, VecM,
};

/// From this protocol on a set is a generalized one: it has phases, and is hashed as a whole.
const GENERALIZED_SINCE: u32 = 20;

/// From this protocol on the second phase is the parallel one.
const PARALLEL_SINCE: u32 = 23;

/// The transactions of a checkpoint, read a ledger at a time and checked against the ledgers' headers.
pub struct TransactionFile<R> {
    records: Records<R>,
    network: Hash,
    /// The ledger of the record that comes next, once its head has been read.
    next: Option<u32>,
}

impl<R: Read> TransactionFile<R> {
    /// Reads the unpacked `file` of the network with this id.
    pub fn new(file: R, network: Hash) -> TransactionFile<R> {
        TransactionFile {
            records: Records::new(file),
            network,
            next: None,
        }
    }

    /// Reads the transactions of this ledger; each is given to `visit` before the hash of all of them has been
    /// compared. A ledger without a record had none: then its header must hold the hash of the empty set.
    ///
    /// # Errors
    /// [`Corrupt`], naming the ledger.
    pub fn ledger(
        &mut self,
        header: &Header,
        visit: &mut dyn FnMut(Transaction),
    ) -> Result<(), Corrupt> {
        // A set of another hash may hold anything: that comes first.
        let mut refused = None;
        let found = match self.peek()? == Some(header.ledger) {
            false => empty_set_hash(header),
            true => {
                let network = self.network;
                let mut take =
                    |envelope: &TransactionEnvelope| match read_envelope(envelope, network) {
                        Ok(transaction) => visit(transaction),
                        Err(corrupt) => refused = refused.take().or(Some(corrupt)),
                    };
                let set = TxSetReader::new(&mut self.records, &mut take);
                let hash = set.read()?;
                self.next = None;
                hash
            }
        };
        let what = format!("the transactions of ledger {}", header.ledger);
        Corrupt::unless_equal(what, header.tx_set, found)?;
        refused.map_or(Ok(()), Err)
    }

    /// Checks that nothing follows.
    ///
    /// # Errors
    /// [`Corrupt`], if something does.
    pub fn end(mut self) -> Result<(), Corrupt> {
        match self.peek()? {
            Some(ledger) => Err(Corrupt::Format(format!(
                "transactions of ledger {ledger} where there should be none"
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
}

/// Checks a checkpoint's transactions against its headers.
///
/// # Errors
/// [`Corrupt`], naming the ledger.
pub fn check_transactions(
    file: impl Read,
    headers: &[Header],
    network: Hash,
) -> Result<(), Corrupt> {
    let mut file = TransactionFile::new(file, network);
    for header in headers {
        file.ledger(header, &mut |_| ())?;
    }
    file.end()
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

fn empty_set_hash(header: &Header) -> Hash {
    match header.version < GENERALIZED_SINCE {
        // Before that: the hash of the previous ledger's hash and the envelopes, one after the other.
        true => Hash::of(&header.previous.0),
        false => tx_set_hash(&tx_set(header.previous, header.version, Vec::new())),
    }
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
