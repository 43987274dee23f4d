//! `tracing` takes the place of log macros.

use crate::workbench::*;
use crankwork::{Retry, Spec, Time};
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// Writes down spans and events, one line each, with their fields.
#[derive(Clone, Default)]
struct Scribe {
    lines: Arc<Mutex<Vec<String>>>,
    spans: Arc<AtomicU64>,
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl Scribe {
    fn write(&self, start: String, record: impl FnOnce(&mut Fields)) {
        let mut fields = Fields(start);
        record(&mut fields);
        self.lines.lock().unwrap().push(fields.0);
    }
}

/// The target of the spans of attempts and of the events of changes of state.
const TARGET: &str = "crankwork";

impl Subscriber for Scribe {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("crankwork")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        assert_eq!(span.metadata().target(), TARGET);
        let id = self.spans.fetch_add(1, Ordering::Relaxed) + 1;
        let start = format!("span {id} {}:", span.metadata().name());
        self.write(start, |fields| span.record(fields));
        Id::from_u64(id)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        assert_eq!(event.metadata().target(), TARGET);
        let within = event.parent().map_or(0, Id::into_u64);
        self.write(format!("event in {within}:"), |fields| event.record(fields));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn each_change_of_state_is_an_event_and_each_attempt_a_span() {
    let scribe = Scribe::default();
    let lines = scribe.lines.clone();
    // While the process has one subscriber, tracing asks only one thread whether a place is heard: the first that comes
    // by, perhaps another test's. With two subscribers it asks both.
    let (scribe, _other) = (Dispatch::new(scribe), Dispatch::new(Scribe::default()));
    tracing::dispatcher::with_default(&scribe, || {
        let mut b = Bench::with_permits(1);
        b.add_spec(Spec::new("a", failing()).retry(Retry::ONCE));
        b.run();
    });
    let lines = lines.lock().unwrap();
    // The end of an attempt closes its span before the state changes.
    let expected = [
        "span 1 attempt: work=\"a\" attempt=1",
        "event in 1: id=0 name=\"a\" state=\"Running\" attempt=1 at=0",
        "event in 0: id=0 name=\"a\" state=\"Retrying\" attempt=1 at=0 cause=no luck",
        "event in 0: id=0 name=\"a\" state=\"Queued\" attempt=1 at=10000000000",
        "span 2 attempt: work=\"a\" attempt=2",
        "event in 2: id=0 name=\"a\" state=\"Running\" attempt=2 at=10000000000",
        "event in 0: id=0 name=\"a\" state=\"Failed\" attempt=2 at=10000000000 cause=no luck",
    ];
    assert_eq!(*lines, expected);
}

#[test]
fn a_slow_turn_is_a_warning_with_the_works_name() {
    let scribe = Scribe::default();
    let lines = scribe.lines.clone();
    let (scribe, _other) = (Dispatch::new(scribe), Dispatch::new(Scribe::default()));
    tracing::dispatcher::with_default(&scribe, || {
        let mut readings = (0..).map(|second| Time::from_secs(second * second));
        let mut b = Bench::with_permits(1);
        b.s.set_clock(move || readings.next().unwrap());
        b.s.add_fn("a", |_| OK).unwrap();
        b.run();
    });
    let lines = lines.lock().unwrap();
    let slow = lines.iter().find(|line| line.contains("slow turn"));
    // The readings are those of the call, the attempt's begin, the turn's begin, the attempt's end and the turn's end.
    let expected = "event in 0: message=slow turn id=0 name=\"a\" took=12s";
    assert_eq!(slow.map(String::as_str), Some(expected));
}
