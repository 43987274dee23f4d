//! What every public type offers, and what two of them offer to charts and maps.

use crankwork::explore::{Sim, World};
use crankwork::time::TimerWheel;
use crankwork::{
    Budget, Children, Decision, HandlesIter, Limits, Name, Retain, Sources, Subject, Time,
    WorkContext, WorkSchedulerConfig,
};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// The lint `missing_debug_implementations` asks for `Debug` of all types. These have no text of their own parts.
#[test]
fn types_that_hold_code_or_borrow_the_engine_are_debug() {
    fn is_debug<T: Debug + ?Sized>() {}
    is_debug::<WorkContext<'_, dyn Send>>();
    is_debug::<Children<'_, dyn Send>>();
    is_debug::<Sources<'_, dyn Send>>();
    is_debug::<Decision<'_>>();
    is_debug::<Subject<'_>>();
    is_debug::<HandlesIter<'_, fn()>>();
    is_debug::<Sim>();
    is_debug::<World<'_>>();
    let config = WorkSchedulerConfig::default()
        .retain(Retain::Nothing)
        .limits(Limits::default().works(7))
        .event_sink(|_: &_| true);
    let config = format!("{config:?}");
    assert!(config.contains("retain: Nothing") && config.contains("works: 7"));
    assert!(config.contains("event_sink: true"), "{config}");
    let budget = Budget::turns(3).or_when(|| true);
    assert_eq!(format!("{budget:?}"), "Budget { turns: 3, stops: true }");
    let mut wheel = TimerWheel::new();
    wheel.arm(Time::from_secs(1), 0);
    let expected = "TimerWheel { len: 1, next_deadline: Some(00:00:01.000), .. }";
    assert_eq!(format!("{wheel:?}"), expected);
}

/// A context shows the work in its turn, and the counts of its children.
#[test]
fn a_context_shows_its_work() {
    use std::task::Poll;
    let mut work = crankwork::WorkScheduler::<String>::new(Default::default());
    work.add_fn("sync", |cx: &mut WorkContext<'_, String>| {
        cx.spawn(crankwork::Spec::new(
            "part",
            |_: &mut WorkContext<'_, String>| Poll::Ready(Ok(())),
        ))
        .map_err(crankwork::Failure::new)?;
        *cx.app = format!("{cx:?} {:?}", cx.children());
        Poll::Ready(Ok(()))
    })
    .unwrap();
    let mut shown = String::new();
    let _ = work.crank_work(Time::from_secs(2), &mut shown, Budget::turns(1));
    let expected = "WorkContext { id: #0, name: \"sync\", now: 00:00:02.000, .. } \
                    Children { len: 1, live: 1, succeeded: 0, failed: 0 }";
    assert_eq!(shown, expected);
}

#[test]
fn names_hash_and_sort_by_their_text() {
    let fixed = Name::from("b");
    let shared = Name::from(String::from("b"));
    let counted: HashMap<Name, u32> = [(fixed.clone(), 1)].into();
    assert_eq!(counted.get(&shared), Some(&1));
    assert_eq!(counted.get("b"), Some(&1), "also without a `Name`");
    let sorted: BTreeMap<Name, u32> = [(shared, 2), (Name::from(Arc::from("a")), 1)].into();
    assert_eq!(sorted.values().collect::<Vec<_>>(), [&1, &2]);
    assert_eq!(sorted.get("a"), Some(&1));
    let [before, after] = ["a", "ba"].map(Name::from);
    assert!(before < fixed && fixed < after);
}

#[test]
fn a_time_is_a_duration_and_a_number_of_seconds() {
    let time = Time::from_nanos(1_250_000_001);
    assert_eq!(time.as_duration(), Duration::new(1, 250_000_001));
    assert_eq!(Time::ZERO + time.as_duration(), time);
    assert_eq!(time.as_secs_f64(), 1.250_000_001);
    assert_eq!(Time::MAX.as_duration(), Duration::from_nanos(u64::MAX));
    assert!(Time::MAX.as_secs_f64().is_finite());
}
