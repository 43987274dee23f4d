//! What a work's own status sees: its children, the time, and their progress.

use crate::units::{at_secs, secs};
use crate::workbench::*;
use crankwork::compose::{ConditionalWork, WorkSequence, WorkWithCallback, Wrap, Wrapped};
use crankwork::{Spec, StatusContext, Work, WorkContext, WorkState};
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::task::Poll;

type Say = Box<dyn Fn(&StatusContext<'_>, &mut fmt::Formatter<'_>) -> fmt::Result>;

/// Does as a probe does, and says something of itself.
struct Saying {
    inner: Probe,
    say: Say,
}

impl Saying {
    fn new(
        inner: Probe,
        say: impl Fn(&StatusContext<'_>, &mut fmt::Formatter<'_>) -> fmt::Result + 'static,
    ) -> Saying {
        let say = Box::new(say);
        Saying { inner, say }
    }
}

impl Work<Log> for Saying {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Turn {
        self.inner.poll(cx)
    }

    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (self.say)(cx, f)
    }
}

/// Says what its child says.
fn echo(cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    cx.children()
        .try_for_each(|child| f.write_str(&child.status()))
}

fn status_in_snapshot(b: &Bench, name: &str) -> String {
    let all = b.s.snapshot();
    let mut named = all.into_iter().filter(|work| work.name == *name);
    named.next().expect("a work of that name").status
}

#[test]
fn a_status_sees_children_and_time() {
    let mut b = Bench::with_permits(8);
    let says = |cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>| {
        write!(
            f,
            "{} {} {:?} at {}",
            cx.name(),
            cx.state(),
            cx.progress(),
            cx.now()
        )?;
        cx.children()
            .try_for_each(|child| write!(f, "; {child} {} ({})", child.state(), child.status()))
    };
    let top = b.add("top", Saying::new(idling(), says));
    let naps = |cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>| {
        write!(f, "asleep, {} below", cx.children().count())
    };
    b.add_spec(Spec::new("one", Saying::new(napping(secs(3)), naps)).parent(top));
    b.add_spec(Spec::new("two", napping(secs(1))).parent(top));
    b.crank();
    b.crank_at(at_secs(1));
    let words = "top Waiting Some(Progress { done: 1, total: 2 }) at 00:00:01.000; \
                 one Waiting (asleep, 0 below); two Success ()";
    assert_eq!(status_in_snapshot(&b, "top"), words);
    let line = format!("top: Waiting : 1/2 children completed : {words}");
    assert_eq!(b.s.status_of(top), Some(line));
    assert_eq!(status_in_snapshot(&b, "two"), "");
}

#[test]
fn what_a_status_sees_has_the_ids_of_the_works() {
    let mut b = Bench::with_permits(8);
    let says = |cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>| {
        let ids: Vec<_> = cx.children().map(|child| child.id()).collect();
        write!(f, "{:?} {ids:?} {cx:?}", cx.id())
    };
    let top = b.add("top", Saying::new(idling(), says));
    let below = b.add_spec(Spec::new("below", idling()).parent(top));
    b.crank();
    let seen = format!("StatusContext {{ id: {top:?}, name: \"top\", state: Waiting, .. }}");
    assert_eq!(
        status_in_snapshot(&b, "top"),
        format!("{top:?} {:?} {seen}", [below])
    );
}

struct Around(Saying);

impl Wrap<Log> for Around {
    type Output = ();
    type Inner = Saying;

    fn inner(&self) -> &Saying {
        &self.0
    }

    fn inner_mut(&mut self) -> &mut Saying {
        &mut self.0
    }

    fn poll(&mut self, cx: &mut Cx<'_>) -> Turn {
        self.0.poll(cx)
    }
}

/// A work with an output, so that an adapter is around it.
struct Returns(Saying);

impl Work<Log, u8> for Returns {
    fn poll(&mut self, _: &mut WorkContext<'_, Log>) -> Poll<Result<u8, crankwork::Failure>> {
        Poll::Ready(Ok(1))
    }

    fn status(&self, cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.status(cx, f)
    }
}

#[test]
fn works_around_others_forward_what_is_seen() {
    fn named(cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "I am {}", cx.name())
    }
    let saying = || Saying::new(idling(), named);
    let mut b = Bench::with_permits(8);
    let boxed: Box<dyn Work<Log>> = Box::new(saying());
    b.add("boxed", boxed);
    b.add("wrapped", Wrapped(Around(saying())));
    b.add(
        "told",
        WorkWithCallback::after(saying(), |_: &mut Cx<'_>, _| ()),
    );
    b.s.add(Spec::new("returns", Returns(saying()))).unwrap();
    b.s.add_graph(1, |_| Spec::new("in a column", saying()), &[])
        .unwrap();
    for name in ["boxed", "wrapped", "told", "returns", "in a column"] {
        assert_eq!(status_in_snapshot(&b, name), format!("I am {name}"));
    }
}

#[test]
fn a_sequence_shows_the_progress_of_its_member() {
    let mut b = Bench::with_permits(8);
    let sequence = WorkSequence::new()
        .then(|| Spec::new("fetch", done()))
        .then(|| Spec::new("verify", three(secs(1))));
    b.add("sequence", sequence);
    b.crank();
    b.crank_at(at_secs(1));
    assert_eq!(status_in_snapshot(&b, "sequence"), "2 of 2: verify 1/3");
}

/// Three children: done after one, two and three times `step`.
fn three(step: std::time::Duration) -> Probe {
    Probe::new(move |cx| {
        if cx.children().is_empty() {
            for (name, times) in [("a", 1), ("b", 2), ("c", 3)] {
                cx.spawn(Spec::new(name, napping(step * times))).unwrap();
            }
        }
        match cx.children().all_done() {
            true => OK,
            false => Poll::Pending,
        }
    })
}

#[test]
fn under_way_are_children_that_have_begun_and_have_not_ended() {
    let mut b = Bench::with_permits(2);
    let says =
        |cx: &StatusContext<'_>, f: &mut fmt::Formatter<'_>| write!(f, "now {}", cx.under_way());
    let top = b.add_spec(Spec::new("top", Saying::new(idling(), says)).no_permit());
    assert_eq!(status_in_snapshot(&b, "top"), "now ");
    let spec = |name, work| Spec::new(name, work).parent(top);
    let ended = b.add_spec(spec("ended", done()).no_permit());
    let never = b.add_spec(Spec::new("never", idling()));
    b.add_spec(spec("pending", done()).after(never));
    b.add_spec(spec("verify", three(secs(1))).no_permit());
    let retry = crankwork::Retry::ONCE;
    b.add_spec(spec("retrying", failing()).retry(retry).no_permit());
    b.crank();
    assert_eq!(b.state(ended), WorkState::Success);
    assert_eq!(status_in_snapshot(&b, "top"), "now verify 0/3, retrying");
    for name in ["x", "y", "z"] {
        b.add_spec(spec(name, idling()).no_permit());
    }
    b.crank_at(at_secs(1));
    assert_eq!(
        status_in_snapshot(&b, "top"),
        "now verify 1/3, retrying, x and 2 more"
    );
}

/// The bound of [`StatusContext::status`], and of the times that a work is asked.
const NESTED: u32 = 8;

#[test]
fn statuses_that_ask_for_one_another_end_at_a_depth() {
    const DEEP: u32 = 10_000;
    let mut b = Bench::with_permits(1);
    let asked = Rc::new(Cell::new(0));
    let saying = |number: u32| {
        let asked = asked.clone();
        Saying::new(idling(), move |cx, f| {
            asked.set(asked.get() + 1);
            write!(f, "{number} ")?;
            echo(cx, f)?;
            // Asking again costs no further call.
            assert!(cx.children().all(|child| !child.status().is_empty()));
            Ok(())
        })
    };
    let top = b.add("w", saying(0));
    let mut parent = top;
    for number in 1..DEEP {
        parent = b.add_spec(Spec::new("w", saying(number)).parent(parent));
    }
    let words = (0..=NESTED).map(|number| format!("{number} "));
    let words: String = words.chain(["...".into()]).collect();
    let line = b.s.status_of(top).unwrap();
    assert!(line.ends_with(&words), "{line}");
    assert_eq!(asked.take(), NESTED + 1);

    assert_eq!(b.s.status().lines().count(), DEEP as usize);
    assert!(asked.take() <= (NESTED + 1) * DEEP);
    let all = b.s.snapshot();
    assert_eq!(all[0].status, words);
    assert_eq!(all.last().unwrap().status, format!("{} ", DEEP - 1));
    assert!(asked.take() <= (NESTED + 1) * DEEP);
}

#[test]
fn a_status_may_ask_for_itself() {
    let mut b = Bench::with_permits(1);
    let id = b.add(
        "a",
        Saying::new(idling(), |cx, f| write!(f, "({})", cx.status())),
    );
    let nested = NESTED as usize + 1;
    let words = format!("{}...{}", "(".repeat(nested), ")".repeat(nested));
    assert_eq!(b.s.status_of(id).unwrap(), format!("a: Running : {words}"));
}

#[test]
fn l24_the_status_of_a_child_may_panic() {
    let mut b = Bench::with_permits(1);
    let top = b.add("top", Saying::new(idling(), echo));
    let bad = Saying::new(idling(), |_, _| panic!("{ON_PURPOSE}"));
    b.add_spec(Spec::new("bad", bad).parent(top));
    let status = "\
top: Running : 0/1 children completed : (its status panicked)
  bad: Queued : (its status panicked)
";
    assert_eq!(b.s.status(), status);
    // The child was asked for itself and for its parent.
    assert_eq!(b.s.metrics().callback_panics, 2);
    assert_eq!(b.s.snapshot()[1].status, "(its status panicked)");
}

#[test]
fn a_conditional_says_what_its_work_says() {
    let mut b = Bench::with_permits(8);
    let gated = || {
        Spec::new(
            "gated",
            Saying::new(idling(), |cx, f| write!(f, "{cx} now")),
        )
    };
    let open = |log: &mut Log| log.lines.iter().any(|line| line == "open");
    b.add("cond", ConditionalWork::new(open, gated));
    b.crank();
    assert_eq!(
        status_in_snapshot(&b, "cond"),
        "Waiting before starting gated"
    );
    b.log.push("open");
    b.crank_at(at_secs(1));
    assert_eq!(status_in_snapshot(&b, "cond"), "gated now");
}

#[test]
fn a_settled_work_is_not_asked() {
    let mut b = Bench::with_permits(8);
    let top = b.add("top", Saying::new(idling(), echo));
    let says = |_: &StatusContext<'_>, f: &mut fmt::Formatter<'_>| f.write_str("busy");
    let below = b.add_spec(Spec::new("below", Saying::new(napping(secs(1)), says)).parent(top));
    b.crank();
    assert_eq!(status_in_snapshot(&b, "top"), "busy");
    b.crank_at(at_secs(1));
    assert_eq!(b.s.status_of(below).unwrap(), "below: Success");
    assert_eq!(status_in_snapshot(&b, "below"), "");
    assert_eq!(status_in_snapshot(&b, "top"), "");
}
