//! L10 to L12 and L15: works of a graph that have to do with works that are not of it.

use super::super::Step::{Cancel, Done, Expect, Fail, Nap, Pending};
use super::super::{Lab, Log, Script, config, lab, lab_with, script};
use super::{graph, plain, root_of, telling};
use crankwork::WorkState::{self, Blocked, Cancelled, Failed, Queued, Running, Success};
use crankwork::{Retain, Spec, WorkId};

/// Works that have ended in each way: success, failed, cancelled, blocked.
fn ended(lab: &mut Lab) -> [WorkId; 4] {
    let good = lab.work("good", []);
    let bad = lab.work("bad", [Fail("disk full")]);
    let cancelled = lab.work("cancelled", [Cancel]);
    let blocked = lab.add(script("blocked", []).after(bad));
    lab.crank(0);
    let ended = [good, bad, cancelled, blocked];
    assert_eq!(lab.states(&ended), [Success, Failed, Cancelled, Blocked]);
    lab.ran();
    lab.events();
    ended
}

fn after(name: &'static str, other: WorkId) -> Spec<Log, Script> {
    script(name, []).after(other)
}

#[test]
fn l10_a_work_of_a_graph_may_be_after_one_that_is_not_of_it() {
    let mut lab = lab(9);
    let other = lab.work("other", [Nap(5)]);
    let [good, ..] = ended(&mut lab);
    let works = vec![
        script("a", []),
        after("b", other).after(good),
        script("c", []),
    ];
    // Into the work that is after another, out of it, or past it.
    let ids = graph(&mut lab, works, &[(2, 1), (1, 0), (2, 0)]);
    let known = &lab.s.snapshot()[6];
    assert_eq!(known.deps, [other, good, ids[2]], "its own first");
    let states = [WorkState::Pending, WorkState::Pending, Running];
    assert_eq!(lab.states(&ids), states);
    assert_eq!(lab.s.audit(), Ok(()));
    lab.runs(4, "c");
    lab.runs(5, "other b a");
}

#[test]
fn l10_a_dependency_that_has_succeeded_holds_up_no_work_of_a_graph() {
    let mut lab = lab(1);
    let [good, ..] = ended(&mut lab);
    let works = vec![after("a", good), after("b", good), after("c", good)];
    let ids = graph(&mut lab, works, &[(1, 0)]);
    assert_eq!(lab.states(&ids), [WorkState::Pending, Running, Queued]);
    lab.run();
    assert_eq!(lab.ran(), "b c a");
}

#[test]
fn l10_a_work_of_a_graph_with_many_dependencies_of_its_own_has_them_all() {
    // So many that the list of them has grown before the edges come, or is just full.
    for own in 1..20 {
        let mut lab = lab(99);
        let gate = |name| script(name, [Expect]);
        let others: Vec<WorkId> = (0..own).map(|_| lab.add(gate("gate"))).collect();
        let last = others.iter().fold(script("last", []), |w, &id| w.after(id));
        let works = plain(5).into_iter().chain([last]).collect();
        let edges = [(4, 5), (0, 5), (1, 4), (3, 5)];
        let ids = graph(&mut lab, works, &edges);
        let of_graph = [ids[4], ids[0], ids[3]];
        let deps = [&others[..], &of_graph[..]].concat();
        assert_eq!(lab.s.snapshot()[own + 5].deps, deps);
        lab.crank(0);
        for &other in &others {
            assert_eq!(lab.state(ids[5]), WorkState::Pending);
            lab.s.wake(other).unwrap();
            lab.crank(0);
        }
        assert_eq!(lab.state(ids[5]), Success, "{own}");
        assert_eq!(lab.s.audit(), Ok(()));
    }
}

#[test]
fn l11_a_work_of_a_graph_after_one_that_has_failed_is_blocked_with_all_that_follows() {
    let mut lab = lab(9);
    let [_, bad, cancelled, blocked] = ended(&mut lab);
    for (other, root) in [(bad, bad), (cancelled, cancelled), (blocked, bad)] {
        let works = vec![
            telling(script("a", [])),
            telling(after("b", other)),
            script("c", []),
            telling(script("d", [])),
        ];
        let ids = graph(&mut lab, works, &[(2, 1), (1, 0), (0, 3)]);
        let states = [Blocked, Blocked, Running, Blocked];
        assert_eq!(lab.states(&ids), states, "at once");
        for id in [ids[0], ids[1], ids[3]] {
            assert_eq!(root_of(&lab, id), root);
        }
        assert_eq!(lab.s.audit(), Ok(()));
        lab.run();
        let mut ran: Vec<String> = lab.log.lines.drain(..).collect();
        ran.sort();
        assert_eq!(ran, ["a Blocked", "b Blocked", "c", "d Blocked"]);
    }
    assert_eq!(lab.failure(bad).to_string(), "disk full");
}

/// Both can never run, each for a reason of its own, and one is also after the other.
#[test]
fn l11_works_of_a_graph_that_two_failures_block_settle_once() {
    for retain in [Retain::All, Retain::Failures, Retain::Nothing] {
        for edges in [[(0, 1), (1, 2)], [(2, 1), (1, 0)]] {
            let mut lab = lab_with(config(9).retain(retain));
            let holder = lab.work("holder", [Expect]);
            let bad = lab.work("bad", [Fail("x")]);
            let worse = lab.work("worse", [Fail("y")]);
            // So that these are there when the graph comes.
            let keeps = script("keeps", []).after(holder);
            lab.add(keeps.after_settled(bad).after_settled(worse));
            lab.crank(0);
            lab.events();
            let works = vec![after("a", bad), after("b", worse), after("c", bad)];
            let ids = graph(&mut lab, works, &edges);
            assert_eq!(lab.entered(Blocked), "a b c");
            assert_eq!(lab.s.metrics().blocked, 3);
            if retain == Retain::All {
                let roots: Vec<WorkId> = ids.iter().map(|&id| root_of(&lab, id)).collect();
                assert_eq!(roots, [bad, worse, bad], "each has its own reason");
            }
            assert_eq!(lab.s.audit(), Ok(()));
            let ran = std::mem::take(&mut lab.log.lines);
            assert_eq!(ran, ["holder", "bad", "worse"]);
            lab.s.wake(holder).unwrap();
            lab.run();
            assert_eq!(lab.ran(), "holder keeps");
            super::assert_usable(&mut lab);
        }
    }
}

#[test]
fn l11_the_failure_that_was_given_first_is_the_cause() {
    let mut lab = lab(9);
    let [_, bad, cancelled, _] = ended(&mut lab);
    let works = vec![
        after("a", cancelled).after(bad),
        after("b", bad).after(cancelled),
    ];
    let ids = graph(&mut lab, works, &[]);
    assert_eq!(root_of(&lab, ids[0]), cancelled);
    assert_eq!(root_of(&lab, ids[1]), bad);
}

#[test]
fn l30_blocked_works_of_a_graph_go_at_once_if_nothing_is_retained() {
    let mut lab = lab_with(config(9).retain(Retain::Nothing));
    let holder = lab.work("holder", [Expect]);
    let bad = lab.work("bad", [Fail("x")]);
    lab.add(script("keeps", []).after_settled(bad).after(holder));
    lab.crank(0);
    let ids = graph(&mut lab, vec![after("a", bad), script("b", [])], &[(0, 1)]);
    let states: Vec<_> = ids.iter().map(|&id| lab.s.state(id)).collect();
    assert_eq!(states, [None, None]);
    assert_eq!(
        (lab.s.metrics().blocked, lab.s.metrics().in_scheduler),
        (2, 3)
    );
    lab.s.wake(holder).unwrap();
    lab.run();
    super::assert_usable(&mut lab);
}

#[test]
fn l11_after_settled_takes_whatever_end_for_a_work_of_a_graph_too() {
    let mut lab = lab(9);
    let all = ended(&mut lab);
    let sleeps = lab.work("sleeps", [Nap(5), Fail("x")]);
    let last = all
        .iter()
        .fold(script("last", []), |w, &id| w.after_settled(id));
    let works = vec![
        last,
        script("b", []).after_settled(all[1]),
        script("c", []).after_settled(sleeps),
    ];
    let ids = graph(&mut lab, works, &[(2, 0), (1, 0)]);
    let pending = WorkState::Pending;
    assert_eq!(lab.states(&ids), [pending, Running, pending]);
    lab.run();
    assert_eq!(lab.ran(), "sleeps b sleeps c last");
}

#[test]
fn l11_what_follows_a_failed_work_outside_is_blocked_later_just_the_same() {
    let mut lab = lab(9);
    let bad = lab.work("bad", [Nap(5), Fail("x")]);
    let works = vec![script("a", []), after("b", bad), script("c", [])];
    let ids = graph(&mut lab, works, &[(1, 0), (2, 0)]);
    lab.runs(0, "bad c");
    lab.crank(5);
    assert_eq!(lab.states(&ids), [Blocked, Blocked, Success]);
    assert_eq!(root_of(&lab, ids[0]), bad);
}

#[test]
fn l12_works_of_a_graph_may_be_children_of_one_that_runs() {
    let mut lab = lab(1);
    let parent = lab.work("parent", [Expect, Pending, Done]);
    lab.crank(0);
    let child = |name| script(name, [Nap(1)]).parent(parent);
    let works = vec![child("a"), child("b"), script("c", [])];
    let ids = graph(&mut lab, works, &[(1, 0), (0, 2)]);
    assert_eq!(lab.s.snapshot()[1].parent, Some(parent));
    assert_eq!(lab.s.audit(), Ok(()));
    let pending = WorkState::Pending;
    // The parent sleeps with live children: its permit is the next one's.
    assert_eq!(lab.states(&ids), [pending, Running, pending]);
    lab.run();
    assert_eq!(lab.ran(), "parent b b parent a a parent c");
    assert_eq!(lab.state(parent), Success);
    assert_eq!(lab.s.state(ids[0]), None, "children go with their parent");
}

#[test]
fn l12_works_of_a_graph_may_be_children_of_one_that_waits() {
    let mut lab = lab(9);
    let gate = lab.work("gate", [Nap(5)]);
    let parent = lab.add(after("parent", gate));
    let child = |name| script(name, []).parent(parent);
    let ids = graph(&mut lab, vec![child("a"), child("b")], &[(1, 0)]);
    assert_eq!(lab.states(&ids), [WorkState::Pending; 2]);
    assert_eq!(lab.s.audit(), Ok(()));
    lab.runs(0, "gate");
    lab.runs(5, "gate parent b a");
    assert_eq!(lab.states(&[gate, parent]), [Success; 2]);
}

#[test]
fn l13_a_child_that_came_with_a_graph_fails_its_parent() {
    let mut lab = lab(9);
    let parent = lab.work("parent", [Expect]);
    lab.crank(0);
    let works = vec![
        script("a", []).parent(parent),
        script("b", [Fail("x")]).parent(parent),
        script("c", []),
    ];
    let ids = graph(&mut lab, works, &[(1, 0), (0, 2)]);
    lab.run();
    assert_eq!(lab.states(&[parent, ids[2]]), [Failed, Blocked]);
    assert_eq!(lab.ran(), "parent b");
    assert_eq!(lab.failure(parent).root().to_string(), "x");
}

/// A child that can never run has not settled before it is a child, nor is it forgotten.
#[test]
fn l13_a_child_in_a_graph_that_can_never_run_fails_its_parent() {
    let mut lab = lab(9);
    let [_, bad, ..] = ended(&mut lab);
    let parent = lab.work("parent", [Expect]);
    lab.crank(0);
    let works = vec![script("a", []), after("b", bad).parent(parent)];
    let ids = graph(&mut lab, works, &[(1, 0)]);
    assert_eq!(lab.states(&ids), [Blocked; 2]);
    lab.run();
    assert_eq!(lab.state(parent), Failed);
    super::assert_usable(&mut lab);
}
