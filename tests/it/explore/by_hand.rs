//! Orders, failures and times that a test says by hand.

use super::conditions::{App, add, passes, search};
use crate::units::{at_secs, ms, secs};
use crankwork::explore::{Policy, Sim, Until};
use crankwork::{InlineOffload, Retry, Spec, WorkContext};
use std::sync::Mutex;
use std::task::{Poll, ready};

#[test]
fn a_scripted_interleaving_is_a_test() {
    let order = |script: fn(&mut Sim)| {
        let seen = Mutex::new(String::new());
        passes(&search().policy(Policy::Fifo).runs(1), |sim| {
            let node = sim.node("", App::new());
            for name in ["a", "b", "c"] {
                add(sim.work(node), name, 2);
            }
            script(sim);
            sim.run();
            *seen.lock().unwrap() = sim.app(node).join("");
        });
        seen.into_inner().unwrap()
    };
    assert_eq!(order(|_| ()), "abcabc");
    assert_eq!(order(|sim| sim.hold("a", 2).until("c", 2)), "abcbca");
    assert_eq!(
        order(|sim| sim.hold("a", 1).until("b", Until::End)),
        "bcbaca"
    );
    // What nobody can wait for is waived.
    assert_eq!(order(|sim| sim.hold("a", 1).until("nobody", 1)), "bcbcaa");
}

#[test]
fn an_attempt_that_is_made_to_fail_is_retried() {
    let program = |sim: &mut Sim| {
        let node = sim.node("", App::new());
        let work = |cx: &mut WorkContext<'_, App>| {
            cx.app
                .push(if cx.attempt() == 1 { "first" } else { "again" });
            ready!(cx.sleep(ms(1)));
            Poll::Ready(Ok(()))
        };
        sim.work(node)
            .add(Spec::new("a", work).retry(Retry::ONCE))
            .unwrap();
        sim.fail("a", 2);
        sim.hold("a", 3).until("a", Until::Failed(1));
        sim.run();
        assert_eq!(*sim.app(node), ["first", "again", "again"]);
    };
    passes(&search().runs(5), program);
}

#[test]
fn time_can_be_run_by_hand() {
    passes(&search().runs(5), |sim| {
        let node = sim.node("", App::new());
        sim.work(node)
            .add_fn("nap", |cx| {
                ready!(cx.sleep(secs(10)));
                cx.app.push("up");
                Poll::Ready(Ok(()))
            })
            .unwrap();
        sim.run_for(secs(4));
        assert_eq!((sim.now(), sim.app(node).len()), (at_secs(4), 0));
        sim.run_until("it is up", move |world| !world.app(node).is_empty());
        assert_eq!(sim.now(), at_secs(10));
    });
}

#[test]
fn a_report_names_the_holds_that_were_waived() {
    let explore = search().policy(Policy::Fifo).runs(1);
    let failure = explore.check(|sim| {
        let node = sim.node("", App::new());
        add(sim.work(node), "a", 1);
        sim.hold("a", 1).until("nobody", 1);
        sim.eventually("never", |_| false);
    });
    let failure = failure.expect_err("the condition never holds");
    assert_eq!(failure.waived, ["a"]);
    let line = "holds waived, since nothing else could go on: a\n";
    assert!(failure.to_string().contains(line), "{failure}");
}

#[test]
fn a_hold_lasts_while_a_simulated_job_is_under_way() {
    passes(&search().policy(Policy::Fifo).runs(1), |sim| {
        let node = sim.node("", App::new());
        let work = sim.work(node);
        work.set_offload(InlineOffload::with_latency(|_| ms(1)));
        let mut ticket = None;
        let job = Spec::new("job", move |cx: &mut WorkContext<'_, App>| {
            let ticket = ticket.get_or_insert_with(|| cx.offload(|| ()));
            ready!(ticket.poll(cx))?;
            cx.app.push("job");
            Poll::Ready(Ok(()))
        });
        work.add(job).unwrap();
        add(work, "a", 2);
        sim.hold("a", 1).until("job", Until::End);
        sim.run();
        assert_eq!(*sim.app(node), ["job", "a", "a"]);
    });
}
