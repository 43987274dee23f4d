//! Each message says what happened and, after a colon, what to do.

use super::three_ids;
use crate::workbench::Step::{Fail, Pending};
use crate::workbench::*;
use crankwork::{
    AddError, CyclePath, DependencyError, PostError, ReapError, RestartError, UnknownWork, WorkId,
    WorkState,
};
use std::error::Error;

trait Says: Error {
    /// Fails the test unless the message has these words.
    fn says(&self, words: &str) {
        let text = self.to_string();
        assert!(text.contains(words), "{text:?} does not say {words:?}");
    }
}

impl<E: Error> Says for E {}

fn cycle(id: WorkId) -> CyclePath {
    CyclePath(vec![(Some(id), "live".into())])
}

#[test]
fn messages_about_ids() {
    let (_, gone, foreign, _) = three_ids();
    let (gone, foreign) = (UnknownWork::Reclaimed(gone), UnknownWork::Foreign(foreign));
    gone.says("work #0 has settled and been reclaimed: keep it with");
    foreign.says("belongs to another scheduler: use the scheduler that returned");
}

#[test]
fn messages_of_an_add() {
    let (_, gone, foreign, live) = three_ids();
    let (gone, foreign) = (UnknownWork::Reclaimed(gone), UnknownWork::Foreign(foreign));
    let above = AddError::AboveCapacity {
        pool: "disk".into(),
        weight: 3,
        capacity: 2,
    };
    above.says("it needs 3 of pool `disk`, which has 2: lower the weight or raise");
    AddError::ShutDown.says("the scheduler is shutting down: add works before");
    AddError::Parent(gone).says("parent: work #0 has settled");
    AddError::Dependency(foreign).says("dependency: work #0 belongs");
    let done = AddError::ParentDone(live, WorkState::Success);
    done.says("parent #1 is Success: add children before");
    AddError::NotInATurn.says("spawn in `poll`, or use `spawn_root`");
    let cycle = AddError::Cycle(cycle(live));
    cycle.says("it would wait for itself: `live` -> `live`; leave out one");
    let pool = AddError::NoSuchPool("tape".into());
    pool.says("there is no pool `tape`: make it with");
    let works = AddError::TooManyWorks(7);
    works.says("there are 7 works, the limit: reap settled ones, or raise");
    let edges = AddError::TooManyEdges(7);
    edges.says("there are 7 dependencies, the limit: reap settled works, or raise");
}

#[test]
fn messages_of_an_added_dependency() {
    let (_, gone, foreign, live) = three_ids();
    let (gone, foreign) = (UnknownWork::Reclaimed(gone), UnknownWork::Foreign(foreign));
    DependencyError::Before(gone).says("the work before: work #0");
    DependencyError::After(foreign).says("the work after: work #0");
    let started = DependencyError::Started(live, WorkState::Waiting);
    started.says("is Waiting and has had a turn or has children: add its");
    DependencyError::Cycle(cycle(live)).says("leave out one of these");
    DependencyError::TooManyEdges(7).says("or raise `Limits::edges`");
}

#[test]
fn messages_of_a_restart_and_of_a_reap() {
    let (_, gone, foreign, live) = three_ids();
    let (gone, foreign) = (UnknownWork::Reclaimed(gone), UnknownWork::Foreign(foreign));
    RestartError::Unknown(gone).says("keep it with `Retain::All`");
    let unsettled = RestartError::NotSettled(live, WorkState::Waiting);
    unsettled.says("work #1 is Waiting: restart it after");
    RestartError::ShutDown.says("restart works before `shutdown`");
    RestartError::ParentDone(live).says("restart the parent instead");
    RestartError::Gone(live).says("add it anew");
    let unsettled = ReapError::NotSettled(live, WorkState::Waiting);
    unsettled.says("work #1 is Waiting: reap it after");
    ReapError::Child(live).says("it is reclaimed when its parent settles");
    let dependents = ReapError::Dependents(live, 3);
    dependents.says("3 works that are after #1 have not settled: reap it after");
    ReapError::Unknown(foreign).says("use the scheduler that returned this id");
}

#[test]
fn messages_of_a_post() {
    let full = PostError::Full(()).to_string();
    assert!(full.contains("post again after its next crank"), "{full}");
    let closed = PostError::Closed(()).to_string();
    assert!(closed.contains("has been dropped"), "{closed}");
}

/// In a turn `?` makes a failure of an error.
#[test]
fn an_error_of_a_call_may_be_the_failure_of_a_work() {
    let (mut bench, gone, ..) = three_ids();
    let watches = then(move |cx| match cx.watch(gone) {
        Ok(_) => Pending,
        Err(error) => {
            cx.app.push(crankwork::Failure::from(error));
            Fail("watching")
        }
    });
    let a = bench.script("a", [watches]);
    bench.crank();
    assert_eq!(bench.state(a), WorkState::Failed);
    assert!(
        bench
            .ran()
            .contains("work #0 has settled and been reclaimed")
    );
}
