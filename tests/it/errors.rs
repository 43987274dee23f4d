//! Errors: each says what to do, and nothing is lost; limits; stalls.

use crate::laws::Step::{Err as Fails, Expect, Nap, Pending};
use crate::laws::{Lab, at, config, lab, lab_with, script, then};
use crankwork::{
    AddError, Budget, CyclePath, DependencyError, FailureKind, Handle, Limits, Next, PostError,
    ReapError, RestartError, Retry, Time, UnknownWork, VirtualDriver, WorkId, WorkScheduler,
    WorkSchedulerConfig, WorkState,
};
use std::error::Error;
use std::task::Poll;

/// An id that was reclaimed, one of another scheduler, and one that is there and waiting.
fn three_ids() -> (Lab, WorkId, WorkId, WorkId) {
    let mut lab = lab(9);
    let gone = lab.work("gone", []);
    let live = lab.work("live", [Expect]);
    lab.crank(0);
    lab.s.reap(gone).unwrap();
    let foreign = WorkScheduler::<()>::new(WorkSchedulerConfig::default())
        .add_fn("foreign", |_| Poll::Ready(Ok(())))
        .unwrap()
        .id();
    (lab, gone, foreign, live)
}

// ---- what they say ----

/// Every message has words for what to do after its colon.
#[test]
fn each_message_says_what_happened_and_what_to_do() {
    let (mut lab, gone, foreign, live) = three_ids();
    let path = || CyclePath(vec![(Some(live), "live".into())]);
    let (reclaimed, other) = (UnknownWork::Reclaimed(gone), UnknownWork::Foreign(foreign));
    let above = AddError::AboveCapacity {
        pool: "disk".into(),
        weight: 3,
        capacity: 2,
    };
    let full = PostError::Full(());
    let closed = PostError::Closed(());
    let errors: [(&dyn Error, &str); 26] = [
        (
            &reclaimed,
            "work #0 has settled and been reclaimed: take what you need before",
        ),
        (
            &other,
            "belongs to another scheduler: use the scheduler that returned",
        ),
        (
            &AddError::ShutDown,
            "the scheduler is shutting down: add works before",
        ),
        (&AddError::Parent(reclaimed), "parent: work #0 has settled"),
        (&AddError::Dependency(other), "dependency: work #0 belongs"),
        (
            &AddError::ParentDone(live, WorkState::Success),
            "parent #1 is Success: add children before",
        ),
        (
            &AddError::NotInATurn,
            "spawn in `poll`, or use `spawn_root`",
        ),
        (
            &AddError::Cycle(path()),
            "it would wait for itself: `live` -> `live`; leave out one",
        ),
        (
            &AddError::NoSuchPool("tape".into()),
            "there is no pool `tape`: make it with",
        ),
        (
            &above,
            "it needs 3 of pool `disk`, which has 2: lower the weight or raise",
        ),
        (
            &AddError::TooManyWorks(7),
            "there are 7 works, the limit: reap settled ones, or raise",
        ),
        (
            &AddError::TooManyEdges(7),
            "there are 7 dependencies, the limit: reap settled works, or raise",
        ),
        (
            &DependencyError::Before(reclaimed),
            "the work before: work #0",
        ),
        (&DependencyError::After(other), "the work after: work #0"),
        (
            &DependencyError::Started(live, WorkState::Waiting),
            "is Waiting and has had a turn or has children: add its",
        ),
        (&DependencyError::Cycle(path()), "leave out one of these"),
        (
            &DependencyError::TooManyEdges(7),
            "or raise `Limits::edges`",
        ),
        (
            &RestartError::Unknown(reclaimed),
            "keep it with `Retain::All`",
        ),
        (
            &RestartError::NotSettled(live, WorkState::Waiting),
            "work #1 is Waiting: restart it after",
        ),
        (&RestartError::ShutDown, "restart works before `shutdown`"),
        (
            &RestartError::ParentDone(live),
            "restart the parent instead",
        ),
        (&RestartError::Gone(live), "add it anew"),
        (
            &ReapError::NotSettled(live, WorkState::Waiting),
            "work #1 is Waiting: reap it after",
        ),
        (
            &ReapError::Child(live),
            "it is reclaimed when its parent settles",
        ),
        (
            &ReapError::Dependents(live, 3),
            "3 works that are after #1 have not settled: reap it after",
        ),
        (
            &ReapError::Unknown(other),
            "use the scheduler that returned this id",
        ),
    ];
    for (error, says) in errors {
        let text = error.to_string();
        assert!(text.contains(says), "{text:?} does not say {says:?}");
    }
    assert!(full.to_string().contains("post again after its next crank"));
    assert!(closed.to_string().contains("has been dropped"));
    // They are errors of works too: `?` in a turn makes a failure of them.
    let a = lab.work(
        "a",
        [then(move |cx| match cx.watch(gone) {
            Ok(_) => Pending,
            Err(error) => {
                cx.app.say(crankwork::Failure::from(error));
                Fails("watching")
            }
        })],
    );
    lab.crank(0);
    assert_eq!(lab.state(a), WorkState::Failed);
    assert!(lab.ran().contains("work #0 has settled and been reclaimed"));
}

#[test]
fn unknown_reclaimed_and_foreign_ids_are_refused_everywhere() {
    let (mut lab, gone, foreign, live) = three_ids();
    for (id, error) in [
        (gone, UnknownWork::Reclaimed(gone)),
        (foreign, UnknownWork::Foreign(foreign)),
    ] {
        assert_eq!(lab.s.wake(id), Err(error));
        assert_eq!(lab.s.cancel(id), Err(error));
        assert_eq!(lab.s.restart(id), Err(error.into()));
        assert_eq!(lab.s.reap(id).unwrap_err(), error.into());
        assert_eq!(
            lab.s.add_dependency(id, live),
            Err(DependencyError::Before(error))
        );
        assert_eq!(
            lab.s.add_dependency(live, id),
            Err(DependencyError::After(error))
        );
        let mut clock = VirtualDriver::new();
        let ran = lab.s.run_until(id, &mut lab.log, &mut clock).unwrap_err();
        assert_eq!(ran.to_string(), error.to_string());
        assert_eq!(
            (lab.s.state(id), lab.s.name(id), lab.s.retry_eta(id)),
            (None, None, None)
        );
        assert!(lab.s.outcome(id).is_none());
    }
    assert_eq!(
        lab.state(live),
        WorkState::Waiting,
        "nothing happened to the others"
    );
}

#[test]
fn a_handle_of_another_scheduler_takes_nothing() {
    let one = || {
        let mut s = WorkScheduler::<()>::new(WorkSchedulerConfig::default());
        let handle = s.add_fn("a", |_| Poll::Ready(Ok(7))).unwrap();
        let _ = s.crank_work(Time::ZERO, &mut (), Budget::unlimited());
        (s, handle)
    };
    let ((mut s, mine), (_other, theirs)) = (one(), one());
    assert_eq!(s.output(theirs), None);
    assert_eq!(s.take(theirs), None);
    assert_eq!(s.take(mine), Some(7));
}

// ---- cycles ----

#[test]
fn a_long_cycle_is_told_by_its_beginning_and_its_length() {
    let mut lab = lab(1);
    lab.work("holder", [Expect]);
    let first = lab.work("first", []);
    let mut last = first;
    for _ in 0..99 {
        last = lab.add(script("next", []).after(last));
    }
    let Err(DependencyError::Cycle(path)) = lab.s.add_dependency(last, first) else {
        panic!("a cycle");
    };
    assert_eq!(path.0.len(), 100, "the error itself has all of it");
    let text = path.to_string();
    assert!(text.starts_with("`first` -> `next` -> "), "{text}");
    assert!(text.ends_with(" -> (88 more) -> `first`"), "{text}");
}

#[test]
fn a_cycle_across_both_kinds_of_edge_and_several_trees_is_told_in_order() {
    let mut lab = lab(1);
    lab.work("holder", [Expect]);
    // `a` owns `a1`, `b` owns `b1`; b after a, c after b1; a1 after c would close it through both trees.
    let a = lab.work("a", []);
    let b = lab.add(script("b", []).after(a));
    let b1 = lab.add(script("b1", []).parent(b));
    let c = lab.add(script("c", []).after(b1));
    let error = lab.s.add(script("a1", []).parent(a).after(c)).unwrap_err();
    let AddError::Cycle(path) = error else {
        panic!("{error}");
    };
    let names: Vec<&str> = path.0.iter().map(|(_, name)| &**name).collect();
    assert_eq!(names, ["a", "b", "b1", "c", "a1"]);
    let ids: Vec<WorkId> = path.0[..4].iter().filter_map(|&(id, _)| id).collect();
    assert_eq!(ids, [a, b, b1, c]);
    let before = lab.s.metrics();
    assert_eq!(before.total, 5, "nothing was added");
    // Without that edge it is fine, and all come to their end.
    lab.add(script("a1", []).parent(a));
    lab.s.cancel(lab.log.id("holder")).unwrap();
    lab.crank(0);
    assert_eq!(lab.s.metrics().success, 5);
}

// ---- limits ----

#[test]
fn the_limit_of_works_is_refused_and_the_spec_comes_back() {
    let limits = Limits::default().works(2);
    let mut lab = lab_with(config(9).limits(limits));
    lab.work("a", []);
    let b = lab.work("b", []);
    let refused = lab
        .s
        .try_add(script("c", []).after(b).priority(3))
        .unwrap_err();
    assert_eq!(refused.error, AddError::TooManyWorks(2));
    assert_eq!(refused.to_string(), refused.error.to_string());
    lab.crank(0);
    lab.s.reap_settled();
    // The same spec, later: it has lost nothing but the dependency, which is gone.
    let again = lab.s.try_add(refused.spec).unwrap_err();
    assert_eq!(again.error, AddError::Dependency(UnknownWork::Reclaimed(b)));
    let c: Handle<()> = lab.s.try_add(script("c", [])).unwrap();
    lab.ran();
    lab.crank(0);
    assert_eq!(
        (lab.ran().as_str(), lab.s.state(c)),
        ("c", Some(WorkState::Success))
    );
}

#[test]
fn a_spec_that_comes_back_can_be_added_once_there_is_room() {
    let limits = Limits::default().works(1);
    let mut lab = lab_with(config(9).limits(limits));
    let a = lab.work("a", []);
    let spec = script("b", [Nap(5)]).retry(Retry::ONCE).deadline(at(3));
    let spec = lab.s.try_add(spec).unwrap_err().spec;
    lab.crank(0);
    lab.s.reap(a).unwrap();
    let b = lab.add(spec);
    assert_eq!(lab.s.snapshot()[0].retries_left, 1);
    lab.crank(0);
    lab.crank(3);
    assert_eq!(*lab.failure(b).kind(), FailureKind::Deadline(at(3)));
}

#[test]
fn the_limit_of_edges_is_refused() {
    let limits = Limits::default().edges(2);
    let mut lab = lab_with(config(1).limits(limits));
    let a = lab.work("a", []);
    let b = lab.add(script("b", []).after(a));
    let c = lab.add(script("c", []).after(b));
    assert_eq!(
        lab.s.add_dependency(a, c),
        Err(DependencyError::TooManyEdges(2))
    );
    let refused = lab.s.try_add(script("d", []).after(a)).unwrap_err();
    assert_eq!(refused.error, AddError::TooManyEdges(2));
    lab.crank(0);
    lab.s.reap_settled();
    lab.work("e", []);
}

#[test]
fn the_limit_of_the_inbox_gives_the_closure_back() {
    let limits = Limits::default().inbox(1);
    let mut lab = lab_with(config(1).limits(limits));
    let remote = lab.s.remote();
    remote.post(|log, _| log.say("first")).unwrap();
    let text = String::from("kept");
    let Err(PostError::Full(closure)) = remote.post(move |log, _| log.say(text)) else {
        panic!("there is room for one");
    };
    lab.crank(0);
    remote.post(closure).unwrap();
    lab.crank(0);
    assert_eq!(lab.ran(), "first kept");
    drop(lab);
    assert!(matches!(remote.post(|_, _| ()), Err(PostError::Closed(_))));
}

#[test]
fn adding_after_shutdown_gives_the_spec_back() {
    let mut lab = lab(1);
    lab.s.shutdown();
    let refused = lab.s.try_add(script("a", [])).unwrap_err();
    assert_eq!(refused.error, AddError::ShutDown);
    let mut other = self::lab(1);
    let a = other.add(refused.spec);
    other.crank(0);
    assert_eq!(other.state(a), WorkState::Success);
}

// ---- stalls ----

#[test]
fn a_stall_names_each_waiting_work_and_what_it_waits_for() {
    let mut lab = lab_with(config(2).pool("disk", 1));
    lab.add(script("holder", [Expect]).pool("disk", 1));
    let parent = lab.work(
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
    lab.add(script("disk user", []).pool("disk", 1));
    let last = lab.add(script("last", []).after(parent));
    lab.add(script("held", []).parent(last));
    let mut clock = VirtualDriver::new();
    let stall = lab.s.run_until_done(&mut lab.log, &mut clock).unwrap_err();
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
    // `run_until` stalls with the same words.
    let stall = lab.s.run_until(last, &mut lab.log, &mut clock).unwrap_err();
    assert_eq!(stall.to_string(), expected);
}

#[test]
fn a_long_stall_report_is_cut_when_printed_and_whole_as_data() {
    let mut lab = lab(30);
    for _ in 0..30 {
        lab.work("w", [Expect]);
    }
    lab.crank(0);
    let report = lab.s.stall_report();
    assert_eq!(report.works.len(), 30);
    assert_eq!(report.to_string().lines().count(), 22);
    assert!(report.to_string().ends_with("\n  and 10 more"));
}

#[test]
fn a_work_that_needs_more_than_a_lowered_pool_stalls_and_says_so() {
    let mut lab = lab_with(config(2).pool("disk", 2));
    let holder = lab.add(script("holder", [Expect]).pool("disk", 2));
    let big = lab.add(script("big", []).pool("disk", 2));
    lab.crank(0);
    lab.s.set_pool_capacity("disk", 1);
    lab.s.wake(holder).unwrap();
    assert_eq!(lab.crank(0).next, Next::Stalled);
    let text = lab.s.stall_report().to_string();
    assert!(
        text.contains("`big` #1 (Queued) waits for a permit of `disk` (0 of 1 are out)"),
        "{text}"
    );
    lab.s.set_pool_capacity("disk", 2);
    lab.crank(0);
    assert_eq!(lab.state(big), WorkState::Success);
}
