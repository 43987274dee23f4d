//! The example `metrics`: what a scrape over a socket returns is the scheduler's metrics in Prometheus text.

use crankwork::{GroupMetrics, Histogram, Spec, WorkContext, WorkState};
use node::Node;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::task::Poll;
use std::thread;

#[path = "../../examples/metrics/exporter.rs"]
mod exporter;
#[path = "../../examples/metrics/node.rs"]
mod node;
#[path = "../../examples/metrics/server.rs"]
mod server;

const LOOPBACK: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

/// The samples of a page by name and labels, and the types of its families.
#[derive(Debug, Default)]
struct Page {
    types: BTreeMap<String, String>,
    samples: BTreeMap<(String, Labels), f64>,
}

type Labels = BTreeMap<String, String>;

/// Reads the text format of Prometheus, version 0.0.4.
fn parse(text: &str) -> Page {
    let mut page = Page::default();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(family) = line.strip_prefix("# TYPE ") {
            let (name, kind) = family.split_once(' ').expect("a name and a type");
            let before = page.types.insert(name.into(), kind.into());
            assert_eq!(before, None, "{name} has one type");
        } else if !line.starts_with('#') {
            let (series, value) = line.rsplit_once(' ').expect("a value");
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let key = (name.to_owned(), parse_labels(labels));
            let before = page.samples.insert(key, value.parse().expect(value));
            assert_eq!(before, None, "{line} is there once");
        }
    }
    page
}

/// Reads `a="b",c="d"}`, in which a backslash stands before quotes, backslashes and the `n` of a line's end.
fn parse_labels(text: &str) -> Labels {
    let mut labels = Labels::new();
    let mut letters = text.chars().peekable();
    while letters.next_if_eq(&'}').is_none() {
        let name: String = std::iter::from_fn(|| letters.next_if(|&it| it != '=')).collect();
        assert_eq!(
            (letters.next(), letters.next()),
            (Some('='), Some('"')),
            "{text}"
        );
        let mut value = String::new();
        loop {
            match letters.next().expect("the end of a value") {
                '"' => break,
                '\\' => match letters.next() {
                    Some('n') => value.push('\n'),
                    Some(escaped @ ('"' | '\\')) => value.push(escaped),
                    other => panic!("{other:?} is escaped in {text}"),
                },
                letter => value.push(letter),
            }
        }
        labels.insert(name, value);
        letters.next_if_eq(&',');
    }
    assert_eq!(letters.next(), None, "{text}");
    labels
}

impl Page {
    fn value(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let labels = labels
            .iter()
            .map(|&(key, value)| (key.into(), value.into()));
        let key = (name.to_owned(), labels.collect());
        let found = self.samples.get(&key);
        *found.unwrap_or_else(|| panic!("no {key:?}"))
    }

    /// Compares a histogram of the page, whose buckets are cumulative, with one of the scheduler.
    fn check_histogram(&self, name: &str, label: (&str, &str), expected: &Histogram) {
        let mut below = 0;
        for (bucket, &count) in expected.buckets().iter().enumerate() {
            below += count;
            let bound = Histogram::bound(bucket);
            let le = bound.map_or("+Inf".into(), |bound| bound.as_secs_f64().to_string());
            let found = self.value(&format!("{name}_bucket"), &[label, ("le", &le)]);
            assert_eq!(found, below as f64, "{name} {label:?} up to {le}");
        }
        assert_eq!(
            self.value(&format!("{name}_count"), &[label]),
            expected.count() as f64
        );
        let (sum, seconds) = (
            self.value(&format!("{name}_sum"), &[label]),
            expected.sum().as_secs_f64(),
        );
        assert!(
            (sum - seconds).abs() <= 1e-9 * seconds.max(1e-3),
            "{sum} for {seconds}"
        );
    }

    fn check_group(&self, name: &str, group: &GroupMetrics) {
        let label = ("name", name);
        for (counter, expected) in [
            ("crankwork_works_total", group.works()),
            ("crankwork_attempts_total", group.attempts),
            ("crankwork_turns_total", group.turns),
        ] {
            assert_eq!(
                self.value(counter, &[label]),
                expected as f64,
                "{counter} {name}"
            );
        }
        for state in WorkState::ALL {
            let labels = [label, ("state", state.as_str())];
            let found = self.value("crankwork_works_in_state", &labels);
            assert_eq!(found, group.in_state(state) as f64, "{name} {state}");
        }
        self.check_histogram("crankwork_queue_age_seconds", label, &group.queue_age);
        self.check_histogram(
            "crankwork_turn_duration_seconds",
            label,
            &group.turn_duration,
        );
    }

    /// Each sample belongs to a family, and the families have the names that Prometheus asks for.
    fn check_families(&self) {
        for (name, kind) in &self.types {
            assert!(name.starts_with("crankwork_"), "{name}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{name} {kind}");
            assert_eq!(
                name.ends_with("_seconds"),
                kind == "histogram",
                "{name} {kind}"
            );
        }
        for (name, _) in self.samples.keys() {
            let ends = ["_bucket", "_count", "_sum"];
            let family = ends.iter().find_map(|end| name.strip_suffix(end));
            let of = family.filter(|&it| self.types.get(it).is_some_and(|it| it == "histogram"));
            assert!(
                self.types.contains_key(of.unwrap_or(name)),
                "{name} has no type"
            );
        }
        assert_eq!(self.types.len(), 9);
    }
}

/// Runs the node's works, if it has any, and scrapes it from another thread when they are done.
fn scrape(node: &mut Node) -> String {
    node.run(0).unwrap();
    let address = node.address().unwrap();
    let client = thread::spawn(move || ask(address, "GET /metrics HTTP/1.1\r\n\r\n"));
    node.run(1).unwrap();
    let answer = client.join().unwrap();
    let (head, page) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let length = format!("\r\nContent-Length: {}\r\n", page.len());
    assert!(head.contains(&length), "{head}");
    page.to_owned()
}

fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn check(node: &Node, text: &str) {
    let (page, metrics) = (parse(text), node.work.measured().unwrap());
    page.check_families();
    for group in &metrics.by_name {
        page.check_group(&group.name, &group.works);
    }
    page.check_group(exporter::OTHER, &metrics.other);
    for pool in &metrics.by_pool {
        let label = ("pool", &*pool.name);
        let value = |name| page.value(name, &[label]);
        assert_eq!(value("crankwork_pool_permits"), pool.capacity as f64);
        assert_eq!(value("crankwork_pool_permits_used"), pool.used as f64);
        let waits = &pool.works.permit_wait;
        page.check_histogram("crankwork_permit_wait_seconds", label, waits);
    }
}

#[test]
fn a_scrape_is_what_the_scheduler_says() {
    let mut node = Node::new(LOOPBACK.into()).unwrap();
    node.add_works(20).unwrap();
    let page = scrape(&mut node);
    check(&node, &page);
    let get = parse(&page).value("crankwork_attempts_total", &[("name", "get")]);
    assert_eq!(get, 24.0, "each fifth of 20 downloads fails once");
    // The second page has what came since the first, too, and no duration twice.
    node.add_works(7).unwrap();
    let page = scrape(&mut node);
    check(&node, &page);
}

#[test]
fn labels_are_escaped() {
    let odd = "quote \" backslash \\ line\nend";
    let mut node = Node::new(LOOPBACK.into()).unwrap();
    let done = |_: &mut WorkContext<'_, ()>| Poll::Ready(Ok(()));
    node.work.add(Spec::new(odd, done)).unwrap();
    let page = scrape(&mut node);
    check(&node, &page);
    assert_eq!(
        parse(&page).value("crankwork_works_total", &[("name", odd)]),
        1.0
    );
}

/// A client that sends no end of a request is hung up on, and the next one is served.
#[test]
fn a_request_without_end_is_refused() {
    let mut node = Node::new(LOOPBACK.into()).unwrap();
    let address = node.address().unwrap();
    let client = thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        // The server hangs up before it has read all, which the client sees as an error.
        let _ = stream.write_all(&[b'x'; 100_000]);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        (answer.len(), ask(address, "GET / HTTP/1.1\r\n\r\n"))
    });
    node.run(1).unwrap();
    let (refused, answer) = client.join().unwrap();
    assert_eq!(refused, 0);
    assert!(
        answer.contains("# TYPE crankwork_works_total counter"),
        "{answer}"
    );
}
