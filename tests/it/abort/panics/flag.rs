//! The flag `catch_panics(false)` lets panics through.

use super::{assert_panicked, assert_usable, panics_in};
use crate::workbench::{Bench, Bomb, ON_PURPOSE, Probe, done, quiet_panics};
use crankwork::{
    Budget, Next, Retry, Spec, Time, WorkContext, WorkScheduler, WorkSchedulerConfig, WorkState,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

fn letting_through() -> WorkSchedulerConfig {
    WorkSchedulerConfig::default().catch_panics(false)
}

#[test]
fn l24_a_flag_lets_the_panic_through_and_the_scheduler_stays_usable() {
    let mut b = Bench::new(letting_through().max_concurrency(1));
    let a = Probe::new(|_| panic!("{ON_PURPOSE}, through"));
    let a = b.add_spec(Spec::new("a", a).retry(Retry::A_FEW));
    let behind = b.add("behind", done());
    let payload = catch_unwind(AssertUnwindSafe(|| b.crank().next)).unwrap_err();
    assert_eq!(
        payload.downcast_ref::<String>().unwrap(),
        "on purpose, through"
    );
    assert_panicked(&b, a, "on purpose, through");
    b.run();
    assert_eq!(b.state(behind), WorkState::Success);
    assert_usable(&mut b);
}

#[test]
fn l24_the_flag_holds_for_hooks_and_callbacks_too() {
    let through = |b: &mut Bench| catch_unwind(AssertUnwindSafe(|| b.run())).is_err();

    let mut b = Bench::new(letting_through());
    let a = b.add("a", panics_in("on_success", done()));
    assert!(through(&mut b));
    assert_panicked(&b, a, "on purpose, in on_success");
    assert_usable(&mut b);

    let mut b = Bench::new(letting_through());
    let a = b.add_spec(Spec::new("a", done()).on_settled(|_, _, _| panic!("{ON_PURPOSE}")));
    assert!(through(&mut b));
    assert_eq!(b.state(a), WorkState::Success);
    assert_usable(&mut b);
}

fn posts(s: &mut WorkScheduler<()>) {
    let closure = |_: &mut (), _: &mut WorkScheduler<()>| panic!("{ON_PURPOSE}, posted");
    s.remote().post(closure).unwrap();
}

fn cancels(s: &mut WorkScheduler<()>) {
    let ends = |_: &mut WorkContext<'_, ()>| Poll::Ready(Ok(()));
    let spec = Spec::new("a", ends).on_settled(|_, _, _| panic!("{ON_PURPOSE}, settled"));
    let work = s.add(spec).unwrap();
    s.cancel(work).unwrap();
}

fn reaps(s: &mut WorkScheduler<()>) {
    let bomb = Bomb(0);
    let spec = Spec::new("a", move |_: &mut WorkContext<'_, ()>| {
        let _ = &bomb;
        Poll::Ready(Ok(()))
    });
    let work = s.add(spec).unwrap();
    let crank = s.crank_work(Time::ZERO, &mut (), Budget::unlimited());
    assert_eq!(crank.next, Next::Idle);
    s.reap(work).unwrap();
}

/// A panic that is not caught comes through at once, also if no work has a turn in that round or ever again.
#[test]
fn l24_the_flag_holds_where_no_work_has_a_turn() {
    quiet_panics();
    for case in [posts, cancels, reaps] {
        let mut s = WorkScheduler::new(letting_through());
        case(&mut s);
        let mut asked = 0;
        let stop = || {
            asked += 1;
            asked > 100
        };
        let crank = || s.crank_work(Time::ZERO, &mut (), Budget::unlimited().or_when(stop));
        assert!(catch_unwind(AssertUnwindSafe(crank)).is_err());
        assert!(asked <= 1, "{asked} turns were spent");
        let crank = s.crank_work(Time::ZERO, &mut (), Budget::unlimited());
        assert_eq!((crank.turns, crank.next), (0, Next::Idle));
    }
}
