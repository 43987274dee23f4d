//! Metrics of groups of works: by pool and by name, and what the works have waited for.

use crankwork::{
    Budget, Failure, GroupMetrics, Measure, Metrics, Retain, Spec, Time, VirtualDriver,
    WorkContext, WorkScheduler, WorkSchedulerConfig, WorkState,
};
use std::cell::Cell;
use std::rc::Rc;
use std::task::{Poll, ready};
use std::time::Duration;

const SECS: fn(u64) -> Duration = Duration::from_secs;

type Answer = Poll<Result<(), Failure>>;

fn sleeper(secs: u64) -> impl FnMut(&mut WorkContext<'_, ()>) -> Answer {
    move |cx| {
        ready!(cx.sleep(SECS(secs)));
        Poll::Ready(Ok(()))
    }
}

fn yields(mut times: u32) -> impl FnMut(&mut WorkContext<'_, ()>) -> Answer {
    move |cx| match times {
        0 => Poll::Ready(Ok(())),
        _ => {
            times -= 1;
            cx.yield_now()
        }
    }
}

fn by_name(most: usize) -> WorkSchedulerConfig {
    WorkSchedulerConfig::default().measure(Measure::ByName { most })
}

fn run(work: &mut WorkScheduler<()>) -> Metrics {
    work.run_until_done(&mut (), &mut VirtualDriver::new())
        .unwrap();
    work.audit().unwrap();
    work.measured().unwrap()
}

/// The names of groups and how many works each has had.
fn works(metrics: &Metrics) -> Vec<(&str, u64)> {
    let groups = metrics.by_name.iter();
    groups
        .map(|group| (&*group.name, group.works.works()))
        .collect()
}

#[test]
fn nothing_is_measured_unless_the_configuration_says_so() {
    let mut work = WorkScheduler::<()>::new(Default::default());
    work.add_fn("a", yields(2)).unwrap();
    let _ = work.crank_work(Time::ZERO, &mut (), Budget::unlimited());
    assert_eq!(work.measured(), None);
    work.set_clock(|| Time::ZERO);
    assert_eq!(work.measured(), None);
}

#[test]
fn names_beyond_the_limit_share_a_group() {
    let mut work = WorkScheduler::<()>::new(by_name(2).retain(Retain::Nothing));
    for name in ["b", "c", "a", "b", "d"] {
        work.add_fn(name, yields(0)).unwrap();
    }
    let metrics = run(&mut work);
    assert_eq!(works(&metrics), [("b", 2), ("c", 1)]);
    assert_eq!((metrics.other.works(), metrics.all.works()), (2, 5));
    assert_eq!(metrics.counters, work.metrics());
}

#[test]
fn names_that_begin_alike_are_a_group() {
    let measure = Measure::ByPrefix { end: '/', most: 9 };
    let mut work = WorkScheduler::<()>::new(WorkSchedulerConfig::default().measure(measure));
    for name in ["get/3f", "get", "get/3f/gz", "/odd", "verify"] {
        work.add_fn(name, yields(0)).unwrap();
    }
    let metrics = run(&mut work);
    assert_eq!(works(&metrics), [("", 1), ("get", 3), ("verify", 1)]);
    assert_eq!(metrics.other, GroupMetrics::default());
}

#[test]
fn pools_have_the_works_that_need_them_and_their_waits() {
    let config = WorkSchedulerConfig::default().pool("disk", 2);
    let mut work = WorkScheduler::<()>::new(config.measure(Measure::ByPool));
    for name in ["a", "b"] {
        work.add(Spec::new(name, sleeper(3)).pool("disk", 2))
            .unwrap();
    }
    work.add(Spec::new("free", sleeper(1)).no_permit()).unwrap();
    work.add(
        Spec::new("own pool", sleeper(1))
            .no_permit()
            .pool("disk", 1),
    )
    .unwrap();
    let metrics = run(&mut work);
    let [general, disk] = &metrics.by_pool[..] else {
        panic!("{:?}", metrics.by_pool);
    };
    assert_eq!((&*general.name, general.capacity), ("max_concurrency", 4));
    assert_eq!((&*disk.name, disk.capacity, disk.used), ("disk", 2, 0));
    let counts = [&general.works, &disk.works, &metrics.all].map(|group| group.works());
    assert_eq!(counts, [2, 3, 4]);
    // `a` waits for nothing, `b` for `a`, and the last for both.
    let waits = &disk.works.permit_wait;
    assert_eq!(
        (waits.count(), waits.sum(), waits.max()),
        (3, SECS(9), SECS(6))
    );
    assert_eq!(
        metrics.all.permit_wait, *waits,
        "`free` waits for no permit"
    );
}

/// One turn for each crank, and a second between them.
#[test]
fn the_queue_age_is_the_time_from_ready_to_turn() {
    let mut work = WorkScheduler::<()>::new(by_name(9));
    for name in ["a", "b", "c"] {
        work.add_fn(name, yields(1)).unwrap();
    }
    for second in 0..6 {
        let _ = work.crank_work(Time::from_secs(second), &mut (), Budget::turns(1));
        work.audit().unwrap();
    }
    let metrics = work.measured().unwrap();
    let ages = |group: &GroupMetrics| (group.turns, group.queue_age.sum(), group.queue_age.max());
    let by_name: Vec<_> = metrics.by_name.iter().map(|it| ages(&it.works)).collect();
    // Ready at 0, turns at 0, 1 and 2; ready anew at those times, turns at 3, 4 and 5.
    let expected = [
        (2, SECS(3), SECS(3)),
        (2, SECS(4), SECS(3)),
        (2, SECS(5), SECS(3)),
    ];
    assert_eq!(by_name, expected);
    assert_eq!(ages(&metrics.all), (6, SECS(12), SECS(3)));
}

#[test]
fn turns_have_durations_only_with_a_clock() {
    for timed in [true, false] {
        let mut work = WorkScheduler::<()>::new(by_name(9).retain(Retain::Nothing));
        let now = Rc::new(Cell::new(Time::ZERO));
        let clock = now.clone();
        if timed {
            work.set_clock(move || clock.get());
        }
        for (name, millis) in [("short", 2), ("long", 300)] {
            let now = now.clone();
            work.add_fn(name, move |_| {
                now.set(now.get() + Duration::from_millis(millis));
                Poll::Ready(Ok(()))
            })
            .unwrap();
        }
        let metrics = run(&mut work);
        let sums = metrics.by_name.iter();
        let sums: Vec<_> = sums.map(|it| it.works.turn_duration.sum()).collect();
        let expected = [300, 2].map(|millis| Duration::from_millis(timed as u64 * millis));
        assert_eq!(sums, expected);
        assert_eq!(metrics.all.turn_duration.count(), 2 * timed as u64);
        assert_eq!(work.wall_time().is_some(), timed);
    }
}

/// A work that was cancelled while it waited, and is restarted, waits from the restart on.
#[test]
fn a_restart_begins_a_new_wait() {
    let mut work = WorkScheduler::<()>::new(by_name(9).max_concurrency(1));
    work.add_fn("holder", sleeper(12)).unwrap();
    let waiter = work.add_fn("waiter", yields(0)).unwrap();
    let crank = |work: &mut WorkScheduler<()>, at| {
        let _ = work.crank_work(Time::from_secs(at), &mut (), Budget::unlimited());
        work.audit().unwrap();
    };
    crank(&mut work, 0);
    crank(&mut work, 5);
    assert_eq!(work.cancel(waiter), Ok(true));
    crank(&mut work, 10);
    work.restart(waiter).unwrap();
    crank(&mut work, 12);
    let metrics = work.measured().unwrap();
    let waiter = &metrics.by_name[1].works;
    assert_eq!(waiter.in_state(WorkState::Success), 1);
    assert_eq!((waiter.works(), waiter.attempts), (1, 1));
    assert_eq!(waiter.permit_wait.sum(), SECS(2));
}

/// A new work in the slot of a reclaimed one has neither its name nor its waits.
#[test]
fn a_reclaimed_work_leaves_nothing_behind() {
    let config = by_name(9).max_concurrency(1).retain(Retain::Nothing);
    let mut work = WorkScheduler::<()>::new(config);
    work.add_fn("holder", sleeper(9)).unwrap();
    let old = work.add_fn("old", yields(0)).unwrap();
    let _ = work.crank_work(Time::from_secs(4), &mut (), Budget::unlimited());
    work.cancel(old).unwrap();
    work.audit().unwrap();
    let new = work.add_fn("new", yields(0)).unwrap();
    assert_eq!(
        (work.state(old), work.state(new)),
        (None, Some(WorkState::Queued))
    );
    let _ = work.crank_work(Time::from_secs(9), &mut (), Budget::unlimited());
    let _ = work.crank_work(Time::from_secs(13), &mut (), Budget::unlimited());
    let metrics = work.measured().unwrap();
    assert_eq!(works(&metrics), [("holder", 1), ("new", 1), ("old", 1)]);
    let [_, new, old] = &metrics.by_name[..] else {
        panic!("three names");
    };
    assert_eq!(new.works.permit_wait.sum(), SECS(9));
    assert_eq!(old.works.permit_wait.count(), 0);
    assert_eq!(old.works.in_state(WorkState::Cancelled), 1);
    work.audit().unwrap();
}

#[test]
fn a_reset_forgets_the_groups_and_goes_on_measuring() {
    let mut work = WorkScheduler::<()>::new(by_name(9));
    work.add_fn("before", yields(3)).unwrap();
    run(&mut work);
    work.reset(1);
    let none = work.measured().unwrap();
    assert_eq!((none.by_name.len(), none.all), (0, GroupMetrics::default()));
    work.add_fn("after", yields(1)).unwrap();
    let metrics = run(&mut work);
    assert_eq!(
        (works(&metrics), metrics.all.turns),
        (vec![("after", 1)], 2)
    );
}
