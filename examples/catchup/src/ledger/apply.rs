//! Applying a ledger: each transaction is executed again, and must come to what the archive says.

use super::state::MOST_ACCOUNTS;
use super::{Account, Action, Ledger, Transaction, TxResult};
use crate::archive::Header;
use thiserror::Error;

/// Why a ledger cannot be applied, although its hashes are right.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("ledger {ledger} cannot be applied: {why}")]
pub struct ApplyError {
    /// The ledger.
    pub ledger: u32,
    /// What is wrong with it.
    pub why: String,
}

/// What executing a transaction came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Execution {
    /// The fee that was taken.
    pub fee_charged: i64,
    /// Whether the action was done.
    pub succeeded: bool,
}

/// A ledger that is being applied: its transactions are there, its results come one by one.
pub struct Applying<'a> {
    ledger: &'a mut Ledger,
    header: &'a Header,
    /// By hash: results come in another order.
    transactions: Vec<Transaction>,
    results: usize,
    failed: Option<String>,
}

impl Ledger {
    /// Applies the next ledger. After an error the ledger is of no use any more: it may be anywhere in between.
    ///
    /// # Errors
    /// [`ApplyError`]: it is not the next one, or comes to something else than its header and results say.
    pub fn apply(
        &mut self,
        header: &Header,
        transactions: Vec<Transaction>,
        results: &[TxResult],
    ) -> Result<(), ApplyError> {
        let mut applying = Applying::new(self, header, transactions)?;
        for result in results {
            applying.result(result);
        }
        applying.close()
    }

    /// Takes the fee, counts the source's sequence number up, and does the action if that is possible.
    ///
    /// # Errors
    /// The transaction should not be in a ledger at all: it is not its source's next, or cannot pay its fee. Or the
    /// ledger would have more accounts than are possible here.
    pub fn execute(
        &mut self,
        transaction: &Transaction,
        base_fee: u32,
        ledger: u32,
    ) -> Result<Execution, String> {
        let invalid = |why: &str| format!("transaction {} {why}", transaction.hash);
        let fee = i64::from(base_fee);
        let source = self
            .accounts
            .get_mut(&transaction.source)
            .ok_or_else(|| invalid("has no source account"))?;
        if transaction.sequence != source.sequence.saturating_add(1) {
            return Err(invalid("is not its source's next"));
        }
        if transaction.fee_limit < base_fee || source.balance < fee {
            return Err(invalid("cannot pay its fee"));
        }
        source.balance -= fee;
        source.sequence = transaction.sequence;
        source.modified = ledger;
        self.fee_pool = self
            .fee_pool
            .checked_add(fee)
            .ok_or_else(|| invalid("overflows the fee pool"))?;
        let succeeded = self.act(transaction, ledger).is_some();
        match self.accounts.len() > MOST_ACCOUNTS {
            true => Err(invalid(&format!(
                "makes more than the {MOST_ACCOUNTS} accounts that are possible here"
            ))),
            false => Ok(Execution {
                fee_charged: fee,
                succeeded,
            }),
        }
    }

    /// Does the action, or nothing.
    fn act(&mut self, transaction: &Transaction, ledger: u32) -> Option<()> {
        let (to, amount) = match transaction.action {
            Action::Create { account, amount } if !self.accounts.contains_key(&account) => {
                (account, amount)
            }
            Action::Pay { to, amount } if self.accounts.contains_key(&to) => (to, amount),
            _ => return None,
        };
        let left = self.accounts[&transaction.source]
            .balance
            .checked_sub(amount);
        let left = left.filter(|left| *left >= 0 && amount >= 0)?;
        let held = self.accounts.get(&to).map_or(0, |account| account.balance);
        held.checked_add(amount)?;
        self.accounts.get_mut(&transaction.source)?.balance = left;
        let new = Account {
            balance: 0,
            sequence: 0,
            modified: ledger,
        };
        let target = self.accounts.entry(to).or_insert(new);
        target.balance += amount;
        target.modified = ledger;
        Some(())
    }
}

impl<'a> Applying<'a> {
    /// Begins with the ledger of this header, which must follow `ledger`.
    ///
    /// # Errors
    /// [`ApplyError`]: it does not.
    pub fn new(
        ledger: &'a mut Ledger,
        header: &'a Header,
        mut transactions: Vec<Transaction>,
    ) -> Result<Applying<'a>, ApplyError> {
        if header.ledger != ledger.ledger + 1 || header.previous != ledger.hash {
            return Err(ApplyError {
                ledger: header.ledger,
                why: format!(
                    "it follows ledger {} with hash {}, but the last one applied is ledger {} with hash {}",
                    header.ledger.saturating_sub(1),
                    header.previous,
                    ledger.ledger,
                    ledger.hash
                ),
            });
        }
        // A set is in this order on the real network, but its hash does not depend on that.
        transactions.sort_unstable_by_key(|transaction| transaction.hash);
        Ok(Applying {
            ledger,
            header,
            transactions,
            results: 0,
            failed: None,
        })
    }

    /// Executes the transaction of the next result. After a failure nothing is done any more.
    pub fn result(&mut self, result: &TxResult) {
        self.results += 1;
        if self.failed.is_none() {
            self.failed = self.replay(result).err();
        }
    }

    fn replay(&mut self, result: &TxResult) -> Result<(), String> {
        let hash = result.transaction;
        let found = self
            .transactions
            .binary_search_by_key(&hash, |transaction| transaction.hash);
        let transaction = match found {
            Ok(nth) => &self.transactions[nth],
            Err(_) => {
                return Err(format!(
                    "a result of transaction {hash}, which is not in it"
                ));
            }
        };
        let header = self.header;
        let execution = self
            .ledger
            .execute(transaction, header.base_fee, header.ledger)?;
        match (execution.fee_charged, execution.succeeded) == (result.fee_charged, result.succeeded)
        {
            true => Ok(()),
            false => Err(format!(
                "transaction {hash} comes to {execution:?}, but the archive says {result:?}"
            )),
        }
    }

    /// Ends with what the header says of the whole.
    ///
    /// # Errors
    /// [`ApplyError`]: the ledger comes to something else than its header and results say.
    pub fn close(mut self) -> Result<(), ApplyError> {
        self.check().map_err(|why| ApplyError {
            ledger: self.header.ledger,
            why,
        })?;
        (self.ledger.ledger, self.ledger.hash) = (self.header.ledger, self.header.hash);
        Ok(())
    }

    fn check(&mut self) -> Result<(), String> {
        if self.transactions.len() != self.results {
            let count = self.transactions.len();
            return Err(format!("{count} transactions but {} results", self.results));
        }
        if let Some(why) = self.failed.take() {
            return Err(why);
        }
        let ours = (self.ledger.total_coins, self.ledger.fee_pool);
        let theirs = (self.header.total_coins, self.header.fee_pool);
        match ours == theirs {
            true => Ok(()),
            false => Err(format!(
                "it comes to (coins, fees) = {ours:?}, but its header says {theirs:?}"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::Hash;
    use crate::ledger::AccountKey;

    #[test]
    fn there_are_no_more_accounts_than_are_possible() {
        let mut ledger = Ledger::origin(Hash::ZERO, 1_000);
        let account = *ledger.accounts.values().next().unwrap();
        let key = |number: usize| AccountKey(Hash::of(&number.to_be_bytes()).0);
        let rest = (0..MOST_ACCOUNTS - 2).map(|number| (key(number), account));
        ledger.accounts.extend(rest);
        let mut create = |number: usize, sequence| {
            let transaction = Transaction {
                hash: Hash::ZERO,
                source: AccountKey(Hash::ZERO.0),
                fee_limit: 1,
                sequence,
                action: Action::Create {
                    account: key(number),
                    amount: 1,
                },
            };
            ledger.execute(&transaction, 1, 1)
        };
        assert!(create(MOST_ACCOUNTS, 1).unwrap().succeeded);
        let error = create(MOST_ACCOUNTS + 1, 2).unwrap_err();
        assert!(error.contains("more than the 200000 accounts"), "{error}");
    }
}
