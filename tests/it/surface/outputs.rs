//! Typed outputs, and closures whose types are inferred.

use crate::units::secs;
use crankwork::{
    Failure, Handle, Spec, VirtualDriver, Work, WorkContext, WorkId, WorkScheduler,
    WorkSchedulerConfig, WorkState,
};
use std::task::Poll;

fn scheduler<C: ?Sized + 'static>() -> WorkScheduler<C> {
    WorkScheduler::new(WorkSchedulerConfig::default())
}

fn run<C: ?Sized + 'static>(s: &mut WorkScheduler<C>, app: &mut C) {
    s.run_until_done(app, &mut VirtualDriver::new()).unwrap();
}

#[test]
fn an_output_can_be_looked_at_and_taken_once() {
    let mut s = scheduler::<()>();
    let handle = s
        .add_fn("a", |_| Poll::Ready(Ok(String::from("forty-two"))))
        .unwrap();
    assert_eq!(s.output(handle), None, "not yet");
    assert_eq!(s.take(handle), None);
    run(&mut s, &mut ());
    assert_eq!(s.output(handle).unwrap(), "forty-two");
    assert_eq!(s.take(handle).unwrap(), "forty-two");
    assert_eq!((s.take(handle), s.output(handle)), (None, None));
    assert_eq!(s.state(handle), Some(WorkState::Success), "taken or not");
}

#[test]
fn an_output_need_not_be_clone_send_or_small() {
    struct Big(#[expect(dead_code)] [u64; 100], std::rc::Rc<u32>);
    let mut s = scheduler::<()>();
    let handle = s
        .add_fn("a", |_| Poll::Ready(Ok(Big([0; 100], std::rc::Rc::new(7)))))
        .unwrap();
    run(&mut s, &mut ());
    assert_eq!(*s.take(handle).unwrap().1, 7);
}

#[test]
fn the_unit_output_is_there_as_often_as_it_is_asked_for() {
    let mut s = scheduler::<()>();
    let handle: Handle<()> = s.add_fn("a", |_| Poll::Ready(Ok(()))).unwrap();
    assert_eq!(s.take(handle), None);
    run(&mut s, &mut ());
    assert_eq!((s.take(handle), s.take(handle)), (Some(()), Some(())));
    assert_eq!(s.output(handle), Some(&()));
}

#[test]
fn the_output_goes_with_a_restart_and_comes_with_the_next_success() {
    let mut s = scheduler::<()>();
    let mut n = 0;
    let handle = s.add_fn("a", move |_| {
        n += 1;
        Poll::Ready(Ok(n))
    });
    let handle = handle.unwrap();
    run(&mut s, &mut ());
    assert_eq!(s.output(handle), Some(&1));
    s.restart(handle).unwrap();
    assert_eq!(s.output(handle), None);
    run(&mut s, &mut ());
    assert_eq!(s.take(handle), Some(2));
}

#[test]
fn a_parent_takes_its_childs_output_and_passes_its_own_on() {
    let mut s = scheduler::<u32>();
    let mut child: Option<Handle<u32>> = None;
    let handle = s.add_fn("parent", move |cx| match child {
        None => {
            let work = |cx: &mut WorkContext<'_, u32>| Poll::Ready(Ok(*cx.app * 2));
            child = Some(cx.spawn_fn("child", work).unwrap());
            Poll::Pending
        }
        Some(handle) => {
            assert_eq!(cx.output(handle), Some(&42));
            Poll::Ready(Ok(format!("{} twice", cx.take(handle).unwrap() / 2)))
        }
    });
    let handle = handle.unwrap();
    run(&mut s, &mut 21);
    assert_eq!(s.take(handle).unwrap(), "21 twice");
}

#[test]
fn a_joining_parents_output_is_kept_until_its_children_have_ended() {
    let mut s = scheduler::<()>();
    let handle = s.add_fn("parent", |cx| {
        cx.spawn_fn("child", |cx| cx.sleep(secs(3)).map(Ok))
            .unwrap();
        Poll::Ready(Ok(5))
    });
    let handle = handle.unwrap();
    let _ = s.crank_work(
        crankwork::Time::ZERO,
        &mut (),
        crankwork::Budget::unlimited(),
    );
    assert_eq!(s.state(handle), Some(WorkState::Joining));
    assert_eq!(s.output(handle), None, "it has not succeeded yet");
    run(&mut s, &mut ());
    assert_eq!(s.take(handle), Some(5));
}

#[test]
fn the_output_of_a_work_that_failed_after_all_is_not_to_be_had() {
    let mut s = scheduler::<()>();
    let handle = s.add_fn("parent", |cx| {
        cx.spawn_fn("child", |cx| {
            std::task::ready!(cx.sleep(secs(1)));
            Poll::<Result<(), _>>::Ready(Err(Failure::msg("no")))
        })
        .unwrap();
        Poll::Ready(Ok(5))
    });
    let handle = handle.unwrap();
    run(&mut s, &mut ());
    assert_eq!(s.state(handle), Some(WorkState::Failed));
    assert_eq!(s.output(handle), None);
    assert_eq!(s.take(handle), None);
}

/// An application without its type.
trait Services {
    fn tell(&mut self, what: &str);
}

impl Services for Vec<String> {
    fn tell(&mut self, what: &str) {
        self.push(what.to_owned());
    }
}

struct Teller;

impl Work<dyn Services, usize> for Teller {
    fn poll(&mut self, cx: &mut WorkContext<'_, dyn Services>) -> Poll<Result<usize, Failure>> {
        cx.app.tell("struct");
        Poll::Ready(Ok(1))
    }
}

#[test]
fn the_application_may_be_a_trait_object() {
    let mut s = scheduler::<dyn Services>();
    let first = s.add(Spec::new("teller", Teller)).unwrap();
    s.add_fn("closure", |cx| {
        cx.app.tell("closure");
        Poll::Ready(Ok(()))
    })
    .unwrap();
    let settled = Spec::<dyn Services, _>::new("settled", Teller).on_settled(|app, _, _| {
        app.tell("settled");
    });
    s.add(settled).unwrap();
    let mut log: Vec<String> = Vec::new();
    run(&mut s, &mut log);
    log.sort_unstable();
    assert_eq!(log, ["closure", "settled", "struct", "struct"]);
    assert_eq!(s.take(first), Some(1));
}

#[test]
fn a_boxed_work_keeps_its_output_and_its_name() {
    let mut s = scheduler::<dyn Services>();
    let boxed: Box<dyn Work<dyn Services, usize>> = Box::new(Teller);
    assert!(boxed.name().ends_with("Teller"));
    let handle = s.add(Spec::new("boxed", boxed)).unwrap();
    run(&mut s, &mut Vec::<String>::new() as &mut dyn Services);
    assert_eq!(s.take(handle), Some(1));
}

#[test]
fn a_handle_is_a_copy_that_names_its_work() {
    let mut s = scheduler::<()>();
    let handle = s.add_fn("a", |_| Poll::Ready(Ok(1_u8))).unwrap();
    let copy = handle;
    assert_eq!(handle, copy);
    assert_eq!(WorkId::from(handle), copy.id());
    assert_eq!(WorkId::from(&handle), copy.id());
    s.add(Spec::new("b", Teller2).after(handle)).unwrap();
    assert!(s.wake(handle).unwrap());
    assert!(s.cancel(handle).unwrap());
}

struct Teller2;

impl<C: ?Sized> Work<C> for Teller2 {
    fn poll(&mut self, _: &mut WorkContext<'_, C>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }
}
