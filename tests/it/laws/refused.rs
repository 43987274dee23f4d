//! L14: what can never run is refused when it is added.

use super::Step::{Done, Expect, Nap};
use super::{config, lab, lab_with, script};
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
    let mut lab = lab(9);
    let mut other = super::lab(9);
    let foreign = other.work("foreign", []);
    let gone = lab.work("gone", []);
    lab.crank(0);
    lab.s.reap(gone).unwrap();
    let refuse = |lab: &mut super::Lab, spec| lab.s.add(spec).unwrap_err();
    let reclaimed = UnknownWork::Reclaimed(gone);
    assert_eq!(
        refuse(&mut lab, script("a", []).after(gone)),
        AddError::Dependency(reclaimed)
    );
    assert_eq!(
        refuse(&mut lab, script("a", []).parent(gone)),
        AddError::Parent(reclaimed)
    );
    let unknown = UnknownWork::Foreign(foreign);
    assert_eq!(
        refuse(&mut lab, script("a", []).after_settled(foreign)),
        AddError::Dependency(unknown)
    );
    assert_eq!(
        refuse(&mut lab, script("a", []).parent(foreign)),
        AddError::Parent(unknown)
    );
    assert_eq!(lab.s.metrics().total, 1, "nothing was added");
}

#[test]
fn l14_a_cycle_of_dependencies_is_refused_with_its_path() {
    let mut lab = lab(1);
    lab.work("holder", [Expect]);
    let a = lab.work("a", []);
    let b = lab.add(script("b", []).after(a));
    let c = lab.add(script("c", []).after(b));
    let Err(DependencyError::Cycle(path)) = lab.s.add_dependency(c, a) else {
        panic!("c -> a closes a cycle");
    };
    assert_eq!(path.to_string(), "`a` -> `b` -> `c` -> `a`");
    assert_eq!(path.0[0].0, Some(a));
    let Err(DependencyError::Cycle(path)) = lab.s.add_dependency(b, b) else {
        panic!("b waits for itself");
    };
    assert_eq!(path.to_string(), "`b` -> `b`");
    lab.s.add_dependency(a, c).unwrap();
}

#[test]
fn l14_a_cycle_across_the_two_kinds_of_edge_is_refused_with_its_path() {
    let mut lab = lab(1);
    lab.work("holder", [Expect]);
    // A child after something that is after its parent: the parent waits for the child, and so on round.
    let parent = lab.work("parent", []);
    let later = lab.add(script("later", []).after(parent));
    let error = lab
        .s
        .add(script("child", []).parent(parent).after(later))
        .unwrap_err();
    assert_eq!(
        path_of(&error),
        "`parent` -> `later` -> `child` -> `parent`"
    );
    // A child after its own parent.
    let error = lab
        .s
        .add(script("child", []).parent(parent).after(parent))
        .unwrap_err();
    assert_eq!(path_of(&error), "`parent` -> `child` -> `parent`");
    // `add_dependency` refuses it too.
    let child = lab.add(script("child", []).parent(parent));
    for before in [later, parent] {
        let refused = lab.s.add_dependency(before, child);
        assert!(
            matches!(refused, Err(DependencyError::Cycle(_))),
            "{refused:?}"
        );
    }
    // A parent that is to start after its child, which is held until the parent starts.
    let refused = lab.s.add_dependency(child, parent);
    assert!(
        matches!(refused, Err(DependencyError::Cycle(_))),
        "{refused:?}"
    );
    // A child before another member of its family is no cycle.
    let sibling = lab.add(script("sibling", []).parent(parent).after(child));
    assert_eq!(lab.state(sibling), WorkState::Pending);
}

#[test]
fn l14_a_cycle_through_settled_works_or_satisfied_edges_is_none() {
    let mut lab = lab(9);
    let a = lab.work("a", [Done, Nap(5)]);
    let b = lab.add(script("b", []).after(a));
    lab.crank(0);
    lab.s.restart(a).unwrap();
    // a -> b is satisfied for ever: b before a is fine.
    lab.s.add_dependency(b, a).unwrap();
    assert_eq!(lab.state(a), Running);
    lab.crank(0);
    assert_eq!(lab.state(a), Waiting);
}

#[test]
fn l14_a_weight_above_the_pool_is_refused() {
    let mut lab = lab_with(config(3).pool("disk", 2));
    let refuse = |lab: &mut super::Lab, spec| lab.s.add(spec).unwrap_err();
    let above = |pool: &'static str, weight, capacity| AddError::AboveCapacity {
        pool: pool.into(),
        weight,
        capacity,
    };
    assert_eq!(
        refuse(&mut lab, script("a", []).pool("disk", 3)),
        above("disk", 3, 2)
    );
    assert_eq!(
        refuse(&mut lab, script("a", []).pool("disk", 1).pool("disk", 2)),
        above("disk", 3, 2),
        "weights for one pool add up"
    );
    assert_eq!(
        refuse(
            &mut lab,
            script("a", [])
                .pool("disk", u32::MAX)
                .pool("disk", u32::MAX)
        ),
        above("disk", 2 * u32::MAX as u64, 2)
    );
    assert_eq!(
        refuse(&mut lab, script("a", []).pool("max_concurrency", 3)),
        above("max_concurrency", 4, 3),
        "the general permit counts"
    );
    lab.add(script("a", []).pool("max_concurrency", 3).no_permit());
    lab.add(script("b", []).pool("disk", 2).pool("disk", 0));
    assert_eq!(
        refuse(&mut lab, script("a", []).pool("tape", 1)),
        AddError::NoSuchPool("tape".into())
    );
    lab.s.set_pool_capacity("max_concurrency", 0);
    assert_eq!(
        refuse(&mut lab, script("a", [])),
        above("max_concurrency", 1, 0)
    );
    lab.add(script("free", []).no_permit());
}
