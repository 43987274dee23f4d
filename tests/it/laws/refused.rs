//! L14: what can never run is refused when it is added.

use crate::workbench::Step::{Done, Expect, Nap};
use crate::workbench::*;
use crankwork::WorkState::{self, Running, Waiting};
use crankwork::{AddError, DependencyError, UnknownWork};

fn path_of(error: &AddError) -> String {
    match error {
        AddError::Cycle(path) => path.to_string(),
        other => panic!("{other}"),
    }
}

#[test]
fn l14_unknown_and_reclaimed_ids_are_refused() {
    let mut bench = Bench::with_permits(9);
    let mut other = Bench::with_permits(9);
    let foreign = other.script("foreign", []);
    let gone = bench.script("gone", []);
    bench.crank();
    bench.s.reap(gone).unwrap();
    let refuse = |bench: &mut Bench, spec| bench.s.add(spec).unwrap_err();
    let reclaimed = UnknownWork::Reclaimed(gone);
    assert_eq!(
        refuse(&mut bench, script("a", []).after(gone)),
        AddError::Dependency(reclaimed)
    );
    assert_eq!(
        refuse(&mut bench, script("a", []).parent(gone)),
        AddError::Parent(reclaimed)
    );
    let unknown = UnknownWork::Foreign(foreign);
    assert_eq!(
        refuse(&mut bench, script("a", []).after_settled(foreign)),
        AddError::Dependency(unknown)
    );
    assert_eq!(
        refuse(&mut bench, script("a", []).parent(foreign)),
        AddError::Parent(unknown)
    );
    assert_eq!(bench.s.metrics().total, 1, "nothing was added");
}

#[test]
fn l14_a_cycle_of_dependencies_is_refused_with_its_path() {
    let mut bench = Bench::with_permits(1);
    bench.script("holder", [Expect]);
    let a = bench.script("a", []);
    let b = bench.add_spec(script("b", []).after(a));
    let c = bench.add_spec(script("c", []).after(b));
    let Err(DependencyError::Cycle(path)) = bench.s.add_dependency(c, a) else {
        panic!("c -> a closes a cycle");
    };
    assert_eq!(path.to_string(), "`a` -> `b` -> `c` -> `a`");
    assert_eq!(path.0[0].0, Some(a));
    let Err(DependencyError::Cycle(path)) = bench.s.add_dependency(b, b) else {
        panic!("b waits for itself");
    };
    assert_eq!(path.to_string(), "`b` -> `b`");
    bench.s.add_dependency(a, c).unwrap();
}

#[test]
fn l14_a_cycle_across_the_two_kinds_of_edge_is_refused_with_its_path() {
    let mut bench = Bench::with_permits(1);
    bench.script("holder", [Expect]);
    // A child after something that is after its parent: the parent waits for the child, and so on round.
    let parent = bench.script("parent", []);
    let later = bench.add_spec(script("later", []).after(parent));
    let error = bench
        .s
        .add(script("child", []).parent(parent).after(later))
        .unwrap_err();
    assert_eq!(
        path_of(&error),
        "`parent` -> `later` -> `child` -> `parent`"
    );
    // A child after its own parent.
    let error = bench
        .s
        .add(script("child", []).parent(parent).after(parent))
        .unwrap_err();
    assert_eq!(path_of(&error), "`parent` -> `child` -> `parent`");
    // `add_dependency` refuses it too.
    let child = bench.add_spec(script("child", []).parent(parent));
    for before in [later, parent] {
        let refused = bench.s.add_dependency(before, child);
        assert!(
            matches!(refused, Err(DependencyError::Cycle(_))),
            "{refused:?}"
        );
    }
    // A parent that is to start after its child, which is held until the parent starts.
    let refused = bench.s.add_dependency(child, parent);
    assert!(
        matches!(refused, Err(DependencyError::Cycle(_))),
        "{refused:?}"
    );
    // A child before another member of its family is no cycle.
    let sibling = bench.add_spec(script("sibling", []).parent(parent).after(child));
    assert_eq!(bench.state(sibling), WorkState::Pending);
}

#[test]
fn l14_a_cycle_through_settled_works_or_satisfied_edges_is_none() {
    let mut bench = Bench::with_permits(9);
    let a = bench.script("a", [Done, Nap(5)]);
    let b = bench.add_spec(script("b", []).after(a));
    bench.crank();
    bench.s.restart(a).unwrap();
    // a -> b is satisfied for ever: b before a is fine.
    bench.s.add_dependency(b, a).unwrap();
    assert_eq!(bench.state(a), Running);
    bench.crank();
    assert_eq!(bench.state(a), Waiting);
}

#[test]
fn l14_a_weight_above_the_pool_is_refused() {
    let mut bench = Bench::new(config(3).pool("disk", 2));
    let refuse = |bench: &mut Bench, spec| bench.s.add(spec).unwrap_err();
    let above = |pool: &'static str, weight, capacity| AddError::AboveCapacity {
        pool: pool.into(),
        weight,
        capacity,
    };
    assert_eq!(
        refuse(&mut bench, script("a", []).pool("disk", 3)),
        above("disk", 3, 2)
    );
    assert_eq!(
        refuse(&mut bench, script("a", []).pool("disk", 1).pool("disk", 2)),
        above("disk", 3, 2),
        "weights for one pool add up"
    );
    assert_eq!(
        refuse(
            &mut bench,
            script("a", [])
                .pool("disk", u32::MAX)
                .pool("disk", u32::MAX)
        ),
        above("disk", 2 * u32::MAX as u64, 2)
    );
    assert_eq!(
        refuse(&mut bench, script("a", []).pool("max_concurrency", 3)),
        above("max_concurrency", 4, 3),
        "the general permit counts"
    );
    bench.add_spec(script("a", []).pool("max_concurrency", 3).no_permit());
    bench.add_spec(script("b", []).pool("disk", 2).pool("disk", 0));
    assert_eq!(
        refuse(&mut bench, script("a", []).pool("tape", 1)),
        AddError::NoSuchPool("tape".into())
    );
    bench.s.set_pool_capacity("max_concurrency", 0);
    assert_eq!(
        refuse(&mut bench, script("a", [])),
        above("max_concurrency", 1, 0)
    );
    bench.add_spec(script("free", []).no_permit());
}
