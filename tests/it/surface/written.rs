//! What serde writes: a contract, pinned here to the letter.

use crankwork::{
    CancelledBy, Failure, Histogram, Measure, Metrics, Name, Phase, Progress, Retry, Spec, Time,
    VirtualDriver, WallTime, WorkContext, WorkOutcome, WorkScheduler, WorkSchedulerConfig,
    WorkSchedulerMetrics, WorkState,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json, to_value};
use std::fmt::Debug;
use std::task::{Poll, ready};
use std::time::Duration;

/// Checks what is written, and that it is read back.
fn both_ways<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, expected: Value) {
    let written = to_value(&value).unwrap();
    assert_eq!(written, expected);
    assert_eq!(serde_json::from_value::<T>(written).unwrap(), value);
}

#[test]
fn times_names_and_states() {
    both_ways(Time::from_millis(1_500), json!(1_500_000_000));
    both_ways(Time::MAX, json!(u64::MAX));
    both_ways(Name::from("get \"3f\""), json!("get \"3f\""));
    for state in WorkState::ALL {
        both_ways(state, json!(state.as_str()));
    }
    both_ways(Phase::Running, json!("Running"));
    both_ways(
        Progress { done: 3, total: 8 },
        json!({"done": 3, "total": 8}),
    );
}

#[test]
fn histograms() {
    let mut histogram = Histogram::default();
    histogram.record(Duration::from_micros(2));
    histogram.record(Duration::from_secs(9_000));
    let mut buckets = [0; Histogram::BUCKETS];
    (buckets[1], buckets[30]) = (1, 1);
    let nanos = 9_000_000_000_000_u64;
    both_ways(
        histogram,
        json!({"buckets": buckets, "sum": nanos + 2_000, "max": nanos}),
    );
}

/// Two works: one fails once and then succeeds, the other never runs.
fn ran() -> WorkScheduler<()> {
    let config = WorkSchedulerConfig::default()
        .retry_delay(Duration::from_secs(1))
        .measure(Measure::ByName { most: 1 })
        .events(100);
    let mut work = WorkScheduler::<()>::new(config);
    let get = |cx: &mut WorkContext<'_, ()>| {
        ready!(cx.sleep(Duration::from_millis(2)));
        Poll::Ready(Err::<(), _>(match cx.attempt() {
            1 => Failure::retry_after("connection reset", Duration::from_secs(5)),
            _ => Failure::fatal("404"),
        }))
    };
    let get = work.add(Spec::new("get", get).retry(Retry::A_FEW)).unwrap();
    let never = |_: &mut WorkContext<'_, ()>| Poll::Ready(Ok(()));
    work.add(Spec::new("verify", never).after(get)).unwrap();
    work.run_until_done(&mut (), &mut VirtualDriver::new())
        .unwrap();
    work
}

#[test]
fn metrics_are_read_back_also_from_a_version_with_fewer_fields() {
    let work = ran();
    let metrics = work.measured().unwrap();
    let written = to_value(&metrics).unwrap();
    assert_eq!(
        serde_json::from_value::<Metrics>(written.clone()).unwrap(),
        metrics
    );
    let keys: Vec<&String> = written.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["all", "by_name", "by_pool", "counters", "other"]);
    let get = &written["by_name"][0];
    assert_eq!(
        (&get["name"], &get["works"]["attempts"]),
        (&json!("get"), &json!(2))
    );
    assert_eq!(
        get["works"]["by_state"],
        json!([0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0])
    );
    let pool = &written["by_pool"][0];
    assert_eq!(
        (&pool["name"], &pool["capacity"]),
        (&json!("max_concurrency"), &json!(4))
    );
    assert_eq!(written["counters"]["blocked"], json!(1));
    let older: WorkSchedulerMetrics = serde_json::from_value(json!({"total": 7})).unwrap();
    assert_eq!((older.total, older.turns), (7, 0));
}

#[test]
fn wall_time() {
    let mut work = WorkScheduler::<()>::new(Default::default());
    let mut now = Time::ZERO;
    work.set_clock(move || {
        now = now + Duration::from_nanos(5);
        now
    });
    work.add_fn("a", |_| Poll::Ready(Ok(()))).unwrap();
    work.run_until_done(&mut (), &mut VirtualDriver::new())
        .unwrap();
    let wall: WallTime = work.wall_time().unwrap();
    let nanos = wall.total.as_nanos() as u64;
    let expected = json!({
        "turns": 1, "total": nanos, "longest": nanos, "slow_turns": 0,
        "by_root": [{"name": "a", "turns": 1, "total": nanos}],
    });
    assert!(nanos > 0);
    both_ways(wall, expected);
}

#[test]
fn events_say_why() {
    let mut work = ran();
    let events: Vec<Value> = std::iter::from_fn(|| work.poll_event())
        .map(|event| to_value(event).unwrap())
        .collect();
    assert_eq!(
        events[0],
        json!({"id": 0, "name": "get", "state": "Running", "attempt": 1, "time": 0, "seq": 0, "cause": null})
    );
    let of = |state: &str| events.iter().find(|event| event["state"] == state).unwrap();
    let reset = json!({"kind": {"RetryAfter": 5_000_000_000_u64}, "text": "connection reset", "is_final": false});
    assert_eq!(of("Retrying")["cause"], json!({"Failure": reset}));
    let fatal = json!({"kind": "Fatal", "text": "404", "is_final": true});
    assert_eq!(of("Failed")["cause"], json!({"Failure": fatal}));
    let root = json!({"id": 0, "name": "get", "failure": fatal});
    assert_eq!(of("Blocked")["cause"], json!({"Blocked": root}));
}

#[test]
fn snapshots_and_outcomes() {
    let work = ran();
    let written = to_value(work.snapshot()).unwrap();
    let get = &written[0];
    for (field, expected) in [
        ("id", json!(0)),
        ("name", json!("get")),
        ("state", json!("Failed")),
        ("deps", json!([])),
        ("after_settled", json!([])),
        ("dependents", json!([1])),
        ("parent", json!(null)),
        ("attempts", json!(2)),
        ("retries_left", json!(4)),
        (
            "last_error",
            json!({"kind": "Fatal", "text": "404", "is_final": true}),
        ),
        ("last_duration", json!(2_000_000)),
        ("total_duration", json!(4_000_000)),
        ("root_cause", json!(null)),
        ("next_deadline", json!(null)),
    ] {
        assert_eq!(get[field], expected, "{field}");
    }
    let blocked = &written[1]["last_error"];
    assert_eq!(
        blocked["kind"],
        json!({"Blocked": {"root": 0, "name": "get"}})
    );
    assert_eq!(blocked["text"], json!("blocked by `get` #0: 404"));
    let verify = work.snapshot()[1].id;
    let outcome = to_value(work.outcome(verify).unwrap()).unwrap();
    assert_eq!(outcome["Blocked"]["name"], json!("get"));
    assert_eq!(to_value(WorkOutcome::Success).unwrap(), json!("Success"));
    assert_eq!(
        to_value(CancelledBy::Work(verify)).unwrap(),
        json!({"Work": 1})
    );
    assert_eq!(to_value(CancelledBy::Host).unwrap(), json!("Host"));
}
