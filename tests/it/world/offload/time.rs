//! When jobs end, in real and in virtual time.

use super::*;
use crate::units::{at_secs, ms, secs};
use crate::workbench::{Bench, OK, Probe};
use crankwork::{InlineOffload, Next, ParkDriver, Spec, VirtualDriver, WorkScheduler, WorkState};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::task::ready;
use std::thread;

#[test]
fn the_same_work_runs_on_threads_and_in_virtual_time() {
    let task = || Spec::new("sum", Task::new(|| (1..=100u32).sum::<u32>()));
    let mut real = WorkScheduler::<()>::new(Default::default());
    real.set_offload(pool(2));
    let sum = real.add(task()).unwrap();
    real.run_until_done(&mut (), &mut ParkDriver::new())
        .unwrap();
    assert_eq!(real.take(sum), Some(5050));

    let mut simulated = WorkScheduler::<()>::new(Default::default());
    simulated.set_offload(InlineOffload::after(secs(3)));
    let sum = simulated.add(task()).unwrap();
    let mut driver = VirtualDriver::new();
    simulated.run_until_done(&mut (), &mut driver).unwrap();
    assert_eq!(simulated.take(sum), Some(5050));
    assert_eq!(driver.now(), at_secs(3));
}

#[test]
fn l29_a_simulated_job_pins_virtual_time_until_its_completion() {
    let mut bench = Bench::with_permits(4);
    bench.s.set_offload(InlineOffload::after(secs(5)));
    let ran_at = Rc::new(RefCell::new(Vec::new()));
    let seen = ran_at.clone();
    let mut ticket = None;
    bench.add(
        "a",
        Probe::new(move |cx| {
            let ticket = ticket.get_or_insert_with(|| cx.offload(|| ()));
            ready!(ticket.poll(cx))?;
            seen.borrow_mut().push(cx.now());
            OK
        }),
    );
    bench.add("b", Probe::new(|cx| cx.sleep(secs(9)).map(Ok)));
    assert_eq!(
        bench.crank().next,
        Next::At(at_secs(5)),
        "not 9 s: the job ends first"
    );
    assert_eq!(
        bench.crank_at(at_secs(4)).next,
        Next::At(at_secs(5)),
        "and not before"
    );
    bench.run();
    assert_eq!(*ran_at.borrow(), [at_secs(5)]);
    assert_eq!(bench.s.now(), at_secs(9));
}

#[test]
fn l29_real_jobs_pin_virtual_time_until_they_are_done() {
    let mut bench = Bench::with_permits(4);
    bench.s.set_offload(pool(1));
    let seen = Rc::new(RefCell::new(Vec::new()));
    // One after the other, while a sleeper waits for a second that must not pass meanwhile.
    for name in ["a", "b", "c"] {
        let (seen, mut ticket) = (seen.clone(), None);
        bench.add(
            name,
            Probe::new(move |cx| {
                let slow = || thread::sleep(ms(5));
                let ticket = ticket.get_or_insert_with(|| cx.offload(slow));
                ready!(ticket.poll(cx))?;
                seen.borrow_mut().push((cx.name().to_string(), cx.now()));
                OK
            }),
        );
    }
    bench.add("sleeper", Probe::new(|cx| cx.sleep(secs(1)).map(Ok)));
    bench.run();
    let seen = seen.borrow();
    let expected = ["a", "b", "c"].map(|name| (name.to_string(), at_secs(0)));
    assert_eq!(*seen, expected);
    assert_eq!(bench.s.now(), at_secs(1));
}

#[test]
fn l29_jobs_of_ended_attempts_pin_virtual_time_too() {
    let mut bench = Bench::with_permits(4);
    bench.s.set_offload(pool(1));
    let (gate, job) = gated();
    let mut ticket = None;
    let a = Probe::new(move |cx| {
        if ticket.is_none() {
            ticket = Some(cx.offload(job.clone()));
            return Poll::Pending;
        }
        OK
    });
    let a = bench.add("a", a);
    assert_eq!(bench.crank().next, Next::External);
    gate.running.recv().unwrap();
    bench.s.wake(a).unwrap();
    assert_eq!(bench.crank().next, Next::Idle);
    assert_eq!(bench.s.jobs_outside(), 1, "it runs and cannot be stopped");
    drop(gate);
    // The job's effects belong to this second, so the clock waits for it.
    bench.add("sleeper", Probe::new(|cx| cx.sleep(secs(1)).map(Ok)));
    bench.run();
    assert_eq!(bench.s.jobs_outside(), 0);
    assert_eq!(bench.state(a), WorkState::Success);
}

#[test]
fn l08_a_sleeper_may_wait_for_a_job_alone() {
    let mut bench = Bench::with_permits(4);
    bench.s.set_offload(pool(1));
    let (gate, job) = gated();
    let a = bench.s.add(Spec::new("a", Task::new(job))).unwrap();
    assert_eq!(bench.crank().next, Next::External, "no LostWake");
    assert_eq!(bench.state(a.id()), WorkState::Waiting);
    let report = bench.s.stall_report().to_string();
    assert!(report.contains("waits for 1 offloaded jobs"), "{report}");
    assert_eq!(bench.s.status(), "a: Waiting : 1 jobs out\n");
    gate.release.send(()).unwrap();
    bench.run();
    assert_eq!(bench.s.take(a), Some("through"));
}

#[test]
fn l27_simulated_jobs_are_the_same_in_every_run_and_others_do_not_shift_them() {
    let run = |others: u32| {
        let mut bench = Bench::with_permits(10);
        bench.s.set_offload(InlineOffload::with_latency(|job| {
            ms(job.stream().below(1_000_000))
        }));
        for n in 0..others {
            let spec = Spec::new(format!("other {n}"), Task::new(|| ()));
            bench.add_spec(spec);
        }
        let ends = Rc::new(RefCell::new(Vec::new()));
        for name in ["a", "b"] {
            let (ends, mut ticket, mut left) = (ends.clone(), None, 3);
            bench.add(
                name,
                Probe::new(move |cx| {
                    while left > 0 {
                        ready!(ticket.get_or_insert_with(|| cx.offload(|| ())).poll(cx))?;
                        ticket = None;
                        left -= 1;
                        ends.borrow_mut().push((cx.name().to_string(), cx.now()));
                    }
                    OK
                }),
            );
        }
        bench.run();
        let mut ends = ends.take();
        ends.sort();
        ends
    };
    let ends = run(0);
    assert_eq!(ends.len(), 6);
    let mut times: Vec<_> = ends.iter().map(|(_, at)| at).collect();
    times.dedup();
    assert_eq!(
        times.len(),
        6,
        "each job has a latency of its own: {ends:?}"
    );
    assert_eq!(run(0), ends);
    assert_eq!(run(5), ends, "one more work shifts nobody's latency");
}

#[test]
fn simulated_jobs_that_end_together_run_in_the_order_in_which_they_were_offloaded() {
    let mut bench = Bench::with_permits(10);
    bench.s.set_offload(InlineOffload::after(secs(1)));
    let order: Arc<Mutex<Vec<u32>>> = Arc::default();
    for n in 0..5 {
        let order = order.clone();
        let task = Task::new(move || order.lock().unwrap().push(n));
        bench.add_spec(Spec::new("task", task));
    }
    bench.run();
    assert_eq!(*order.lock().unwrap(), [0, 1, 2, 3, 4]);
}

#[test]
fn a_job_that_takes_no_time_still_takes_a_round() {
    let mut bench = Bench::with_permits(1);
    bench.s.set_offload(InlineOffload::new());
    let a = bench.s.add(Spec::new("a", Task::new(|| 1))).unwrap();
    assert_eq!(bench.turns(1).next, Next::Now);
    assert_eq!(bench.state(a.id()), WorkState::Waiting);
    assert_eq!(bench.turns(1).next, Next::Idle);
    assert_eq!(bench.s.take(a), Some(1));
}
