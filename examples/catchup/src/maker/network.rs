//! The network whose life an archive holds: accounts come into being and pay each other.

use crate::archive::{
    BucketEntries, Hash, Header, envelope, header_entry, read_envelope, records, result_pair,
    results_hash, tx_set, tx_set_hash,
};
use crate::ledger::{AccountKey, Action, Ledger, Transaction, TxResult};
use crate::random;
use crankwork::Stream;
use stellar_xdr::{
    GeneralizedTransactionSet, LedgerHeader, LedgerHeaderHistoryEntry, StellarValue, TimePoint,
    TransactionEnvelope, TransactionHistoryEntry, TransactionHistoryEntryExt,
    TransactionHistoryResultEntry, TransactionHistoryResultEntryExt, TransactionResultSet,
    TransactionSet, VecM,
};

/// The network's passphrase; its hash is the network's id.
pub const PASSPHRASE: &str = "crankwork catchup example ; not a real network";

/// The protocol in force.
pub const PROTOCOL: u32 = 22;

const TOTAL_COINS: i64 = 1_000_000_000_000_000_000;
const BASE_FEE: u32 = 100;
const MOST_ACCOUNTS: usize = 400;
const FIRST_BALANCE: i64 = 1_000_000_000;

/// Ledgers have 0 to this many transactions.
const MOST_TRANSACTIONS: u64 = 6;

/// A network at work.
pub struct Network {
    id: Hash,
    ledger: Ledger,
    /// All accounts, in the order in which they came into being.
    keys: Vec<AccountKey>,
    random: Stream,
}

/// A ledger whose transactions have been executed, but which has no header yet.
pub struct Open {
    number: u32,
    set: GeneralizedTransactionSet,
    results: TransactionResultSet,
}

/// A ledger and its header.
pub struct Closed {
    open: Open,
    entry: LedgerHeaderHistoryEntry,
}

impl Network {
    /// Before ledger 1.
    pub fn new(seed: u64) -> Network {
        let id = Hash::of(PASSPHRASE.as_bytes());
        Network {
            id,
            ledger: Ledger::origin(id, TOTAL_COINS),
            keys: vec![AccountKey(id.0)],
            random: random::stream(seed, "network", 0),
        }
    }

    /// The hash of the last closed ledger.
    pub fn last_hash(&self) -> Hash {
        self.ledger.hash
    }

    /// Executes the next ledger's transactions. The set is in the order of their hashes, the results in the order in
    /// which they were executed, as on the real network.
    pub fn execute(&mut self) -> Open {
        let number = self.ledger.ledger + 1;
        let count = match number {
            1 => 0,
            _ => self.random.below(MOST_TRANSACTIONS + 1),
        };
        let mut executed: Vec<(Hash, TransactionEnvelope)> = Vec::new();
        let mut results = Vec::new();
        for _ in 0..count {
            let envelope = self.draw();
            let transaction = read_envelope(&envelope, self.id)
                .expect("the network makes what the archive can hold");
            let result = self.execute_one(&transaction, number);
            results.push(result_pair(&result, transaction.action));
            executed.push((transaction.hash, envelope));
        }
        executed.sort_by_key(|(hash, _)| *hash);
        let envelopes = executed.into_iter().map(|(_, envelope)| envelope).collect();
        Open {
            number,
            set: tx_set(self.ledger.hash, PROTOCOL, envelopes),
            results: TransactionResultSet {
                results: VecM::try_from(results).expect("a ledger has few results"),
            },
        }
    }

    fn execute_one(&mut self, transaction: &Transaction, number: u32) -> TxResult {
        let execution = self
            .ledger
            .execute(transaction, BASE_FEE, number)
            .expect("the network makes valid transactions");
        TxResult {
            transaction: transaction.hash,
            fee_charged: execution.fee_charged,
            succeeded: execution.succeeded,
        }
    }

    /// A valid transaction: a new account, a payment, or now and then a payment of more than there is.
    fn draw(&mut self) -> TransactionEnvelope {
        let grows = self.keys.len() < MOST_ACCOUNTS && self.random.below(3) == 0;
        if grows || self.keys.len() < 2 {
            let number = self.keys.len() as u64;
            let account = AccountKey(Hash::of_parts([&self.id.0[..], &number.to_be_bytes()]).0);
            let amount = FIRST_BALANCE + self.random.below(FIRST_BALANCE as u64) as i64;
            let action = Action::Create { account, amount };
            self.keys.push(account);
            return self.envelope(self.keys[0], action);
        }
        let source = self.any_account();
        let amount = match self.random.below(20) {
            0 => i64::MAX,
            _ => 1 + self.random.below(FIRST_BALANCE as u64 / 100) as i64,
        };
        let to = self.any_account();
        self.envelope(source, Action::Pay { to, amount })
    }

    /// An account that can pay a fee: all can, they begin with enough for more fees than they will ever pay.
    fn any_account(&mut self) -> AccountKey {
        let nth = self.random.below(self.keys.len() as u64);
        self.keys[nth as usize]
    }

    fn envelope(&self, source: AccountKey, action: Action) -> TransactionEnvelope {
        let sequence = self.ledger.accounts[&source].sequence + 1;
        envelope(source, sequence, BASE_FEE, action)
    }

    /// Accounts changed in this ledger or later.
    pub fn changed_since(&self, ledger: u32) -> BucketEntries {
        let accounts = self.ledger.accounts.iter();
        let changed = accounts.filter(|(_, account)| account.modified >= ledger);
        changed
            .map(|(key, account)| (*key, Some(*account)))
            .collect()
    }

    /// Gives a ledger its header.
    pub fn close(&mut self, open: Open, bucket_list: Hash) -> Closed {
        let header = LedgerHeader {
            ledger_version: PROTOCOL,
            previous_ledger_hash: self.ledger.hash.into(),
            scp_value: StellarValue {
                tx_set_hash: tx_set_hash(&open.set).into(),
                close_time: TimePoint(1_700_000_000 + 5 * u64::from(open.number)),
                ..StellarValue::default()
            },
            tx_set_result_hash: results_hash(&open.results).into(),
            bucket_list_hash: bucket_list.into(),
            ledger_seq: open.number,
            total_coins: TOTAL_COINS,
            fee_pool: self.ledger.fee_pool,
            base_fee: BASE_FEE,
            base_reserve: 5_000_000,
            max_tx_set_size: 1_000,
            ..LedgerHeader::default()
        };
        let hash = Header::of(&header).hash;
        (self.ledger.ledger, self.ledger.hash) = (open.number, hash);
        Closed {
            open,
            entry: header_entry(header, hash),
        }
    }
}

impl Closed {
    /// Appends the header's record.
    pub fn push_header(&self, file: &mut Vec<u8>) {
        records::push(file, &self.entry);
    }

    /// Appends the record of the transactions, if there are any.
    pub fn push_transactions(&self, file: &mut Vec<u8>) {
        if self.open.results.results.is_empty() {
            return;
        }
        let entry = TransactionHistoryEntry {
            ledger_seq: self.open.number,
            // Empty since sets are generalized; the set itself is in the extension.
            tx_set: TransactionSet::default(),
            ext: TransactionHistoryEntryExt::V1(self.open.set.clone()),
        };
        records::push(file, &entry);
    }

    /// Appends the record of the results, if there are any.
    pub fn push_results(&self, file: &mut Vec<u8>) {
        if self.open.results.results.is_empty() {
            return;
        }
        let entry = TransactionHistoryResultEntry {
            ledger_seq: self.open.number,
            tx_result_set: self.open.results.clone(),
            ext: TransactionHistoryResultEntryExt::V0,
        };
        records::push(file, &entry);
    }
}
