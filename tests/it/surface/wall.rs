//! Wall time: what the host's clock says of turns, attempts and roots.

use crankwork::{
    Budget, EventCause, Next, Retain, Retry, Spec, Time, WorkContext, WorkScheduler,
    WorkSchedulerConfig, WorkState,
};
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

const MS: fn(u64) -> Duration = Duration::from_millis;

/// A clock that stands still unless a work moves it.
#[derive(Clone, Default)]
struct Clock(Rc<Cell<Time>>);

impl Clock {
    fn pass(&self, time: Duration) {
        self.0.set(self.0.get() + time);
    }

    fn read(&self) -> impl FnMut() -> Time + 'static {
        let now = self.0.clone();
        move || now.get()
    }

    /// A work whose turns take as long as `turns` says, one after another.
    fn taking(
        &self,
        turns: &'static [u64],
    ) -> impl FnMut(&mut WorkContext<'_, ()>) -> Poll<Result<(), crankwork::Failure>> + 'static
    {
        let (clock, mut done) = (self.clone(), 0);
        move |cx| {
            clock.pass(MS(turns[done]));
            done += 1;
            match done < turns.len() {
                true => cx.yield_now(),
                false => Poll::Ready(Ok(())),
            }
        }
    }
}

fn crank(work: &mut WorkScheduler<()>) {
    let crank = work.crank_work(Time::ZERO, &mut (), Budget::unlimited());
    assert_eq!(crank.next, Next::Idle);
}

fn measured(config: WorkSchedulerConfig) -> (Clock, WorkScheduler<()>) {
    let (clock, mut work) = (Clock::default(), WorkScheduler::new(config));
    work.set_clock(clock.read());
    (clock, work)
}

#[test]
fn durations_are_those_of_the_clock() {
    let (clock, mut work) = measured(WorkSchedulerConfig::default());
    work.add_fn("one turn", clock.taking(&[120])).unwrap();
    work.add_fn("three turns", clock.taking(&[1, 2, 3]))
        .unwrap();
    crank(&mut work);
    let took = work.snapshot();
    let took: Vec<_> = took
        .iter()
        .map(|w| (w.last_duration, w.total_duration))
        .collect();
    // Both attempts begin when the works are added, so the second one sees the turn of the first.
    assert_eq!(took, [(Some(MS(120)), MS(120)), (Some(MS(126)), MS(126))]);
}

#[test]
fn the_durations_of_all_attempts_add_up() {
    let (clock, mut work) = measured(WorkSchedulerConfig::default().retry_delay(Duration::ZERO));
    let own = clock.clone();
    let failing = move |cx: &mut WorkContext<'_, ()>| {
        own.pass(MS(10 * cx.attempt() as u64));
        Poll::Ready(match cx.attempt() {
            3 => Ok(()),
            _ => Err(crankwork::Failure::msg("not yet")),
        })
    };
    work.add(Spec::new("thrice", failing).retry(Retry::times(2)))
        .unwrap();
    for at in 1..4 {
        let _ = work.crank_work(Time::from_millis(at), &mut (), Budget::unlimited());
    }
    let works = work.snapshot();
    assert_eq!(works[0].state, WorkState::Success);
    assert_eq!(
        (works[0].last_duration, works[0].total_duration),
        (Some(MS(30)), MS(60))
    );
}

#[test]
fn without_a_clock_a_turn_takes_no_time() {
    let (clock, mut work) = (
        Clock::default(),
        WorkScheduler::<()>::new(Default::default()),
    );
    work.add_fn("one turn", clock.taking(&[120])).unwrap();
    crank(&mut work);
    assert_eq!(work.snapshot()[0].last_duration, Some(Duration::ZERO));
    assert_eq!(work.wall_time(), None);
}

#[test]
fn an_attempt_under_way_counts_from_the_call() {
    let (clock, mut work) = (
        Clock::default(),
        WorkScheduler::<()>::new(Default::default()),
    );
    work.add_fn("two turns", clock.taking(&[50, 7])).unwrap();
    let _ = work.crank_work(Time::from_secs(9), &mut (), Budget::turns(1));
    work.set_clock(clock.read());
    assert_eq!(work.snapshot()[0].total_duration, Duration::ZERO);
    let _ = work.crank_work(Time::from_secs(9), &mut (), Budget::unlimited());
    assert_eq!(work.snapshot()[0].last_duration, Some(MS(7)));
}

/// Works that are gone at once are reported by name, too, and a turn just below the limit is not.
#[test]
fn a_slow_turn_is_an_event_with_the_works_name() {
    let config = WorkSchedulerConfig::default()
        .slow_turn(MS(50))
        .retain(Retain::Nothing)
        .events(100);
    let (clock, mut work) = measured(config);
    let slow = work
        .add_fn("slow", clock.taking(&[49, 50, 1]))
        .unwrap()
        .id();
    let last = work
        .add_fn("slow at the end", clock.taking(&[1, 51]))
        .unwrap()
        .id();
    crank(&mut work);
    assert_eq!(work.state(last), None, "it is gone");
    let mut reports = Vec::new();
    while let Some(event) = work.poll_event() {
        if let Some(EventCause::SlowTurn(took)) = event.cause {
            reports.push((event.id, event.name.to_string(), event.state, took));
        }
    }
    let expected = [
        (slow, "slow".into(), WorkState::Running, MS(50)),
        (last, "slow at the end".into(), WorkState::Running, MS(51)),
    ];
    assert_eq!(reports, expected);
    assert_eq!(work.wall_time().unwrap().slow_turns, 2);
}

#[test]
fn each_root_has_its_part_with_the_works_below_it() {
    let (clock, mut work) = measured(WorkSchedulerConfig::default());
    let below = clock.clone();
    let sync = move |cx: &mut WorkContext<'_, ()>| {
        below.pass(MS(10));
        let part = Spec::new("part", below.taking(&[20]));
        cx.spawn(part).map_err(crankwork::Failure::new)?;
        Poll::Ready(Ok(()))
    };
    work.add_fn("sync", sync).unwrap();
    work.add_fn("index", clock.taking(&[5, 65])).unwrap();
    crank(&mut work);
    let wall = work.wall_time().unwrap();
    assert_eq!((wall.turns, wall.total, wall.longest), (4, MS(100), MS(65)));
    let by_root: Vec<_> = wall
        .by_root
        .iter()
        .map(|root| (&*root.name, root.turns, root.total))
        .collect();
    assert_eq!(by_root, [("index", 2, MS(70)), ("sync", 2, MS(30))]);
    assert_eq!((wall.share("index"), wall.share("nobody")), (0.7, 0.0));
}

/// The names of roots are bounded; the sums go on.
#[test]
fn only_so_many_roots_are_kept_apart() {
    let (clock, mut work) = measured(WorkSchedulerConfig::default().retain(Retain::Nothing));
    for i in 0..1_100 {
        work.add_fn(format!("root {i}"), clock.taking(&[1]))
            .unwrap();
    }
    crank(&mut work);
    let wall = work.wall_time().unwrap();
    assert_eq!((wall.turns, wall.by_root.len()), (1_100, 1_024));
}

/// The clock changes no order: the log of events is the same, slow turns apart.
#[test]
fn a_clock_changes_no_order() {
    let log = |timed: bool, stops: bool| {
        let config = WorkSchedulerConfig::default()
            .max_concurrency(2)
            .events(1_000);
        let (clock, mut work) = (Clock::default(), WorkScheduler::<()>::new(config));
        if timed {
            work.set_clock(clock.read());
        }
        let mut before = None;
        for name in ["a", "b", "c", "d", "e"] {
            let mut spec = Spec::new(name, clock.taking(&[1, 2]));
            if let Some(before) = before {
                spec = spec.after(before);
            }
            before = (name != "c").then(|| work.add(spec).unwrap().id());
        }
        match stops {
            true => _ = work.crank_work(Time::ZERO, &mut (), Budget::unlimited().or_when(|| false)),
            false => crank(&mut work),
        }
        std::iter::from_fn(|| work.poll_event().map(|event| event.to_string())).collect::<Vec<_>>()
    };
    let plain = log(false, false);
    assert!(plain.len() >= 10, "{plain:?}");
    assert_eq!(plain, log(true, false));
    assert_eq!(plain, log(true, true));
}

#[test]
fn a_clock_that_panics_or_goes_back_stands_still() {
    let (clock, mut work) = (
        Clock::default(),
        WorkScheduler::<()>::new(Default::default()),
    );
    let mut read = clock.read();
    work.set_clock(move || match read() {
        Time::ZERO => Time::from_millis(5),
        now if now < Time::from_millis(8) => panic!("the clock is broken"),
        now => now,
    });
    work.add_fn("back", clock.taking(&[1, 6, 2])).unwrap();
    crank(&mut work);
    assert_eq!(work.snapshot()[0].last_duration, Some(MS(4)));
    assert!(work.metrics().callback_panics > 0);
}

#[test]
fn a_reset_keeps_the_clock_and_forgets_the_turns() {
    let (clock, mut work) = measured(WorkSchedulerConfig::default());
    work.add_fn("before", clock.taking(&[3])).unwrap();
    crank(&mut work);
    work.reset(0);
    assert_eq!(work.wall_time(), Some(Default::default()));
    work.add_fn("after", clock.taking(&[4])).unwrap();
    crank(&mut work);
    let wall = work.wall_time().unwrap();
    assert_eq!(
        (wall.turns, wall.total, &*wall.by_root[0].name),
        (1, MS(4), "after")
    );
}
