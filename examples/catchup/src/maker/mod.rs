//! Makes an archive: a small network lives for some checkpoints, and everything that it does is written down as a
//! Stellar network would. One seed always gives one archive.
//!
//! Simpler than on the real network: the bucket list changes once a checkpoint instead of in each ledger, and nothing
//! is signed.

mod buckets;
mod folder;
mod network;

pub use folder::{read, write};

use crate::archive::{Checkpoint, File, Hash, gzip};
use buckets::BucketList;
use network::{Closed, Network};
use std::collections::BTreeMap;

/// The files of an archive, as they are sent.
pub type Files = BTreeMap<File, Vec<u8>>;

/// An archive that has just been made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Its files.
    pub files: Files,
    /// The hash of its last ledger header.
    pub last_hash: Hash,
}

/// Makes an archive of so many checkpoints, at least one.
pub fn make(checkpoints: u32, seed: u64) -> Made {
    let mut network = Network::new(seed);
    let mut list = BucketList::new();
    let mut files = Files::new();
    for at in (0..checkpoints.max(1)).map(Checkpoint::nth) {
        let mut ledgers = Vec::new();
        for ledger in at.ledgers() {
            let open = network.execute();
            if ledger == at.last() {
                list.add(at, network.changed_since(at.first()));
            }
            ledgers.push(network.close(open, list.hash()));
        }
        put_ledgers(&mut files, at, &ledgers);
        put_state(&mut files, at, &list);
    }
    Made {
        files,
        last_hash: network.last_hash(),
    }
}

fn put_ledgers(files: &mut Files, at: Checkpoint, ledgers: &[Closed]) {
    let mut put = |file, record: fn(&Closed, &mut Vec<u8>)| {
        let mut bytes = Vec::new();
        for ledger in ledgers {
            record(ledger, &mut bytes);
        }
        files.insert(file, gzip::pack(&bytes));
    };
    put(File::Ledger(at), Closed::push_header);
    put(File::Transactions(at), Closed::push_transactions);
    put(File::Results(at), Closed::push_results);
}

fn put_state(files: &mut Files, at: Checkpoint, list: &BucketList) {
    for (hash, bytes) in list.buckets() {
        files
            .entry(File::Bucket(hash))
            .or_insert_with(|| gzip::pack(bytes));
    }
    let json = list.state(at).to_json().into_bytes();
    files.insert(File::State(at), json.clone());
    files.insert(File::Root, json);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::{ArchiveState, BucketFile, ResultFile, TransactionFile, read_headers};
    use crate::ledger::{Ledger, difference};

    #[test]
    fn the_same_seed_makes_the_same_bytes() {
        let (one, two, other) = (make(2, 1), make(2, 1), make(2, 2));
        assert_eq!(one.files, two.files);
        assert_ne!(one.last_hash, other.last_hash);
    }

    /// An archive replayed by hand, without any work: each of its files is what the next step needs.
    #[test]
    fn what_is_made_can_be_replayed() {
        let made = make(5, 7);
        let unpacked =
            |file: File| gzip::unpack(&made.files[&file], file.limits().unpacked).unwrap();
        let state = ArchiveState::parse(&made.files[&File::Root]).unwrap();
        let network = Hash::of(state.passphrase.as_bytes());
        let mut ledger: Option<Ledger> = None;
        let mut transactions_applied = 0;
        for at in (0..5).map(Checkpoint::nth) {
            let headers = read_headers(&unpacked(File::Ledger(at))[..], at).unwrap();
            let (sets, results) = (
                unpacked(File::Transactions(at)),
                unpacked(File::Results(at)),
            );
            let mut sets = TransactionFile::new(&sets[..], network);
            let mut all_results = ResultFile::new(&results[..]);
            let ledger =
                ledger.get_or_insert_with(|| Ledger::origin(network, headers[0].total_coins));
            for header in &headers {
                let (mut set, mut results) = (Vec::new(), Vec::new());
                sets.ledger(header, &mut |transaction| set.push(transaction))
                    .unwrap();
                all_results
                    .ledger(header, &mut |result| results.push(result))
                    .unwrap();
                transactions_applied += set.len();
                ledger.apply(header, set, &results).unwrap();
            }
            sets.end().unwrap();
            all_results.end().unwrap();
            let then = ArchiveState::parse(&made.files[&File::State(at)]).unwrap();
            assert_eq!(then.bucket_list_hash(), headers.last().unwrap().bucket_list);
        }
        let ledger = ledger.unwrap();
        assert_eq!(ledger.hash, made.last_hash);
        assert!(transactions_applied > 500, "{transactions_applied}");
        let buckets: Vec<_> = state
            .buckets()
            .into_iter()
            .map(|hash| unpacked(File::Bucket(hash)))
            .collect();
        assert!(buckets.len() > 3);
        let files = buckets.iter().map(|bucket| BucketFile::new(&bucket[..]));
        assert_eq!(
            difference(&ledger, &mut files.collect::<Vec<_>>()).unwrap(),
            None
        );
    }
}
