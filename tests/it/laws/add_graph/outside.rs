//! L10 to L12 and L15: works of a graph that have to do with works that are not of it.

use super::{graph, plain, root_of, telling};
use crate::units::at_ms;
use crate::workbench::Step::{Cancel, Done, Expect, Fail, Nap, Pending};
use crate::workbench::*;
use crankwork::WorkState::{self, Blocked, Cancelled, Failed, Queued, Running, Success};
use crankwork::{Retain, Spec, WorkId};

/// Works that have ended in each way: success, failed, cancelled, blocked.
fn ended(bench: &mut Bench) -> [WorkId; 4] {
    let good = bench.script("good", []);
    let bad = bench.script("bad", [Fail("disk full")]);
    let cancelled = bench.script("cancelled", [Cancel]);
    let blocked = bench.add_spec(script("blocked", []).after(bad));
    bench.crank();
    let ended = [good, bad, cancelled, blocked];
    assert_eq!(bench.states(ended), [Success, Failed, Cancelled, Blocked]);
    bench.ran();
    bench.events();
    ended
}

fn after(name: &'static str, other: WorkId) -> Spec<Log, Probe> {
    script(name, []).after(other)
}

#[test]
fn l10_a_work_of_a_graph_may_be_after_one_that_is_not_of_it() {
    let mut bench = Bench::with_permits(9);
    let other = bench.script("other", [Nap(5)]);
    let [good, ..] = ended(&mut bench);
    let works = vec![
        script("a", []),
        after("b", other).after(good),
        script("c", []),
    ];
    // Into the work that is after another, out of it, or past it.
    let ids = graph(&mut bench, works, &[(2, 1), (1, 0), (2, 0)]);
    let known = &bench.s.snapshot()[6];
    assert_eq!(known.deps, [other, good, ids[2]], "its own first");
    let states = [WorkState::Pending, WorkState::Pending, Running];
    assert_eq!(bench.states(&ids), states);
    assert_eq!(bench.s.audit(), Ok(()));
    bench.runs_at(at_ms(4), "c");
    bench.runs_at(at_ms(5), "other b a");
}

#[test]
fn l10_a_dependency_that_has_succeeded_holds_up_no_work_of_a_graph() {
    let mut bench = Bench::with_permits(1);
    let [good, ..] = ended(&mut bench);
    let works = vec![after("a", good), after("b", good), after("c", good)];
    let ids = graph(&mut bench, works, &[(1, 0)]);
    assert_eq!(bench.states(&ids), [WorkState::Pending, Running, Queued]);
    bench.run();
    assert_eq!(bench.ran(), "b c a");
}

#[test]
fn l10_a_work_of_a_graph_with_many_dependencies_of_its_own_has_them_all() {
    // So many that the list of them has grown before the edges come, or is just full.
    for own in 1..20 {
        let mut bench = Bench::with_permits(99);
        let gate = |name| script(name, [Expect]);
        let others: Vec<WorkId> = (0..own).map(|_| bench.add_spec(gate("gate"))).collect();
        let last = others.iter().fold(script("last", []), |w, &id| w.after(id));
        let works = plain(5).into_iter().chain([last]).collect();
        let edges = [(4, 5), (0, 5), (1, 4), (3, 5)];
        let ids = graph(&mut bench, works, &edges);
        let of_graph = [ids[4], ids[0], ids[3]];
        let deps = [&others[..], &of_graph[..]].concat();
        assert_eq!(bench.s.snapshot()[own + 5].deps, deps);
        bench.crank();
        for &other in &others {
            assert_eq!(bench.state(ids[5]), WorkState::Pending);
            bench.s.wake(other).unwrap();
            bench.crank();
        }
        assert_eq!(bench.state(ids[5]), Success, "{own}");
        assert_eq!(bench.s.audit(), Ok(()));
    }
}

#[test]
fn l11_a_work_of_a_graph_after_one_that_has_failed_is_blocked_with_all_that_follows() {
    let mut bench = Bench::with_permits(9);
    let [_, bad, cancelled, blocked] = ended(&mut bench);
    for (other, root) in [(bad, bad), (cancelled, cancelled), (blocked, bad)] {
        let works = vec![
            telling(script("a", [])),
            telling(after("b", other)),
            script("c", []),
            telling(script("d", [])),
        ];
        let ids = graph(&mut bench, works, &[(2, 1), (1, 0), (0, 3)]);
        let states = [Blocked, Blocked, Running, Blocked];
        assert_eq!(bench.states(&ids), states, "at once");
        for id in [ids[0], ids[1], ids[3]] {
            assert_eq!(root_of(&bench, id), root);
        }
        assert_eq!(bench.s.audit(), Ok(()));
        bench.run();
        let mut ran = bench.log.turns();
        bench.log.lines.clear();
        ran.sort();
        assert_eq!(ran, ["a Blocked", "b Blocked", "c", "d Blocked"]);
    }
    assert_eq!(bench.failure(bad), "disk full");
}

/// Both can never run, each for a reason of its own, and one is also after the other.
#[test]
fn l11_works_of_a_graph_that_two_failures_block_settle_once() {
    for retain in [Retain::All, Retain::Failures, Retain::Nothing] {
        for edges in [[(0, 1), (1, 2)], [(2, 1), (1, 0)]] {
            let mut bench = Bench::new(config(9).retain(retain));
            let holder = bench.script("holder", [Expect]);
            let bad = bench.script("bad", [Fail("x")]);
            let worse = bench.script("worse", [Fail("y")]);
            // So that these are there when the graph comes.
            let keeps = script("keeps", []).after(holder);
            bench.add_spec(keeps.after_settled(bad).after_settled(worse));
            bench.crank();
            bench.events();
            let works = vec![after("a", bad), after("b", worse), after("c", bad)];
            let ids = graph(&mut bench, works, &edges);
            assert_eq!(bench.entered(Blocked), "a b c");
            assert_eq!(bench.s.metrics().blocked, 3);
            if retain == Retain::All {
                let roots: Vec<WorkId> = ids.iter().map(|&id| root_of(&bench, id)).collect();
                assert_eq!(roots, [bad, worse, bad], "each has its own reason");
            }
            assert_eq!(bench.s.audit(), Ok(()));
            assert_eq!(bench.ran(), "holder bad worse");
            bench.s.wake(holder).unwrap();
            bench.run();
            assert_eq!(bench.ran(), "holder keeps");
            super::assert_usable(&mut bench);
        }
    }
}

#[test]
fn l11_the_failure_that_was_given_first_is_the_cause() {
    let mut bench = Bench::with_permits(9);
    let [_, bad, cancelled, _] = ended(&mut bench);
    let works = vec![
        after("a", cancelled).after(bad),
        after("b", bad).after(cancelled),
    ];
    let ids = graph(&mut bench, works, &[]);
    assert_eq!(root_of(&bench, ids[0]), cancelled);
    assert_eq!(root_of(&bench, ids[1]), bad);
}

#[test]
fn l30_blocked_works_of_a_graph_go_at_once_if_nothing_is_retained() {
    let mut bench = Bench::new(config(9).retain(Retain::Nothing));
    let holder = bench.script("holder", [Expect]);
    let bad = bench.script("bad", [Fail("x")]);
    bench.add_spec(script("keeps", []).after_settled(bad).after(holder));
    bench.crank();
    let ids = graph(
        &mut bench,
        vec![after("a", bad), script("b", [])],
        &[(0, 1)],
    );
    let states: Vec<_> = ids.iter().map(|&id| bench.s.state(id)).collect();
    assert_eq!(states, [None, None]);
    assert_eq!(
        (bench.s.metrics().blocked, bench.s.metrics().in_scheduler),
        (2, 3)
    );
    bench.s.wake(holder).unwrap();
    bench.run();
    super::assert_usable(&mut bench);
}

#[test]
fn l11_after_settled_takes_whatever_end_for_a_work_of_a_graph_too() {
    let mut bench = Bench::with_permits(9);
    let all = ended(&mut bench);
    let sleeps = bench.script("sleeps", [Nap(5), Fail("x")]);
    let last = all
        .iter()
        .fold(script("last", []), |w, &id| w.after_settled(id));
    let works = vec![
        last,
        script("b", []).after_settled(all[1]),
        script("c", []).after_settled(sleeps),
    ];
    let ids = graph(&mut bench, works, &[(2, 0), (1, 0)]);
    let pending = WorkState::Pending;
    assert_eq!(bench.states(&ids), [pending, Running, pending]);
    bench.run();
    assert_eq!(bench.ran(), "sleeps b sleeps c last");
}

#[test]
fn l11_what_follows_a_failed_work_outside_is_blocked_later_just_the_same() {
    let mut bench = Bench::with_permits(9);
    let bad = bench.script("bad", [Nap(5), Fail("x")]);
    let works = vec![script("a", []), after("b", bad), script("c", [])];
    let ids = graph(&mut bench, works, &[(1, 0), (2, 0)]);
    bench.runs("bad c");
    bench.crank_at(at_ms(5));
    assert_eq!(bench.states(&ids), [Blocked, Blocked, Success]);
    assert_eq!(root_of(&bench, ids[0]), bad);
}

#[test]
fn l12_works_of_a_graph_may_be_children_of_one_that_runs() {
    let mut bench = Bench::with_permits(1);
    let parent = bench.script("parent", [Expect, Pending, Done]);
    bench.crank();
    let child = |name| script(name, [Nap(1)]).parent(parent);
    let works = vec![child("a"), child("b"), script("c", [])];
    let ids = graph(&mut bench, works, &[(1, 0), (0, 2)]);
    assert_eq!(bench.s.snapshot()[1].parent, Some(parent));
    assert_eq!(bench.s.audit(), Ok(()));
    let pending = WorkState::Pending;
    // The parent sleeps with live children: its permit is the next one's.
    assert_eq!(bench.states(&ids), [pending, Running, pending]);
    bench.run();
    assert_eq!(bench.ran(), "parent b b parent a a parent c");
    assert_eq!(bench.state(parent), Success);
    assert_eq!(bench.s.state(ids[0]), None, "children go with their parent");
}

#[test]
fn l12_works_of_a_graph_may_be_children_of_one_that_waits() {
    let mut bench = Bench::with_permits(9);
    let gate = bench.script("gate", [Nap(5)]);
    let parent = bench.add_spec(after("parent", gate));
    let child = |name| script(name, []).parent(parent);
    let ids = graph(&mut bench, vec![child("a"), child("b")], &[(1, 0)]);
    assert_eq!(bench.states(&ids), [WorkState::Pending; 2]);
    assert_eq!(bench.s.audit(), Ok(()));
    bench.runs("gate");
    bench.runs_at(at_ms(5), "gate parent b a");
    assert_eq!(bench.states([gate, parent]), [Success; 2]);
}

#[test]
fn l13_a_child_that_came_with_a_graph_fails_its_parent() {
    let mut bench = Bench::with_permits(9);
    let parent = bench.script("parent", [Expect]);
    bench.crank();
    let works = vec![
        script("a", []).parent(parent),
        script("b", [Fail("x")]).parent(parent),
        script("c", []),
    ];
    let ids = graph(&mut bench, works, &[(1, 0), (0, 2)]);
    bench.run();
    assert_eq!(bench.states([parent, ids[2]]), [Failed, Blocked]);
    assert_eq!(bench.ran(), "parent b");
    assert_eq!(bench.failed(parent).root().to_string(), "x");
}

/// A child that can never run has not settled before it is a child, nor is it forgotten.
#[test]
fn l13_a_child_in_a_graph_that_can_never_run_fails_its_parent() {
    let mut bench = Bench::with_permits(9);
    let [_, bad, ..] = ended(&mut bench);
    let parent = bench.script("parent", [Expect]);
    bench.crank();
    let works = vec![script("a", []), after("b", bad).parent(parent)];
    let ids = graph(&mut bench, works, &[(1, 0)]);
    assert_eq!(bench.states(&ids), [Blocked; 2]);
    bench.run();
    assert_eq!(bench.state(parent), Failed);
    super::assert_usable(&mut bench);
}
