//! L14: an event sink hears of each work of a graph as it comes in, so a later one could name it in its spec. What is
//! between the works of a graph is said by its edges, and nowhere else.

use super::super::{Lab, Log, Script, config, lab_with, script};
use super::{NAMES, assert_usable};
use crankwork::{AddGraphError, Handle, Spec, WorkEvent, WorkId};
use std::cell::RefCell;
use std::rc::Rc;

type Known = Rc<RefCell<Vec<WorkId>>>;

/// A lab, and its works in the order in which the events first tell of them.
fn listening() -> (Lab, Known) {
    let known = Known::default();
    let heard = known.clone();
    let sink = move |event: &WorkEvent| {
        let mut known = heard.borrow_mut();
        if !known.contains(&event.id) {
            known.push(event.id);
        }
        true
    };
    (lab_with(config(9).event_sink(sink)), known)
}

#[test]
fn l14_a_work_that_names_another_of_its_graph_is_refused_and_the_graph_with_it() {
    type Name = fn(Spec<Log, Script>, WorkId) -> Spec<Log, Script>;
    let names: [Name; 3] = [
        |spec, id| spec.after(id),
        |spec, id| spec.after_settled(id),
        |spec, id| spec.parent(id),
    ];
    for name in names {
        for edges in [&[][..], &[(0, 1)], &[(1, 0), (2, 1)]] {
            let (mut lab, known) = listening();
            let make = |work| match work {
                2 => name(script("c", []), known.borrow()[1]),
                _ => script(NAMES[work], []),
            };
            let added = lab.s.add_graph(3, make, edges);
            let added = added.map(|works| works.iter().map(Handle::id).collect::<Vec<_>>());
            assert_eq!(added, Err(AddGraphError::Inward(2)), "{edges:?}");
            lab.run();
            assert_eq!(lab.ran(), "", "nobody has had a turn");
            assert_usable(&mut lab);
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
    let (mut lab, known) = listening();
    let first = |work: usize| script(NAMES[work], []);
    lab.s.add_graph(2, first, &[(1, 0)]).unwrap();
    let before = known.borrow()[0];
    let second = |work: usize| script(["d", "e"][work], []).after(before);
    lab.s.add_graph(2, second, &[(1, 0)]).unwrap();
    lab.run();
    assert_eq!(lab.ran(), "b a e d");
}
