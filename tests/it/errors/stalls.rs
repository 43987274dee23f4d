//! A stall says what each work waits for.

use crate::workbench::Step::{Expect, Pending};
use crate::workbench::*;
use crankwork::{Next, VirtualDriver, WorkState};

#[test]
fn a_stall_names_each_waiting_work_and_what_it_waits_for() {
    let mut bench = Bench::new(config(2).pool("disk", 1));
    bench.add_spec(script("holder", [Expect]).pool("disk", 1));
    let parent = bench.script(
        "parent",
        [then(|cx| {
            let holder = cx.app.id("holder");
            cx.spawn(script("child", []).after(holder)).unwrap();
            cx.watch(holder).unwrap();
            let waker = cx.remote_waker();
            cx.app.wakers.push(waker);
            Pending
        })],
    );
    bench.add_spec(script("disk user", []).pool("disk", 1));
    let last = bench.add_spec(script("last", []).after(parent));
    bench.add_spec(script("held", []).parent(last));
    let mut clock = VirtualDriver::new();
    let stall = bench
        .s
        .run_until_done(&mut bench.log, &mut clock)
        .unwrap_err();
    let expected = "\
stalled: 6 works have not settled at 00:00:00.000
  `holder` #0 (Waiting) waits for somebody's wake (expect_wake)
  `parent` #1 (Waiting) waits for 1 children, `holder` #0, which it watches, a remote waker
  `disk user` #2 (Queued) waits for a permit of `disk` (1 of 1 are out)
  `last` #3 (Pending) waits for `parent` #1 to settle
  `held` #4 (Pending) waits for its parent `last` #3 to start
  `child` #5 (Pending) waits for `holder` #0 to settle
asleep with permits that Queued works lack:
  `holder` #0 (`disk`)";
    assert_eq!(stall.to_string(), expected);
    assert_eq!(stall.report.works.len(), 6);
    // `run_until` stalls with these words too.
    let stall = bench
        .s
        .run_until(last, &mut bench.log, &mut clock)
        .unwrap_err();
    assert_eq!(stall.to_string(), expected);
}

#[test]
fn a_long_stall_report_is_cut_when_printed_and_whole_as_data() {
    let mut bench = Bench::with_permits(30);
    for _ in 0..30 {
        bench.script("w", [Expect]);
    }
    bench.crank();
    let report = bench.s.stall_report();
    assert_eq!(report.works.len(), 30);
    assert_eq!(report.to_string().lines().count(), 22);
    assert!(report.to_string().ends_with("\n  and 10 more"));
}

#[test]
fn a_work_that_needs_more_than_a_lowered_pool_stalls_and_says_so() {
    let mut bench = Bench::new(config(2).pool("disk", 2));
    let holder = bench.add_spec(script("holder", [Expect]).pool("disk", 2));
    let big = bench.add_spec(script("big", []).pool("disk", 2));
    bench.crank();
    bench.s.set_pool_capacity("disk", 1);
    bench.s.wake(holder).unwrap();
    assert_eq!(bench.crank().next, Next::Stalled);
    let text = bench.s.stall_report().to_string();
    assert!(
        text.contains("`big` #1 (Queued) waits for a permit of `disk` (0 of 1 are out)"),
        "{text}"
    );
    bench.s.set_pool_capacity("disk", 2);
    bench.crank();
    assert_eq!(bench.state(big), WorkState::Success);
}
