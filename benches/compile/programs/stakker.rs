//! The three works of `application.rs` on stakker, in virtual time.

use stakker::{ActorOwn, CX, Core, Stakker, StopCause, actor, after, call, ret_nop, ret_some_to};
use std::time::{Duration, Instant};

/// The line that changes between two builds.
const EDITION: u64 = 0;

const HOURS: u64 = 5;
const LINKS: u64 = 1_000;
const END: Duration = Duration::from_secs(HOURS * 3_600);

struct Poller {
    polls: u64,
}

impl Poller {
    fn init(cx: CX![]) -> Option<Self> {
        call!([cx], wait());
        Some(Poller { polls: 0 })
    }

    fn wait(&mut self, cx: CX![]) {
        after!(Duration::from_millis(10), [cx], poll());
    }

    fn poll(&mut self, cx: CX![]) {
        self.polls += 1;
        if self.polls < HOURS * 360_000 {
            self.wait(cx);
        } else {
            cx.stop();
        }
    }
}

struct Upload {
    tries: u64,
    end: Instant,
    delay: Duration,
}

impl Upload {
    fn init(cx: CX![], end: Instant) -> Option<Self> {
        call!([cx], attempt());
        let delay = Duration::from_millis(100);
        let tries = EDITION;
        Some(Upload { tries, end, delay })
    }

    fn attempt(&mut self, cx: CX![]) {
        self.tries += 1;
        if cx.now() >= self.end {
            println!("{}", self.tries);
            return cx.stop();
        }
        after!(self.delay, [cx], attempt());
        self.delay = (self.delay * 2).min(Duration::from_secs(30));
    }
}

struct Link;

impl Link {
    fn init(cx: CX![]) -> Option<Self> {
        after!(END / LINKS as u32, [cx], done());
        Some(Link)
    }

    fn done(&mut self, cx: CX![]) {
        cx.stop();
    }
}

struct Chain {
    links: u64,
    link: Option<ActorOwn<Link>>,
}

impl Chain {
    fn init(cx: CX![]) -> Option<Self> {
        call!([cx], begin());
        Some(Chain {
            links: 0,
            link: None,
        })
    }

    fn begin(&mut self, cx: CX![]) {
        let on_end = ret_some_to!([cx], next() as (StopCause));
        self.link = Some(actor!(cx, Link::init(), on_end));
    }

    fn next(&mut self, cx: CX![], _: StopCause) {
        self.links += 1;
        if self.links < LINKS {
            self.begin(cx);
        } else {
            cx.stop();
        }
    }
}

fn start(core: &mut Core, end: Instant) -> (ActorOwn<Poller>, ActorOwn<Upload>, ActorOwn<Chain>) {
    (
        actor!(core, Poller::init(), ret_nop!()),
        actor!(core, Upload::init(end), ret_nop!()),
        actor!(core, Chain::init(), ret_nop!()),
    )
}

fn main() {
    let mut now = Instant::now();
    let mut stakker = Stakker::new(now);
    let _actors = start(&mut stakker, now + END);
    stakker.run(now, false);
    while let Some(at) = stakker.next_expiry() {
        now = at;
        stakker.run(now, false);
    }
}
