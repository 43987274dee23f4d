//! Faults: what goes wrong in a run, by the place where it does.

use super::{Site, Step};
use std::fmt;
use std::time::Duration;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Family {
    /// An attempt fails instead of a turn.
    Fail,
    /// A work is cancelled instead of a turn.
    Cancel,
    /// A turn is had in the next round.
    Late,
    /// A place that the program has named with [`WorkContext::fault`](crate::WorkContext::fault).
    Named,
    /// A sleeping work is woken for nothing.
    Wake,
    /// A sleeping work has its next turn some time after what woke it.
    Oversleep,
    /// The clock jumps forward after a turn.
    Jump,
    /// A simulated job takes longer.
    Job,
    /// A scripted process takes longer.
    Process,
    /// A scripted process exits with another code.
    Exit,
    /// A message is lost.
    Lose,
    /// A message arrives twice.
    Twice,
    /// A message takes longer.
    Delay,
    /// Two nodes are cut off from each other for some time.
    Cut,
    /// A node crashes, and starts again some time later.
    Crash,
}

impl Family {
    /// Every family.
    pub const ALL: [Family; 15] = [
        Family::Fail,
        Family::Cancel,
        Family::Late,
        Family::Named,
        Family::Wake,
        Family::Oversleep,
        Family::Jump,
        Family::Job,
        Family::Process,
        Family::Exit,
        Family::Lose,
        Family::Twice,
        Family::Delay,
        Family::Cut,
        Family::Crash,
    ];

    /// Returns the name of the family in `CRANK_FAULTS`.
    pub fn name(self) -> &'static str {
        match self {
            Family::Fail => "fail",
            Family::Cancel => "cancel",
            Family::Late => "late",
            Family::Named => "named",
            Family::Wake => "wake",
            Family::Oversleep => "oversleep",
            Family::Jump => "jump",
            Family::Job => "job",
            Family::Process => "process",
            Family::Exit => "exit",
            Family::Lose => "lose",
            Family::Twice => "twice",
            Family::Delay => "delay",
            Family::Cut => "cut",
            Family::Crash => "crash",
        }
    }

    /// Returns the family with that name.
    pub fn from_name(name: &str) -> Option<Family> {
        let mut all = Family::ALL.into_iter();
        all.find(|family| family.name() == name)
    }
}

/// A fault.
///
/// Each has the place at which it happens as a [`Step`]: a turn of a work. For a simulated job the number is that of
/// the work's job, for a process that of the program's start, for a message that of the link's message in the order in
/// which they were sent, and for jumps and crashes in the order in which they arrived. All count from 1 in each run.
/// A node that has crashed has its incarnation in its name, as in `server~2:job`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Fault {
    /// The attempt fails instead of the turn.
    Fail(Step),
    /// The work is cancelled instead of the turn.
    Cancel(Step),
    /// The turn is had in the next round.
    Late(Step),
    /// The named place answers that the fault happens.
    Named(Site),
    /// The work, which sleeps, is woken for nothing before the turn.
    Wake(Step),
    /// The work, which slept, is ready for the turn only so much virtual time later.
    Oversleep(Step, Duration),
    /// The clock jumps by so much after the turn, or after the message has arrived.
    Jump(Step, Duration),
    /// The work's job takes so much longer.
    Job(Step, Duration),
    /// The process takes so much longer.
    Process(Step, Duration),
    /// The process exits with this code.
    Exit(Step, i32),
    /// The message is lost.
    Lose(Step),
    /// The message arrives twice.
    Twice(Step),
    /// The message takes so much longer.
    Delay(Step, Duration),
    /// Sender and receiver of the message are cut off from each other for so long. The message is the first that is
    /// lost.
    Cut(Step, Duration),
    /// The work's node crashes after the turn, or the link's receiver after the message has arrived. It starts again
    /// after so much virtual time.
    Crash(Step, Duration),
}

impl Fault {
    /// Returns the family of the fault.
    pub fn family(&self) -> Family {
        match self {
            Fault::Fail(_) => Family::Fail,
            Fault::Cancel(_) => Family::Cancel,
            Fault::Late(_) => Family::Late,
            Fault::Named(_) => Family::Named,
            Fault::Wake(_) => Family::Wake,
            Fault::Oversleep(..) => Family::Oversleep,
            Fault::Jump(..) => Family::Jump,
            Fault::Job(..) => Family::Job,
            Fault::Process(..) => Family::Process,
            Fault::Exit(..) => Family::Exit,
            Fault::Lose(_) => Family::Lose,
            Fault::Twice(_) => Family::Twice,
            Fault::Delay(..) => Family::Delay,
            Fault::Cut(..) => Family::Cut,
            Fault::Crash(..) => Family::Crash,
        }
    }

    /// Returns the place of the fault.
    pub fn at(&self) -> &Step {
        match self {
            Fault::Fail(at) | Fault::Cancel(at) | Fault::Late(at) | Fault::Wake(at) => at,
            Fault::Lose(at) | Fault::Twice(at) | Fault::Exit(at, _) => at,
            Fault::Oversleep(at, _) | Fault::Jump(at, _) | Fault::Job(at, _) => at,
            Fault::Process(at, _) | Fault::Delay(at, _) => at,
            Fault::Cut(at, _) | Fault::Crash(at, _) => at,
            Fault::Named(site) => &site.at,
        }
    }

    /// Returns how much longer something takes, or how long it lasts.
    pub fn time(&self) -> Option<Duration> {
        match self {
            Fault::Oversleep(_, time) | Fault::Jump(_, time) | Fault::Job(_, time) => Some(*time),
            Fault::Process(_, time) | Fault::Delay(_, time) => Some(*time),
            Fault::Cut(_, time) | Fault::Crash(_, time) => Some(*time),
            _ => None,
        }
    }

    /// Returns the fault of a family at a place. Of `amount` only what the family has counts.
    pub(in crate::explore) fn of(family: Family, at: Step, amount: Amount) -> Fault {
        let Amount {
            time, code, site, ..
        } = amount;
        match family {
            Family::Fail => Fault::Fail(at),
            Family::Cancel => Fault::Cancel(at),
            Family::Late => Fault::Late(at),
            Family::Named => {
                let (name, visit) = site;
                Fault::Named(Site { at, name, visit })
            }
            Family::Wake => Fault::Wake(at),
            Family::Oversleep => Fault::Oversleep(at, time),
            Family::Jump => Fault::Jump(at, time),
            Family::Job => Fault::Job(at, time),
            Family::Process => Fault::Process(at, time),
            Family::Exit => Fault::Exit(at, code),
            Family::Lose => Fault::Lose(at),
            Family::Twice => Fault::Twice(at),
            Family::Delay => Fault::Delay(at, time),
            Family::Cut => Fault::Cut(at, time),
            Family::Crash => Fault::Crash(at, time),
        }
    }
}

/// What a fault has besides its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::explore) struct Amount {
    /// How long.
    pub time: Duration,
    /// The exit code.
    pub code: i32,
    /// The name of the site, and the visit.
    pub site: (String, u32),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Step { work, turn } = self.at();
        match self {
            Fault::Fail(_) => write!(f, "{work} fails at turn {turn}"),
            Fault::Cancel(_) => write!(f, "{work} is cancelled at turn {turn}"),
            Fault::Late(_) => write!(f, "{work} has turn {turn} a round late"),
            Fault::Named(site) => {
                write!(f, "{work} has the fault \"{}\" at turn {turn}", site.name)?;
                match site.visit {
                    1 => Ok(()),
                    visit => write!(f, ", visit {visit}"),
                }
            }
            Fault::Wake(_) => write!(f, "{work} is woken for nothing before turn {turn}"),
            Fault::Oversleep(_, time) => {
                write!(f, "{work} is ready for turn {turn} {time:?} late")
            }
            Fault::Jump(_, time) => {
                write!(f, "the clock jumps by {time:?} after turn {turn} of {work}")
            }
            Fault::Job(_, time) => write!(f, "job {turn} of {work} takes {time:?} longer"),
            Fault::Process(_, time) => write!(f, "start {turn} of {work} takes {time:?} longer"),
            Fault::Exit(_, code) => write!(f, "start {turn} of {work} exits with code {code}"),
            Fault::Lose(_) => write!(f, "message {turn} of {work} is lost"),
            Fault::Twice(_) => write!(f, "message {turn} of {work} arrives twice"),
            Fault::Delay(_, time) => write!(f, "message {turn} of {work} takes {time:?} longer"),
            Fault::Cut(_, time) => {
                write!(
                    f,
                    "the nodes of {work} are cut off for {time:?} from message {turn} on"
                )
            }
            Fault::Crash(_, time) => {
                write!(
                    f,
                    "the node of {work} crashes after turn {turn}, for {time:?}"
                )
            }
        }
    }
}
