//! Metrics of groups of works under a host that does all sorts of things: they add up, and they change no order.

use crankwork::{
    Budget, Failure, Measure, RandomOrder, Retain, Retry, Spec, Stream, Time, WorkContext, WorkId,
    WorkScheduler, WorkSchedulerConfig,
};
use std::task::{Poll, ready};
use std::time::Duration;

type Answer = Poll<Result<(), Failure>>;

/// A host that does all sorts of things to works that do all sorts of things.
struct Chaos {
    draws: Stream,
    ids: Vec<WorkId>,
    added: u64,
}

impl Chaos {
    fn work(&mut self) -> impl FnMut(&mut WorkContext<'_, ()>) -> Answer + 'static {
        let mut draws = Stream::new(self.draws.next_u64());
        move |cx| match draws.below(9) {
            0 | 1 => Poll::Ready(Ok(())),
            2 => Poll::Ready(Err(Failure::msg("again"))),
            3 => {
                cx.release_permit();
                cx.yield_now()
            }
            4 if cx.children().is_empty() => {
                let nap = Duration::from_millis(draws.below(40));
                let child = move |cx: &mut WorkContext<'_, ()>| {
                    ready!(cx.sleep(nap));
                    Poll::Ready(Ok(()))
                };
                // A refusal is an answer like any other.
                _ = cx.spawn(Spec::new("child", child));
                cx.wake_after(Duration::from_millis(5));
                Poll::Pending
            }
            5 => {
                cx.wake_after(Duration::from_millis(draws.below(30)));
                Poll::Pending
            }
            _ => cx.yield_now(),
        }
    }

    fn add(&mut self, work: &mut WorkScheduler<()>) {
        let name = ["a", "b", "c", "d"][self.draws.below(4) as usize];
        let body = self.work();
        let mut spec = Spec::new(name, body).retry(Retry::ONCE);
        match self.draws.below(5) {
            0 => spec = spec.pool("disk", 1),
            1 => spec = spec.priority(1),
            2 => spec = spec.no_permit(),
            3 => spec = spec.attempt_timeout(Duration::from_millis(20)),
            _ => {}
        }
        if self.draws.below(3) == 0
            && let Some(before) = self.any()
        {
            spec = spec.after_settled(before);
        }
        if let Ok(handle) = work.add(spec) {
            self.ids.push(handle.id());
            self.added += 1;
        }
    }

    fn any(&mut self) -> Option<WorkId> {
        let index = self.draws.below(self.ids.len().max(1) as u64);
        self.ids.get(index as usize).copied()
    }

    fn disturb(&mut self, work: &mut WorkScheduler<()>) {
        let (Some(one), Some(other)) = (self.any(), self.any()) else {
            return;
        };
        // Each refusal is an answer like any other.
        match self.draws.below(5) {
            0 => _ = work.cancel(one),
            1 => _ = work.restart(one),
            2 => _ = work.reap(one),
            3 => _ = work.add_dependency(one, other),
            _ => _ = work.wake(one),
        }
    }
}

fn chaos(seed: u64, measure: Option<Measure>) -> (WorkScheduler<()>, Vec<String>) {
    let mut config = WorkSchedulerConfig::default()
        .max_concurrency(2)
        .pool("disk", 1)
        .retry_delay(Duration::from_millis(3))
        .retain([Retain::All, Retain::Nothing][seed as usize % 2])
        .events(100_000);
    config.measure = measure;
    let mut work = WorkScheduler::<()>::new(config);
    if seed.is_multiple_of(3) {
        work.set_decider(Some(Box::new(RandomOrder::new(seed))));
    }
    let mut chaos = Chaos {
        draws: Stream::new(seed),
        ids: Vec::new(),
        added: 0,
    };
    let mut now = Time::ZERO;
    for _ in 0..400 {
        match chaos.draws.below(4) {
            0 => chaos.add(&mut work),
            1 => chaos.disturb(&mut work),
            _ => {
                now = now + Duration::from_millis(chaos.draws.below(6));
                let turns = 1 + chaos.draws.below(4);
                let _ = work.crank_work(now, &mut (), Budget::turns(turns));
                // The audit compares what is kept of each measured work with the work.
                let audit = work.audit();
                audit.unwrap_or_else(|broken| panic!("seed {seed}: {broken}"));
            }
        }
    }
    assert!(chaos.added > 30, "{}", chaos.added);
    let events = std::iter::from_fn(|| work.poll_event().map(|event| event.to_string()));
    let events = events.collect();
    (work, events)
}

/// Whatever happens, the groups add up to the counters of the scheduler.
#[test]
fn groups_add_up() {
    let mut pools_waited = 0;
    for seed in 0..60 {
        let (work, _) = chaos(seed, Some(Measure::ByName { most: 3 }));
        let metrics = work.measured().unwrap();
        let groups = metrics.by_name.iter().map(|group| &group.works);
        let mut sum = metrics.other.clone();
        for group in groups {
            for (state, &count) in group.by_state.iter().enumerate() {
                sum.by_state[state] += count;
            }
            sum.attempts += group.attempts;
            sum.turns += group.turns;
            sum.queue_age.merge(&group.queue_age);
            sum.permit_wait.merge(&group.permit_wait);
        }
        assert_eq!(sum, metrics.all, "seed {seed}");
        let counters = &metrics.counters;
        assert_eq!(sum.by_state, counters.by_state);
        assert_eq!(
            (sum.attempts, sum.turns),
            (counters.attempts, counters.turns)
        );
        assert_eq!(
            (sum.works(), sum.queue_age.count()),
            (counters.total, counters.turns)
        );
        pools_waited += metrics.by_pool[1].works.permit_wait.sum().as_millis();
    }
    assert!(pools_waited > 0);
}

#[test]
fn measures_change_no_order_and_are_equal_in_equal_runs() {
    for seed in 0..12 {
        let measure = Some(Measure::ByName { most: 2 });
        let (plain, events) = chaos(seed, None);
        let (measured, same) = chaos(seed, measure);
        assert!(events.len() > 100 && events == same, "seed {seed}");
        assert_eq!(plain.metrics(), measured.metrics());
        assert_eq!(measured.measured(), chaos(seed, measure).0.measured());
    }
}
