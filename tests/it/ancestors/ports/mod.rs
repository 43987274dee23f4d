//! Four works of stellar-core's catch-up, ported. Each file begins with what the original does and how long it is; a
//! test holds each port to two thirds of that.
//!
//! Here is the node that they need: archives, a disk, and what the originals ask of the application.

mod download_apply_txs;
mod download_buckets;
mod get_and_unzip;
mod get_remote_file;
mod tests;

use crankwork::process::{CommandLine, Exit, ProcessHost, Processes, Script, ScriptedProcesses};
use crankwork::{
    Failure, InlineOffload, Ticket, VirtualDriver, Work, WorkContext, WorkOutcome, WorkScheduler,
};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::{Poll, ready};
use std::time::Duration;

type Cx<'a> = WorkContext<'a, Node>;

/// How many files may be on their way at once.
const WIDTH: usize = 4;
/// So many ledgers are in one file.
const CHECKPOINT: u32 = 64;

/// Files by path.
#[derive(Clone, Default)]
struct Disk(Rc<RefCell<BTreeMap<String, String>>>);

impl Disk {
    fn write(&self, path: &str, text: impl Into<String>) {
        self.0.borrow_mut().insert(path.to_owned(), text.into());
    }

    fn read(&self, path: &str) -> Option<String> {
        self.0.borrow().get(path).cloned()
    }

    fn remove(&self, path: &str) -> Option<String> {
        self.0.borrow_mut().remove(path)
    }

    fn rename(&self, from: &str, to: &str) -> bool {
        let text = self.remove(from);
        text.map(|text| self.write(to, text)).is_some()
    }

    fn paths(&self) -> Vec<String> {
        self.0.borrow().keys().cloned().collect()
    }
}

/// A file of an archive, and where it goes.
#[derive(Clone)]
struct File {
    remote: String,
    local: String,
}

impl File {
    fn new(kind: &str, name: impl ToString) -> File {
        let local = format!("{kind}-{}", name.to_string());
        let remote = format!("{kind}/{local}.gz");
        File { remote, local }
    }

    fn gz(&self) -> String {
        format!("{}.gz", self.local)
    }

    fn tmp(&self) -> String {
        format!("{}.gz.tmp", self.local)
    }
}

/// The application.
struct Node {
    archives: Vec<&'static str>,
    disk: Disk,
    processes: ScriptedProcesses,
    /// The archive that was asked last for a file, and the one that each file came from.
    asked: BTreeMap<String, &'static str>,
    came_from: BTreeMap<String, &'static str>,
    log: Vec<String>,
    bytes: usize,
    failures: u32,
    downloaded: Vec<String>,
    /// Indexes of adopted buckets, by kind and hash.
    buckets: BTreeMap<(&'static str, String), usize>,
    ledger: u32,
    /// Checkpoints that wait to be published.
    publish_queue: u32,
}

impl ProcessHost for Node {
    fn processes(&mut self) -> &mut dyn Processes {
        &mut self.processes
    }
}

impl Node {
    /// A node whose archives have these files: archive, path, content. A compressed content begins with `gz `.
    fn new(files: &[(&'static str, &str, &str)]) -> Node {
        let disk = Disk::default();
        let mut archives: Vec<_> = files.iter().map(|file| file.0).collect();
        archives.dedup();
        let remote = files.iter().map(|(archive, path, text)| {
            let path = format!("{archive}/{path}");
            (path, (*text).to_owned())
        });
        let remote: BTreeMap<String, String> = remote.collect();
        let there = disk.clone();
        let plan = move |command: &CommandLine| Ok(run(command, &remote, &there));
        Node {
            archives,
            disk,
            processes: ScriptedProcesses::new(plan),
            asked: BTreeMap::new(),
            came_from: BTreeMap::new(),
            log: Vec::new(),
            bytes: 0,
            failures: 0,
            downloaded: Vec::new(),
            buckets: BTreeMap::new(),
            ledger: CHECKPOINT - 1,
            publish_queue: 0,
        }
    }

    fn note(&mut self, line: impl Into<String>) {
        self.log.push(line.into());
    }
}

/// `curl` and `gunzip`.
fn run(command: &CommandLine, remote: &BTreeMap<String, String>, disk: &Disk) -> Script {
    let args: Vec<&str> = command.args.iter().filter_map(|arg| arg.to_str()).collect();
    let done = match (command.program.to_str(), args.as_slice()) {
        (Some("curl"), [from, to]) => remote.get(*from).map(|text| disk.write(to, text)),
        (Some("gunzip"), [gz]) => disk.remove(gz).and_then(|text| {
            let plain = text.strip_prefix("gz ")?;
            disk.write(gz.strip_suffix(".gz")?, plain);
            Some(())
        }),
        _ => None,
    };
    let script = match done {
        Some(()) => Script::success(),
        None => Script::ends(Exit::Code(1)),
    };
    script.after(Duration::from_millis(10))
}

/// Stands for VerifyBucketWork: counts on another thread, and returns the index of the bucket.
#[derive(Default)]
struct VerifyBucket {
    file: String,
    hash: String,
    ticket: Option<Ticket<Option<usize>>>,
}

impl Work<Node, usize> for VerifyBucket {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Poll<Result<usize, Failure>> {
        let text = cx.app.disk.read(&self.file).unwrap_or_default();
        let hash = self.hash.clone();
        let ticket = self.ticket.get_or_insert_with(|| {
            cx.offload(move || text.starts_with(&hash).then_some(text.len()))
        });
        let index = ready!(ticket.poll(cx))?;
        Poll::Ready(index.ok_or_else(|| Failure::msg("the hash does not match")))
    }

    fn on_reset(&mut self, _: &mut Cx<'_>) {
        self.ticket = None;
    }

    fn on_failure_raise(&mut self, cx: &mut Cx<'_>) {
        if let Some(archive) = cx.app.came_from.get(&self.file) {
            let line = format!("Bucket {} from archive {archive}", self.hash);
            cx.app.note(line);
        }
    }
}

/// Stands for ApplyCheckpointWork: applies one ledger a turn.
fn apply_checkpoint(
    file: &File,
    last: u32,
) -> impl FnMut(&mut Cx<'_>) -> Poll<Result<(), Failure>> + use<> {
    let local = file.local.clone();
    move |cx| {
        if cx.app.disk.read(&local).as_deref() != Some("transactions") {
            return Poll::Ready(Err(Failure::msg("the file is corrupt")));
        }
        cx.app.ledger += 1;
        match cx.app.ledger >= last {
            true => Poll::Ready(Ok(())),
            false => cx.yield_now(),
        }
    }
}

/// Runs to the end, and returns the outcome of the work.
fn run_to_end(
    s: &mut WorkScheduler<Node>,
    node: &mut Node,
    work: impl Into<crankwork::WorkId>,
) -> WorkOutcome {
    s.set_offload(InlineOffload::new());
    let outcome = s.run_until(work, node, &mut VirtualDriver::at(s.now()));
    outcome.expect("nothing stalls")
}

#[test]
fn each_port_has_two_thirds_of_the_originals_lines_at_most() {
    let ports = [
        (102, include_str!("get_remote_file.rs")),
        (237, include_str!("get_and_unzip.rs")),
        (248, include_str!("download_buckets.rs")),
        (268, include_str!("download_apply_txs.rs")),
    ];
    for (original, port) in ports {
        let lines = port.lines().count();
        println!(
            "{lines} lines for {original}: {}",
            port.lines().next().unwrap_or("")
        );
        assert!(3 * lines <= 2 * original, "{lines} lines for {original}");
    }
}
