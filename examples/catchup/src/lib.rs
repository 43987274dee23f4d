//! Catches up from a Stellar history archive: the files of an archive are downloaded, verified, and applied in order.
//!
//! ```text
//! cargo run --release -p catchup -- [--archive DIR|http://HOST:PORT[/path]] [--slots K] [--faults P] [--simulate] ...
//! ```
//!
//! It is what [`crankwork`] is for: some hundred downloads that fail and are tried again, a few at a time, in an
//! order that depends on what they bring, on one thread, with blocking work on others. To see how the engine is
//! used, begin with [`catchup`] (the works) and [`run`] (the main loop).
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`archive`] | names, forms and hashes of an archive's files: nothing that waits, sends or stores |
//! | [`ledger`] | the accounts, and what applying a transaction does to them |
//! | [`maker`] | makes an archive: a small network lives for some thousand ledgers |
//! | [`http`] | HTTP/1.1 over any byte stream, a turn at a time |
//! | [`net`] | byte streams: real and simulated ones |
//! | [`store`] | the disk: a real and a simulated one |
//! | [`server`] | the built-in server, with faults |
//! | [`catchup`] | the works, by stage |
//! | [`run`] | the main loop: real, simulated, interrupted |
//! | [`report`] | bars, lines, the summary |
//! | [`cli`] | the command line |
//!
//! A simulation replaces byte streams ([`net`]), the disk ([`store`]) and latency, and nothing else: HTTP, unpacking,
//! hashing, verification and apply are the same code.
//!
//! # Limits
//!
//! The ledger knows accounts, payments and fees, and has at most [`ledger::MOST_ACCOUNTS`] accounts: an archive of
//! the real network is verified up to its first other operation, and then refused. Signatures and what the network
//! has agreed to are not checked: whoever controls an archive can make another chain of the same form.
//!
//! # Bounds
//!
//! Files have the sizes of [`archive::File::limits`], packed and unpacked, and are read as streams. What is in memory
//! is the ledger, the transactions of one of its ledgers, and of what comes one file, or many small ones: less than
//! 256 MB, whatever is sent. `cargo test -p catchup` measures that, with archives, folders and moments that are meant
//! to do harm.

pub mod archive;
pub mod catchup;
pub mod cli;
pub mod http;
pub mod ledger;
pub mod maker;
pub mod net;
mod random;
pub mod report;
pub mod run;
pub mod server;
pub mod store;
