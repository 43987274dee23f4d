//! Contents that cannot be, although all hashes are right: the owner of an archive can make them.

use super::{Case, Forge, check};
use crate::common::nth;
use catchup::archive::{BucketEntries, records};
use catchup::ledger::{Account, AccountKey};
use stellar_xdr::{
    AlphaNum4, Asset, AssetCode4, BucketEntry, LedgerKey, LedgerKeyAccount, LedgerKeyData,
    MuxedAccount, MuxedAccountMed25519, Operation, OperationBody, PublicKey, TransactionEnvelope,
    TransactionResultPair, TransactionResultResult, TransactionV1Envelope, Uint256,
};

/// A ledger with transactions in the third checkpoint.
fn ledger(forge: &Forge) -> u32 {
    let range = nth(2).first()..=nth(2).last();
    let busy = |ledger: &&u32| forge.results[ledger].tx_result_set.results.len() > 2;
    *forge
        .sets
        .range(range)
        .map(|(ledger, _)| ledger)
        .find(busy)
        .unwrap()
}

fn v1(envelope: &mut TransactionEnvelope) -> &mut TransactionV1Envelope {
    match envelope {
        TransactionEnvelope::Tx(v1) => v1,
        _ => panic!("an envelope of another form"),
    }
}

/// Changes the only operation of a transaction.
fn operation(envelope: &mut TransactionEnvelope, change: impl FnOnce(&mut OperationBody)) {
    let tx = &mut v1(envelope).tx;
    let mut operations = tx.operations.to_vec();
    change(&mut operations[0].body);
    tx.operations = operations.try_into().unwrap();
}

type SetChange = (
    &'static str,
    fn(&mut Vec<TransactionEnvelope>),
    &'static str,
);

const SETS: [SetChange; 13] = [
    ("a transaction fewer", |s| drop(s.pop()), "transactions but"),
    (
        "a transaction twice",
        |s| s.push(s[0].clone()),
        "transactions but",
    ),
    (
        "a transaction in another's place",
        |s| s[0] = s[1].clone(),
        "which is not in it",
    ),
    (
        "another fee",
        |s| v1(&mut s[0]).tx.fee += 1,
        "which is not in it",
    ),
    (
        "another sequence number",
        |s| v1(&mut s[0]).tx.seq_num.0 += 1,
        "which is not in it",
    ),
    (
        "another source",
        |s| v1(&mut s[0]).tx.source_account = MuxedAccount::Ed25519(Uint256([7; 32])),
        "which is not in it",
    ),
    (
        "no operations",
        |s| v1(&mut s[0]).tx.operations = Default::default(),
        "several operations",
    ),
    (
        "two operations",
        |s| {
            let tx = &mut v1(&mut s[0]).tx;
            let all = tx.operations.to_vec();
            tx.operations = [&all[..], &all].concat().try_into().unwrap()
        },
        "several operations",
    ),
    (
        "another kind of operation",
        |s| operation(&mut s[0], |o| *o = OperationBody::Inflation),
        "Inflation",
    ),
    (
        "a muxed source",
        |s| {
            v1(&mut s[0]).tx.source_account = MuxedAccount::MuxedEd25519(MuxedAccountMed25519 {
                id: 1,
                ed25519: Uint256([7; 32]),
            })
        },
        "a muxed account",
    ),
    (
        "another asset",
        |s| operation(&mut s[0], credit),
        "an operation of the kind",
    ),
    (
        "an older envelope",
        |s| s[0] = TransactionEnvelope::TxV0(Default::default()),
        "another form",
    ),
    (
        "a hundred operations",
        |s| {
            let tx = &mut v1(&mut s[0]).tx;
            tx.operations = vec![
                Operation {
                    source_account: None,
                    body: OperationBody::Inflation
                };
                100
            ]
            .try_into()
            .unwrap()
        },
        "several operations",
    ),
];

fn credit(body: &mut OperationBody) {
    let asset = Asset::CreditAlphanum4(AlphaNum4 {
        asset_code: AssetCode4(*b"EURO"),
        issuer: stellar_xdr::AccountId(PublicKey::PublicKeyTypeEd25519(Uint256([7; 32]))),
    });
    *body = OperationBody::Payment(stellar_xdr::PaymentOp {
        destination: MuxedAccount::Ed25519(Uint256([7; 32])),
        asset,
        amount: 1,
    });
}

type ResultChange = (
    &'static str,
    fn(&mut Vec<TransactionResultPair>),
    &'static str,
);

const RESULTS: [ResultChange; 9] = [
    ("a result fewer", |r| drop(r.pop()), "results"),
    ("no results", |r| r.clear(), "but 0 results"),
    (
        "a result twice",
        |r| r.push(r[0].clone()),
        "transactions but",
    ),
    (
        "a result in another's place",
        |r| r[0] = r[1].clone(),
        "is not its source's next",
    ),
    (
        "a result of an unknown transaction",
        |r| r[0].transaction_hash.0 = [7; 32],
        "which is not in it",
    ),
    (
        "another fee",
        |r| r[0].result.fee_charged += 1,
        "but the archive says",
    ),
    (
        "a negative fee",
        |r| r[0].result.fee_charged = i64::MIN,
        "but the archive says",
    ),
    (
        "a failure",
        |r| r[0].result.result = TransactionResultResult::TxInternalError,
        "but the archive says",
    ),
    (
        "a success without operations",
        |r| r[0].result.result = TransactionResultResult::TxSuccess(Default::default()),
        "",
    ),
];

#[test]
fn sets_and_results_that_cannot_be() {
    let mut cases = Vec::new();
    let good = nth(1).last();
    for (name, change, says) in SETS {
        let mut forge = Forge::new();
        let ledger = ledger(&forge);
        forge.change_set(ledger, change);
        let which = format!("ledger {ledger}");
        let transactions = catchup::archive::File::Transactions(nth(2)).path();
        let named = match says {
            "transactions but" | "which is not in it" => which,
            _ => transactions,
        };
        cases.push(Case::fails(
            format!("a set with {name}"),
            forge.build(ledger),
            good,
            &[&named, says],
        ));
    }
    for (name, change, says) in RESULTS {
        let mut forge = Forge::new();
        let ledger = ledger(&forge);
        forge.change_results(ledger, change);
        let files = forge.build(ledger);
        let name = format!("results with {name}");
        cases.push(match says {
            "" => Case::passes(name, files),
            _ => Case::fails(
                name,
                files,
                good,
                &[&format!("ledger {ledger} cannot be applied"), says],
            ),
        });
    }
    check("content, replayed", 22, &cases);
}

fn someone() -> (AccountKey, Option<Account>) {
    let account = Account {
        balance: 1,
        sequence: 0,
        modified: 511,
    };
    (AccountKey([7; 32]), Some(account))
}

type AccountChange = (&'static str, fn(&mut BucketEntries));

const ACCOUNTS: [AccountChange; 8] = [
    ("an account more", |all| all.extend([someone()])),
    ("an account that is gone", |all| {
        *all.values_mut().next().unwrap() = None
    }),
    ("no accounts", |all| all.clear()),
    ("a coin more", |all| {
        each(all, 1, |account| account.balance += 1)
    }),
    ("another sequence number", |all| {
        each(all, 1, |account| account.sequence += 1)
    }),
    ("another last change", |all| {
        each(all, 1, |account| account.modified += 1)
    }),
    ("all coins there are", |all| {
        each(all, usize::MAX, |account| account.balance = i64::MAX)
    }),
    ("negative coins", |all| {
        each(all, usize::MAX, |account| account.balance = i64::MIN)
    }),
];

/// Changes this many accounts.
fn each(all: &mut BucketEntries, count: usize, change: fn(&mut Account)) {
    all.values_mut().flatten().take(count).for_each(change);
}

#[test]
fn buckets_with_other_accounts() {
    let cases = ACCOUNTS.map(|(name, change)| {
        let mut forge = Forge::new();
        forge.change_accounts(change);
        let says = ["account", "after replay", "in the buckets"];
        Case::fails(name, forge.build(511), 511, &says)
    });
    check("content, compared", 8, &cases);
}

type BytesChange = (&'static str, fn(Vec<u8>) -> Vec<u8>, &'static str);

const BYTES: [BytesChange; 6] = [
    (
        "half a record",
        |b| b[..b.len() - 8].to_vec(),
        "cannot be read",
    ),
    (
        "its accounts twice",
        |b| [&b[..], &b].concat(),
        "order of the keys",
    ),
    (
        "something that is no account",
        |b| [b, gone(9, true)].concat(),
        "no account",
    ),
    (
        "the smallest account at its end",
        |b| [b, gone(0, false)].concat(),
        "order of the keys",
    ),
    (
        "the same account at its end",
        |b| [b, gone(255, false), gone(255, false)].concat(),
        "order of the keys",
    ),
    (
        "a record of zeros",
        |b| [b, [&[0x80, 0, 4, 0][..], &[0; 1024]].concat()].concat(),
        "bytes too many",
    ),
];

/// The record of an entry that does not exist any more: an account, or something else of one.
fn gone(key: u8, is_data: bool) -> Vec<u8> {
    let account_id = AccountKey([key; 32]).into();
    let data_name = Default::default();
    let key = match is_data {
        true => LedgerKey::Data(LedgerKeyData {
            account_id,
            data_name,
        }),
        false => LedgerKey::Account(LedgerKeyAccount { account_id }),
    };
    let mut record = Vec::new();
    records::push(&mut record, &BucketEntry::Deadentry(key));
    record
}

#[test]
fn buckets_that_hold_something_else() {
    let cases = BYTES.map(|(name, change, says)| {
        let mut forge = Forge::new();
        let path = forge.change_bucket(change).path();
        Case::fails(name, forge.build(511), 0, &[&path, says])
    });
    check("content, buckets", 6, &cases);
}
