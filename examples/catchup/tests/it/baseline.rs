//! What the catch-up is compared with: threads that block. They download and verify the same files in the same stages,
//! each over a connection of its own that it keeps open.

use catchup::archive::{
    ArchiveState, Checkpoint, File, Hash, Header, check_bucket, check_results, check_transactions,
    gzip, read_headers,
};
use catchup::http::{self, Decoder};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Downloads and verifies everything with this many threads. Returns the number of files.
pub fn download(server: SocketAddr, threads: usize) -> usize {
    let mut first = Client::new(server);
    let root = ArchiveState::parse(&first.get(File::Root)).unwrap();
    let last = root.checkpoint;
    let state = ArchiveState::parse(&first.get(File::State(last))).unwrap();
    let network = Hash::of(state.passphrase.as_bytes());
    let checkpoints = || (0..=last.index()).map(Checkpoint::nth);

    let headers: Mutex<BTreeMap<Checkpoint, Vec<Header>>> = Mutex::default();
    let buckets = state.buckets().into_iter().map(File::Bucket);
    let wave: Vec<File> = buckets.chain(checkpoints().map(File::Ledger)).collect();
    in_threads(server, threads, &wave, |file, bytes| match file {
        File::Ledger(at) => {
            let read = read_headers(bytes, at).unwrap();
            headers.lock().unwrap().insert(at, read);
        }
        File::Bucket(hash) => {
            assert_eq!(Hash::of(bytes), hash);
            check_bucket(bytes).unwrap();
        }
        _ => unreachable!("this wave is of headers and buckets"),
    });
    let headers = headers.into_inner().unwrap();
    let mut previous = Hash::ZERO;
    for headers in headers.values() {
        assert_eq!(headers[0].previous, previous);
        previous = headers.last().unwrap().hash;
    }

    let pairs = checkpoints().flat_map(|at| [File::Transactions(at), File::Results(at)]);
    let second: Vec<File> = pairs.collect();
    in_threads(server, threads, &second, |file, bytes| match file {
        File::Transactions(at) => check_transactions(bytes, &headers[&at], network).unwrap(),
        File::Results(at) => check_results(bytes, &headers[&at]).unwrap(),
        _ => unreachable!("this wave is of transactions and results"),
    });
    2 + wave.len() + second.len()
}

/// Each thread takes the next file, until there is none.
fn in_threads(
    server: SocketAddr,
    threads: usize,
    files: &[File],
    verify: impl Fn(File, &[u8]) + Sync,
) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut client = Client::new(server);
                while let Some(&file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let packed = client.get(file);
                    let bytes = gzip::unpack(&packed, file.limits().unpacked).unwrap();
                    verify(file, &bytes);
                }
            });
        }
    });
}

struct Client {
    stream: TcpStream,
}

impl Client {
    fn new(server: SocketAddr) -> Client {
        let stream = TcpStream::connect(server).unwrap();
        stream.set_nodelay(true).unwrap();
        Client { stream }
    }

    fn get(&mut self, file: File) -> Vec<u8> {
        self.stream
            .write_all(&http::get("localhost", &format!("/{}", file.path())))
            .unwrap();
        let mut decoder = Decoder::new(file.limits().packed);
        let mut buffer = [0; 16 << 10];
        loop {
            let read = self.stream.read(&mut buffer).unwrap();
            assert!(read > 0, "the connection was closed");
            if decoder.feed(&buffer[..read]).unwrap() {
                return decoder.take_body().0;
            }
        }
    }
}
