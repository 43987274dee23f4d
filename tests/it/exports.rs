//! The exports: what other programs read must be what they expect, whatever the works are called.

use crankwork::{
    Failure, Retry, Spec, Timeline, VirtualDriver, WorkContext, WorkScheduler, WorkSchedulerConfig,
};
use serde_json::Value;
use std::task::{Poll, ready};
use std::time::Duration;

const ODD_NAMES: [&str; 4] = [
    "plain",
    "quote\" and \\",
    "<b>&amp;</b>",
    "line\nbreak \u{1} \u{1f980}",
];

fn run(timeline: &Timeline) -> WorkScheduler<()> {
    let config = WorkSchedulerConfig::default().event_sink(timeline.clone());
    let mut work = WorkScheduler::<()>::new(config);
    let mut before = None;
    for name in ODD_NAMES {
        let nap = |cx: &mut WorkContext<'_, ()>| {
            ready!(cx.sleep(Duration::from_nanos(1_500)));
            match cx.attempt() {
                1 => Poll::Ready(Err(Failure::msg("once"))),
                _ => Poll::Ready(Ok(())),
            }
        };
        let spec = Spec::new(name, nap).retry(Retry::ONCE);
        let spec = match before {
            Some(before) => spec.after(before),
            None => spec,
        };
        before = Some(work.add(spec).unwrap().id());
    }
    work.run_until_done(&mut (), &mut VirtualDriver::new())
        .unwrap();
    work
}

#[test]
fn the_perfetto_export_is_json_with_a_track_per_work_and_exact_times() {
    let timeline = Timeline::new(1_000);
    run(&timeline);
    let trace: Value = serde_json::from_str(&timeline.perfetto()).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let named = |event: &&Value| event["ph"] == "M";
    let names: Vec<&str> = events
        .iter()
        .filter(named)
        .map(|e| e["args"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ODD_NAMES);
    let naps: Vec<f64> = events
        .iter()
        .filter(|event| event["name"] == "Waiting")
        .map(|event| event["dur"].as_f64().unwrap())
        .collect();
    assert_eq!(
        naps, [1.5; 8],
        "microseconds, two attempts of each of four works"
    );
    assert!(
        events
            .iter()
            .any(|event| event["name"] == "Retrying" && event["dur"] == 1e6)
    );
}

#[test]
fn the_html_export_escapes_names_and_has_a_row_per_work() {
    let timeline = Timeline::new(1_000);
    run(&timeline);
    let html = timeline.html();
    assert!(html.starts_with("<!DOCTYPE html>\n<meta charset=\"utf-8\">\n"));
    assert_eq!(html.matches("<tr>").count(), ODD_NAMES.len());
    assert!(html.contains("&lt;b&gt;&amp;amp;&lt;/b&gt;"));
    assert!(!html.contains("<b>&amp;"));
}

#[test]
fn the_dot_export_names_every_work_and_edge() {
    let work = run(&Timeline::new(1_000));
    let dot = work.dot();
    assert_eq!(dot.matches(" -> ").count(), ODD_NAMES.len() - 1);
    assert_eq!(dot.matches("fillcolor").count(), ODD_NAMES.len());
    assert!(dot.contains(r#"label="quote\" and \\\nSuccess""#), "{dot}");
    assert!(
        dot.lines()
            .all(|line| line.matches('"').count() % 2 == 0 || line.contains("\\\""))
    );
}

#[test]
fn a_full_timeline_drops_and_counts() {
    let timeline = Timeline::new(3);
    let work = run(&timeline);
    assert_eq!(timeline.events().len(), 3);
    assert!(work.metrics().events_dropped > 0);
}
