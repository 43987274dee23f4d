//! L14: an event sink hears of each work of a graph as it comes in, so a later one could name it in its spec. What is
//! between the works of a graph is said by its edges, and nowhere else.

use super::{NAMES, assert_usable};
use crate::workbench::*;
use crankwork::{AddGraphError, Handle, Spec, WorkEvent, WorkId};
use std::cell::RefCell;
use std::rc::Rc;

type Known = Rc<RefCell<Vec<WorkId>>>;

/// A bench, and its works in the order in which the events first tell of them.
fn listening() -> (Bench, Known) {
    let known = Known::default();
    let heard = known.clone();
    let sink = move |event: &WorkEvent| {
        let mut known = heard.borrow_mut();
        if !known.contains(&event.id) {
            known.push(event.id);
        }
        true
    };
    (Bench::new(config(9).event_sink(sink)), known)
}

#[test]
fn l14_a_work_that_names_another_of_its_graph_is_refused_and_the_graph_with_it() {
    type Name = fn(Spec<Log, Probe>, WorkId) -> Spec<Log, Probe>;
    let names: [Name; 3] = [
        |spec, id| spec.after(id),
        |spec, id| spec.after_settled(id),
        |spec, id| spec.parent(id),
    ];
    for name in names {
        for edges in [&[][..], &[(0, 1)], &[(1, 0), (2, 1)]] {
            let (mut bench, known) = listening();
            let make = |work| match work {
                2 => name(script("c", []), known.borrow()[1]),
                _ => script(NAMES[work], []),
            };
            let added = bench.s.add_graph(3, make, edges);
            let added = added.map(|works| works.iter().map(Handle::id).collect::<Vec<_>>());
            assert_eq!(added, Err(AddGraphError::Inward(2)), "{edges:?}");
            bench.run();
            assert_eq!(bench.ran(), "", "nobody has had a turn");
            assert_usable(&mut bench);
        }
    }
}

#[test]
fn l14_what_is_said_about_such_a_work_says_what_to_do() {
    assert_eq!(
        AddGraphError::Inward(2).to_string(),
        "work 2 of the graph names another of it in its spec: use an edge, or add it after the graph"
    );
}

#[test]
fn l15_a_work_of_a_graph_may_name_works_of_an_earlier_one() {
    let (mut bench, known) = listening();
    let first = |work: usize| script(NAMES[work], []);
    bench.s.add_graph(2, first, &[(1, 0)]).unwrap();
    let before = known.borrow()[0];
    let second = |work: usize| script(["d", "e"][work], []).after(before);
    bench.s.add_graph(2, second, &[(1, 0)]).unwrap();
    bench.run();
    assert_eq!(bench.ran(), "b a e d");
}
