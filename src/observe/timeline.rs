//! A bounded recording of events, and its exports.

use super::dot::colour;
use crate::{EventCause, EventSink, Name, Time, WorkEvent, WorkId, WorkState};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

/// Records the events of a scheduler, up to a number of them, and draws them.
///
/// A clone records into the same place: give one to the configuration and keep the other. An event that does not fit is
/// dropped, and counted in the scheduler's metrics (`events_dropped`).
///
/// ```
/// use crankwork::{Timeline, VirtualDriver, WorkScheduler, WorkSchedulerConfig};
/// use std::task::{Poll, ready};
/// use std::time::Duration;
///
/// let timeline = Timeline::new(10_000);
/// let mut work = WorkScheduler::<()>::new(WorkSchedulerConfig::default().event_sink(timeline.clone()));
/// work.add_fn("nap", |cx| {
///     ready!(cx.sleep(Duration::from_millis(5)));
///     Poll::Ready(Ok(()))
/// })?;
/// work.run_until_done(&mut (), &mut VirtualDriver::new()).unwrap();
/// assert!(timeline.perfetto().contains("\"name\":\"Waiting\""));
/// assert!(timeline.html().contains("nap"));
/// # Ok::<(), crankwork::AddError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Timeline {
    events: Rc<RefCell<Vec<WorkEvent>>>,
    capacity: usize,
}

/// A work was in a state from one moment to another.
struct Span {
    id: WorkId,
    state: WorkState,
    attempt: u32,
    from: Time,
    to: Time,
}

impl Timeline {
    /// Makes an empty recording of at most `capacity` events (about 80 bytes each).
    pub fn new(capacity: usize) -> Self {
        Timeline {
            events: Rc::default(),
            capacity,
        }
    }

    /// Returns the events recorded so far.
    pub fn events(&self) -> Vec<WorkEvent> {
        self.events.borrow().clone()
    }

    /// Returns the recording as Chrome's trace event JSON, which Perfetto (<https://ui.perfetto.dev>) opens. It has a
    /// track per work and a slice per state; times are in microseconds. O(events log works).
    pub fn perfetto(&self) -> String {
        let (names, spans) = self.spans();
        let mut json = String::from("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
        let mut comma = "";
        for (id, name) in &names {
            let _ = write!(
                json,
                "{comma}\n{{\"ph\":\"M\",\"name\":\"thread_name\",\"pid\":1,\"tid\":{},\"args\":{{\"name\":\"{}\"}}}}",
                id.serial(),
                json_escaped(name)
            );
            comma = ",";
        }
        for span in spans {
            let Span {
                id,
                state,
                attempt,
                from,
                to,
            } = span;
            let _ = write!(
                json,
                "{comma}\n{{\"ph\":\"X\",\"name\":\"{state}\",\"pid\":1,\"tid\":{},\"ts\":{},\"dur\":{},\"args\":{{\"attempt\":{attempt}}}}}",
                id.serial(),
                microseconds(from.as_nanos()),
                microseconds(to.as_nanos() - from.as_nanos())
            );
        }
        json.push_str("\n]}\n");
        json
    }

    /// Returns the recording as one HTML page that needs no other file: a row per work, a bar per state, details on
    /// hover. O(events log works).
    pub fn html(&self) -> String {
        let (names, spans) = self.spans();
        let end = spans
            .iter()
            .map(|span| span.to.as_nanos())
            .max()
            .unwrap_or(0)
            .max(1);
        let mut rows: BTreeMap<WorkId, String> = BTreeMap::new();
        for span in &spans {
            let bar = rows.entry(span.id).or_default();
            let percent = |nanos: u64| nanos as f64 * 100.0 / end as f64;
            let _ = write!(
                bar,
                "<i style=\"left:{:.4}%;width:{:.4}%;background:{}\" title=\"{} attempt {}: {} to {}\"></i>",
                percent(span.from.as_nanos()),
                percent(span.to.as_nanos() - span.from.as_nanos()),
                colour(span.state),
                span.state,
                span.attempt,
                span.from,
                span.to
            );
        }
        let mut html = String::from(PAGE);
        for state in WorkState::ALL {
            let _ = write!(
                html,
                "<b style=\"background:{}\">{state}</b> ",
                colour(state)
            );
        }
        let _ = write!(
            html,
            "<p>from {} to {}</p>\n<table>\n",
            Time::ZERO,
            Time::from_nanos(end)
        );
        for (id, name) in &names {
            let bar = rows.get(id).map_or("", String::as_str);
            let _ = writeln!(
                html,
                "<tr><th>{} {id}</th><td>{bar}</td></tr>",
                html_escaped(name)
            );
        }
        html.push_str("</table>\n");
        html
    }

    /// Returns the names of the works by id, and the spans of their states. A state that goes on at the end of the
    /// recording ends there.
    fn spans(&self) -> (BTreeMap<WorkId, Name>, Vec<Span>) {
        let events = self.events.borrow();
        let end = events.last().map_or(Time::ZERO, |event| event.time);
        let mut names = BTreeMap::new();
        let mut open: BTreeMap<WorkId, Span> = BTreeMap::new();
        let mut spans = Vec::new();
        // A slow turn changes no state, and may come after the last change of its work.
        let is_change = |event: &&WorkEvent| !matches!(event.cause, Some(EventCause::SlowTurn(_)));
        for event in events.iter().filter(is_change) {
            names.entry(event.id).or_insert_with(|| event.name.clone());
            let next = Span {
                id: event.id,
                state: event.state,
                attempt: event.attempt,
                from: event.time,
                to: end,
            };
            if let Some(mut last) = open.insert(event.id, next) {
                last.to = event.time;
                spans.push(last);
            }
        }
        spans.extend(open.into_values());
        (names, spans)
    }
}

impl EventSink for Timeline {
    fn accept(&mut self, event: &WorkEvent) -> bool {
        let mut events = self.events.borrow_mut();
        let room = events.len() < self.capacity;
        if room {
            events.push(event.clone());
        }
        room
    }
}

const PAGE: &str = "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>timeline</title>\n<style>
body{font:13px sans-serif;margin:1em}table{width:100%;border-collapse:collapse}
th{text-align:left;font-weight:normal;white-space:nowrap;padding:0 1em 0 0;width:1%}
td{position:relative;height:1.4em;border-bottom:1px solid #eee}
i{position:absolute;top:2px;bottom:2px;min-width:1px}b{font-weight:normal;padding:0 .4em}
</style>\n";

/// Writes nanoseconds as microseconds, exactly.
fn microseconds(nanos: u64) -> String {
    format!("{}.{:03}", nanos / 1_000, nanos % 1_000)
}

fn json_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out
}

fn html_escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}
