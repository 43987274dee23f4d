//! A scheduler that is reset.

use super::{Answer, Log, crank};
use crate::units::at_secs;
use crankwork::{Next, Time, WorkScheduler};
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

#[test]
fn l30_nothing_from_before_a_reset_reaches_the_works_after_it() {
    let mut s = WorkScheduler::<Log>::new(Default::default());
    let wakers = Rc::new(RefCell::new(Vec::new()));
    let kept = Rc::clone(&wakers);
    let old = s
        .add_fn("a", move |cx| -> Answer {
            kept.borrow_mut()
                .push((cx.remote_waker(), cx.cancel_token()));
            Poll::Pending
        })
        .unwrap();
    let mut log = Log::new();
    assert_eq!(crank(&mut s, &mut log, at_secs(9)), Next::External);
    let remote = s.remote();
    s.reset(1);
    assert_eq!(
        (s.now(), s.metrics().total, s.state(old)),
        (Time::ZERO, 0, None)
    );
    s.add_fn("b", |cx| -> Answer {
        cx.app.push(String::from("b"));
        cx.expect_wake();
        Poll::Pending
    })
    .unwrap();
    assert_eq!(crank(&mut s, &mut log, Time::ZERO), Next::External);
    for (waker, token) in wakers.take() {
        waker.wake();
        token.cancel();
    }
    remote.cancel_all();
    assert!(remote.post(|_: &mut Log, _| ()).is_err());
    assert_eq!(crank(&mut s, &mut log, Time::ZERO), Next::External);
    assert_eq!(
        (log.as_slice(), s.metrics().total),
        (["b".into()].as_slice(), 1)
    );
}
