//! Works whose turns are closures, and ready-made ones.

use super::{Cx, Log, OK, ON_PURPOSE, Turn, fail};
use crankwork::{Spec, Work};
use std::cell::Cell;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

type PollFn = Box<dyn FnMut(&mut Cx<'_>) -> Turn>;
type AbortFn = Box<dyn FnMut(&mut Cx<'_>) -> Poll<()>>;
type HookFn = Box<dyn FnMut(&mut Cx<'_>, &str)>;

/// A work that logs every call that it gets (`name: poll 1` with the attempt, `name: on_abort`, ...), then does what
/// its closures say.
pub struct Probe {
    poll: PollFn,
    abort: AbortFn,
    hook: HookFn,
}

impl Probe {
    pub fn new(poll: impl FnMut(&mut Cx<'_>) -> Turn + 'static) -> Probe {
        Probe {
            poll: Box::new(poll),
            abort: Box::new(|_| Poll::Ready(())),
            hook: Box::new(|_, _| ()),
        }
    }

    pub fn on_abort(mut self, abort: impl FnMut(&mut Cx<'_>) -> Poll<()> + 'static) -> Probe {
        self.abort = Box::new(abort);
        self
    }

    /// Called in every hook, with the hook's name.
    pub fn on_hook(mut self, hook: impl FnMut(&mut Cx<'_>, &str) + 'static) -> Probe {
        self.hook = Box::new(hook);
        self
    }

    fn hooked(&mut self, cx: &mut Cx<'_>, hook: &str) {
        say(cx, hook);
        (self.hook)(cx, hook);
    }
}

/// Writes `name: what` into the log.
pub fn say(cx: &mut Cx<'_>, what: &str) {
    let line = format!("{}: {what}", cx.name());
    cx.app.push(line);
}

impl Work<Log> for Probe {
    fn poll(&mut self, cx: &mut Cx<'_>) -> Turn {
        let attempt = cx.attempt();
        say(cx, &format!("poll {attempt}"));
        (self.poll)(cx)
    }

    fn on_abort(&mut self, cx: &mut Cx<'_>) -> Poll<()> {
        say(cx, "on_abort");
        (self.abort)(cx)
    }

    fn on_reset(&mut self, cx: &mut Cx<'_>) {
        self.hooked(cx, "on_reset");
    }

    fn on_success(&mut self, cx: &mut Cx<'_>) {
        self.hooked(cx, "on_success");
    }

    fn on_failure_retry(&mut self, cx: &mut Cx<'_>) {
        self.hooked(cx, "on_failure_retry");
    }

    fn on_failure_raise(&mut self, cx: &mut Cx<'_>) {
        self.hooked(cx, "on_failure_raise");
    }
}

/// Succeeds in its first turn.
pub fn done() -> Probe {
    Probe::new(|_| OK)
}

/// Fails every attempt in its first turn.
pub fn failing() -> Probe {
    Probe::new(|_| fail("no luck"))
}

/// Panics in its first turn.
pub fn panicking() -> Probe {
    Probe::new(|_| panic!("{ON_PURPOSE}"))
}

/// Succeeds after a sleep.
pub fn napping(length: Duration) -> Probe {
    Probe::new(move |cx| cx.sleep(length).map(Ok))
}

/// Sleeps until it is aborted.
pub fn idling() -> Probe {
    Probe::new(|cx| {
        cx.expect_wake();
        Poll::Pending
    })
}

/// Polls with `poll`, and holds a value, which is dropped with the work.
pub fn holding<T: 'static>(value: T, mut poll: impl FnMut(&mut Cx<'_>) -> Turn + 'static) -> Probe {
    Probe::new(move |cx| {
        let _ = &value;
        poll(cx)
    })
}

/// An `on_abort` that takes that long.
pub fn slowly(length: Duration) -> impl FnMut(&mut Cx<'_>) -> Poll<()> {
    move |cx| cx.sleep(length)
}

/// An `on_abort` that never ends by itself.
pub fn never(cx: &mut Cx<'_>) -> Poll<()> {
    cx.expect_wake();
    Poll::Pending
}

/// Spawns the child that `make` makes in the attempt's first turn, then sleeps until children end; succeeds when all
/// have.
pub fn parenting(child: &'static str, mut make: impl FnMut() -> Probe + 'static) -> Probe {
    Probe::new(move |cx| {
        if cx.children().is_empty() {
            cx.spawn(Spec::new(child, make())).unwrap();
        }
        match cx.children().all_done() {
            true => OK,
            false => Poll::Pending,
        }
    })
}

/// Tells that what owns it has been dropped.
pub struct Dropped(pub Rc<Cell<u32>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}
