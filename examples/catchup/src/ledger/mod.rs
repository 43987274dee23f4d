//! The ledger that is caught up: accounts that pay each other. Far simpler than Stellar's, yet every result and every
//! fee of an archive is computed again and compared.

mod apply;
mod difference;
mod saved;
mod state;

pub use apply::{ApplyError, Applying, Execution};
pub use difference::{Difference, difference};
pub use state::{Ledger, LedgerFormatError, MOST_ACCOUNTS};

use crate::archive::Hash;
use std::fmt;

/// The key of an account.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AccountKey(pub [u8; 32]);

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Hash(self.0).short())
    }
}

/// What an account has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Account {
    /// Its coins, in the smallest unit.
    pub balance: i64,
    /// The number of its last transaction.
    pub sequence: i64,
    /// The ledger that changed it last.
    pub modified: u32,
}

/// A transaction: one action, paid for by its source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Transaction {
    /// Names it.
    pub hash: Hash,
    /// The account that acts and pays.
    pub source: AccountKey,
    /// The highest fee that the source will pay.
    pub fee_limit: u32,
    /// One more than the source's last.
    pub sequence: i64,
    /// What it does.
    pub action: Action,
}

/// What a transaction does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Makes a new account with coins of the source.
    Create {
        /// The new account.
        account: AccountKey,
        /// Coins it begins with.
        amount: i64,
    },
    /// Pays coins of the source.
    Pay {
        /// To whom.
        to: AccountKey,
        /// How many.
        amount: i64,
    },
}

/// What became of a transaction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TxResult {
    /// The transaction's hash.
    pub transaction: Hash,
    /// The fee that was taken.
    pub fee_charged: i64,
    /// Whether its action was done. The fee is taken either way.
    pub succeeded: bool,
}
