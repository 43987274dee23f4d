//! What the ports do.

use super::*;
use crankwork::{Budget, Retry, Spec, Time};

const HELLO: &str = "gz hello";

/// A file of kind `f`.
fn file(name: u32) -> File {
    File::new("f", name)
}

/// Runs one work on the default configuration, and returns its outcome.
fn run_one<T: 'static>(
    node: &mut Node,
    spec: Spec<Node, impl Work<Node, T> + 'static>,
) -> WorkOutcome {
    let mut s = WorkScheduler::<Node>::new(Default::default());
    let id = s.add(spec).unwrap();
    run_to_end(&mut s, node, id)
}

#[test]
fn get_remote_file_takes_any_archive_until_one_has_the_file() {
    let mut node = Node::new(&[("a", "other", ""), ("b", "f/f-1.gz", HELLO)]);
    let spec = get_remote_file::spec("f/f-1.gz", "local", None);
    assert!(run_one(&mut node, spec).is_success());
    assert_eq!(node.disk.read("local").as_deref(), Some(HELLO));
    assert_eq!((node.came_from["local"], node.bytes), ("b", HELLO.len()));
    assert_eq!(node.failures, 0);
}

#[test]
fn get_remote_file_blames_the_archive_that_it_was_given() {
    let mut node = Node::new(&[("a", "other", ""), ("b", "f/f-1.gz", HELLO)]);
    let spec = get_remote_file::spec("f/f-1.gz", "local", Some("a"));
    assert!(!run_one(&mut node, spec).is_success());
    assert_eq!(node.processes.tries(), 33, "32 retries");
    assert_eq!(node.log, ["archive a maybe missing file f/f-1.gz"]);
    assert_eq!(node.failures, 1);
}

#[test]
fn get_and_unzip_leaves_the_plain_file_and_nothing_else() {
    let mut node = Node::new(&[("a", "f/f-1.gz", HELLO)]);
    node.disk.write("f-1.gz", "of an earlier run");
    assert!(run_one(&mut node, get_and_unzip::spec(&file(1), None)).is_success());
    assert_eq!(node.disk.paths(), ["f-1"]);
    assert_eq!(node.disk.read("f-1").as_deref(), Some("hello"));
    assert_eq!(node.downloaded, ["f/f-1.gz"]);
}

#[test]
fn get_and_unzip_gets_a_corrupt_file_again_from_another_archive() {
    let mut node = Node::new(&[("a", "f/f-1.gz", "no zip"), ("b", "f/f-1.gz", HELLO)]);
    assert!(run_one(&mut node, get_and_unzip::spec(&file(1), None)).is_success());
    assert_eq!(node.came_from["f-1"], "b");
    let spec = get_and_unzip::spec(&file(1), Some("a")).retry(Retry::NEVER);
    assert!(!run_one(&mut node, spec).is_success());
    assert_eq!(node.log, ["Archive a: file f/f-1.gz is maybe corrupt"]);
    let spec = get_and_unzip::spec(&file(2), Some("a")).retry(Retry::NEVER);
    assert!(!run_one(&mut node, spec).is_success());
    assert_eq!(node.log.len(), 2, "the archive has no such file");
    assert_eq!(node.log[1], "archive a maybe missing file f/f-2.gz");
}

/// The buckets of an archive, each with its hash in front.
const BUCKETS: [(&str, &str, &str); 6] = [
    ("a", "bucket/bucket-11.gz", "gz 11: one"),
    ("a", "bucket/bucket-22.gz", "gz 22: twelve"),
    ("a", "bucket/bucket-33.gz", "gz 33"),
    ("a", "bucket/bucket-44.gz", "gz 44"),
    ("a", "bucket/bucket-55.gz", "gz 55"),
    ("a", "bucket/bucket-66.gz", "gz a hash that is wrong"),
];

#[test]
fn download_buckets_adopts_all_with_their_indexes() {
    let mut node = Node::new(&BUCKETS);
    let spec = download_buckets::spec(&["11", "22", "33"], &["44", "55"], None);
    assert!(run_one(&mut node, spec).is_success());
    let adopted = node
        .buckets
        .iter()
        .map(|((kind, hash), index)| format!("{kind} {hash} {index}"));
    let adopted: Vec<String> = adopted.collect();
    let expected = [
        "hot 44 2",
        "hot 55 2",
        "live 11 7",
        "live 22 10",
        "live 33 2",
    ];
    assert_eq!(adopted, expected);
    assert!((2..=WIDTH as u32).contains(&node.processes.most()));
}

#[test]
fn download_buckets_names_the_archive_of_a_bucket_that_is_wrong() {
    let mut node = Node::new(&BUCKETS);
    let outcome = run_one(&mut node, download_buckets::spec(&["11", "66"], &[], None));
    assert!(
        outcome
            .failure()
            .unwrap()
            .to_string()
            .contains("the hash does not match")
    );
    assert_eq!(node.log, ["Bucket 66 from archive a"]);
    assert!(!node.buckets.contains_key(&("live", "66".to_owned())));
}

/// An archive with four checkpoints; the last is as given.
fn transactions(last: &'static str) -> Node {
    let good = "gz transactions";
    Node::new(&[
        ("a", "transactions/transactions-127.gz", good),
        ("a", "transactions/transactions-191.gz", good),
        ("a", "transactions/transactions-255.gz", good),
        ("a", "transactions/transactions-319.gz", last),
    ])
}

#[test]
fn download_apply_txs_applies_in_order_while_others_are_on_their_way() {
    let mut node = transactions("gz transactions");
    let spec = download_apply_txs::spec(300, None);
    assert!(run_one(&mut node, spec).is_success());
    assert_eq!(node.ledger, 300, "the last checkpoint is applied in part");
    assert_eq!(node.downloaded.len(), 4);
    assert!(node.processes.most() > 1, "downloads overlap");
    assert!(node.disk.paths().is_empty(), "files are deleted");
}

#[test]
fn download_apply_txs_waits_for_the_publish_queue() {
    let mut node = transactions("gz transactions");
    node.publish_queue = 17;
    let mut s = WorkScheduler::<Node>::new(Default::default());
    let id = s.add(download_apply_txs::spec(319, None)).unwrap();
    let run_for = |s: &mut WorkScheduler<Node>, node: &mut Node, seconds: std::ops::Range<u64>| {
        for tenth in seconds.start * 10..seconds.end * 10 {
            let now = Time::ZERO + Duration::from_millis(100 * tenth);
            let _ = s.crank_work(now, node, Budget::unlimited());
        }
    };
    run_for(&mut s, &mut node, 0..10);
    assert_eq!(
        (node.ledger, node.downloaded.len()),
        (63, 4),
        "downloads go on"
    );
    node.publish_queue = 10;
    run_for(&mut s, &mut node, 10..20);
    assert_eq!(node.ledger, 63, "it was behind, and is not down yet");
    let line = s.status_of(id).unwrap();
    assert!(
        line.ends_with(" : checkpoints left to apply: 4 (0% done)"),
        "{line}"
    );
    node.publish_queue = 8;
    assert!(run_to_end(&mut s, &mut node, id).is_success());
    assert_eq!(node.ledger, 319);
}

#[test]
fn download_apply_txs_goes_on_from_the_nodes_ledger_in_a_retry() {
    let mut node = transactions("gz rubbish");
    let outcome = run_one(&mut node, download_apply_txs::spec(319, None));
    assert!(outcome.failure().is_some());
    assert_eq!(node.ledger, 255);
    let again = node
        .downloaded
        .iter()
        .filter(|file| file.ends_with("319.gz"));
    assert_eq!(
        (again.count(), node.downloaded.len()),
        (6, 9),
        "5 retries of one file"
    );
}
