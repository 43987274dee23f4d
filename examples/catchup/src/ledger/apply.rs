//! Applying a ledger: each transaction is executed again, and must come to what the archive says.

use super::{Account, Action, Ledger, Transaction, TxResult};
use crate::archive::{Hash, Header};
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

impl Ledger {
    /// Applies the next ledger. After an error the ledger is of no use any more: it may be anywhere in between.
    ///
    /// # Errors
    /// [`ApplyError`]: it is not the next one, or comes to something else than its header and results say.
    pub fn apply(
        &mut self,
        header: &Header,
        transactions: &[Transaction],
        results: &[TxResult],
    ) -> Result<(), ApplyError> {
        let applied = self.replay(header, transactions, results);
        applied.map_err(|why| ApplyError {
            ledger: header.ledger,
            why,
        })
    }

    fn replay(
        &mut self,
        header: &Header,
        transactions: &[Transaction],
        results: &[TxResult],
    ) -> Result<(), String> {
        if header.ledger != self.ledger + 1 || header.previous != self.hash {
            return Err(format!(
                "it follows ledger {} with hash {}, but the last one applied is ledger {} with hash {}",
                header.ledger.saturating_sub(1),
                header.previous,
                self.ledger,
                self.hash
            ));
        }
        if transactions.len() != results.len() {
            return Err(format!(
                "{} transactions but {} results",
                transactions.len(),
                results.len()
            ));
        }
        for result in results {
            let transaction = find(transactions, result.transaction)?;
            let execution = self.execute(transaction, header.base_fee, header.ledger)?;
            if (execution.fee_charged, execution.succeeded)
                != (result.fee_charged, result.succeeded)
            {
                return Err(format!(
                    "transaction {} comes to {execution:?}, but the archive says {result:?}",
                    transaction.hash
                ));
            }
        }
        self.check_totals(header)?;
        (self.ledger, self.hash) = (header.ledger, header.hash);
        Ok(())
    }

    fn check_totals(&self, header: &Header) -> Result<(), String> {
        let ours = (self.total_coins, self.fee_pool);
        let theirs = (header.total_coins, header.fee_pool);
        match ours == theirs {
            true => Ok(()),
            false => Err(format!(
                "it comes to (coins, fees) = {ours:?}, but its header says {theirs:?}"
            )),
        }
    }

    /// Takes the fee, counts the source's sequence number up, and does the action if that is possible.
    ///
    /// # Errors
    /// The transaction should not be in a ledger at all: it is not its source's next, or cannot pay its fee.
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
        Ok(Execution {
            fee_charged: fee,
            succeeded: self.act(transaction, ledger).is_some(),
        })
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

fn find(transactions: &[Transaction], hash: Hash) -> Result<&Transaction, String> {
    transactions
        .iter()
        .find(|transaction| transaction.hash == hash)
        .ok_or_else(|| format!("a result of transaction {hash}, which is not in it"))
}
