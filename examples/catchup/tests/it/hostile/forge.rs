//! Forgeries: an archive taken apart, changed, and put together again with hashes that are right.

use crate::common::{EIGHT, nth};
use catchup::archive::records::{self, Records};
use catchup::archive::{
    ArchiveState, BucketEntries, BucketFile, Checkpoint, File, Hash, Header, gzip, header_entry,
    results_hash, tx_set, tx_set_hash, write_bucket,
};
use catchup::maker::Files;
use std::collections::BTreeMap;
use stellar_xdr::{
    GeneralizedTransactionSet, LedgerHeader, LedgerHeaderHistoryEntry, ReadXdr,
    TransactionEnvelope, TransactionHistoryEntry, TransactionHistoryEntryExt,
    TransactionHistoryResultEntry, TransactionPhase, TransactionResultPair, TxSetComponent,
    WriteXdr,
};

/// An archive of eight checkpoints, taken apart.
pub struct Forge {
    /// From ledger 1 on.
    pub headers: Vec<LedgerHeader>,
    pub sets: BTreeMap<u32, TransactionHistoryEntry>,
    pub results: BTreeMap<u32, TransactionHistoryResultEntry>,
    pub state: ArchiveState,
    files: Files,
}

fn all<T: ReadXdr>(file: File) -> Vec<T> {
    let bytes = unpacked(file);
    let mut records = Records::new(&bytes[..]);
    let mut values = Vec::new();
    while records.advance().unwrap() {
        values.push(records.only().unwrap());
    }
    values
}

/// The contents of a file of the eight checkpoints.
pub fn unpacked(file: File) -> Vec<u8> {
    gzip::unpack(&EIGHT.files[&file], 1 << 30).unwrap()
}

fn packed(values: impl IntoIterator<Item = impl WriteXdr>) -> Vec<u8> {
    let mut file = Vec::new();
    for value in values {
        records::push(&mut file, &value);
    }
    gzip::pack(&file)
}

impl Forge {
    pub fn new() -> Forge {
        let mut forge = Forge {
            headers: Vec::new(),
            sets: BTreeMap::new(),
            results: BTreeMap::new(),
            state: ArchiveState::parse(&EIGHT.files[&File::Root]).unwrap(),
            files: EIGHT.files.clone(),
        };
        for at in (0..8).map(nth) {
            let headers = all::<LedgerHeaderHistoryEntry>(File::Ledger(at));
            forge
                .headers
                .extend(headers.into_iter().map(|entry| entry.header));
            let sets = all::<TransactionHistoryEntry>(File::Transactions(at));
            forge
                .sets
                .extend(sets.into_iter().map(|entry| (entry.ledger_seq, entry)));
            let results = all::<TransactionHistoryResultEntry>(File::Results(at));
            forge
                .results
                .extend(results.into_iter().map(|entry| (entry.ledger_seq, entry)));
        }
        forge
    }

    pub fn header(&mut self, ledger: u32) -> &mut LedgerHeader {
        &mut self.headers[ledger as usize - 1]
    }

    /// The transactions of a ledger that has some, as a list that can be changed.
    pub fn change_set(&mut self, ledger: u32, change: impl FnOnce(&mut Vec<TransactionEnvelope>)) {
        let entry = self.sets.get_mut(&ledger).unwrap();
        let TransactionHistoryEntryExt::V1(GeneralizedTransactionSet::V1(set)) = &mut entry.ext
        else {
            panic!("a set of the older form");
        };
        let mut phases = set.phases.to_vec();
        let TransactionPhase::V0(components) = &mut phases[0] else {
            panic!("no classic phase");
        };
        let mut list = components.to_vec();
        let TxSetComponent::TxsetCompTxsMaybeDiscountedFee(component) = &mut list[0];
        let mut envelopes = component.txs.to_vec();
        change(&mut envelopes);
        component.txs = envelopes.try_into().unwrap();
        *components = list.try_into().unwrap();
        set.phases = phases.try_into().unwrap();
        self.seal_set(ledger);
    }

    /// Gives the header of a ledger the hash of its set.
    pub fn seal_set(&mut self, ledger: u32) {
        let hash = match &self.sets[&ledger].ext {
            TransactionHistoryEntryExt::V1(set) => tx_set_hash(set),
            TransactionHistoryEntryExt::V0 => panic!("a set of the older form"),
        };
        self.header(ledger).scp_value.tx_set_hash = hash.into();
    }

    /// The results of a ledger that has some, as a list that can be changed.
    pub fn change_results(
        &mut self,
        ledger: u32,
        change: impl FnOnce(&mut Vec<TransactionResultPair>),
    ) {
        let set = &mut self.results.get_mut(&ledger).unwrap().tx_result_set;
        let mut pairs = set.results.to_vec();
        change(&mut pairs);
        set.results = pairs.try_into().unwrap();
        let hash = results_hash(set);
        self.header(ledger).tx_set_result_hash = hash.into();
    }

    /// Puts other contents into the bucket at the beginning of the last state's list.
    pub fn change_bucket(&mut self, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> File {
        let contents = change(unpacked(File::Bucket(self.state.levels[0].curr)));
        let name = Hash::of(&contents);
        self.state.levels[0].curr = name;
        let list = self.state.bucket_list_hash();
        self.header(511).bucket_list_hash = list.into();
        self.files.insert(File::Bucket(name), gzip::pack(&contents));
        File::Bucket(name)
    }

    /// Changes the accounts in that bucket.
    pub fn change_accounts(&mut self, change: impl FnOnce(&mut BucketEntries)) -> File {
        self.change_bucket(|contents| {
            let mut file = BucketFile::new(&contents[..]);
            let mut entries = BucketEntries::new();
            while let Some((key, account)) = file.advance().unwrap() {
                entries.insert(key, account);
            }
            change(&mut entries);
            write_bucket(&entries, 22)
        })
    }

    /// Puts everything together; the headers from this ledger on are linked and hashed anew.
    pub fn build(mut self, from: u32) -> Files {
        for ledger in from.max(2)..=511 {
            let before = Header::of(self.header(ledger - 1)).hash;
            let set = match self.header(ledger).ledger_version {
                0..20 => Hash::of(&before.0),
                version => tx_set_hash(&tx_set(before, version, Vec::new())),
            };
            let is_empty = !self.sets.contains_key(&ledger);
            let header = self.header(ledger);
            header.previous_ledger_hash = before.into();
            if is_empty {
                // An empty set is of the ledger before, and has no record.
                header.scp_value.tx_set_hash = set.into();
            }
        }
        self.build_unlinked()
    }

    /// Puts everything together; each header has its hash, but names what it named.
    pub fn build_unlinked(mut self) -> Files {
        for at in (0..8).map(nth) {
            let headers = self.of(at, &self.headers).map(|header| {
                let hash = Header::of(header).hash;
                header_entry(header.clone(), hash)
            });
            let headers = packed(headers.collect::<Vec<_>>());
            let range = at.first()..=at.last();
            let sets = packed(self.sets.range(range.clone()).map(|(_, set)| set.clone()));
            let results = packed(self.results.range(range).map(|(_, set)| set.clone()));
            self.files.insert(File::Ledger(at), headers);
            self.files.insert(File::Transactions(at), sets);
            self.files.insert(File::Results(at), results);
        }
        let json = self.state.to_json().into_bytes();
        self.files.insert(File::State(nth(7)), json.clone());
        self.files.insert(File::Root, json);
        self.files
    }

    fn of<'a>(
        &self,
        at: Checkpoint,
        headers: &'a [LedgerHeader],
    ) -> impl Iterator<Item = &'a LedgerHeader> {
        headers[at.first() as usize - 1..at.last() as usize].iter()
    }
}

/// The chain forked from this ledger on: each ledger closes a second later.
pub fn forked(from: u32) -> Files {
    let mut forge = Forge::new();
    for header in &mut forge.headers[from as usize - 1..] {
        header.scp_value.close_time.0 += 1;
    }
    forge.build(from + 1)
}
