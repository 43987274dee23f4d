//! Items as sentences.
//!
//! An item names a link as it names a work, but a link has no turns. Only a record of a run tells them apart.

use super::{Fault, Item, Site, Step, Tie, Until};
use std::fmt;

/// Returns the sentence for an item, given which names are those of links.
pub(in crate::explore) fn words(item: &Item, is_link: impl Fn(&str) -> bool) -> String {
    let Step { work, turn } = item.at();
    match item {
        Item::Hold { other, until, .. } => {
            let until = match is_link(other) {
                true => arrived(other, until),
                false => format!("{other} {until}"),
            };
            match (is_link(work), turn) {
                (true, turn) => format!("arrival {turn} of {work} waits until {until}"),
                (false, 1) => format!("{work} waits until {until}"),
                (false, turn) => format!("{work} waits before turn {turn} until {until}"),
            }
        }
        Item::Fault(Fault::Jump(_, time)) if is_link(work) => {
            format!("the clock jumps by {time:?} after arrival {turn} of {work}")
        }
        Item::Fault(Fault::Crash(_, time)) if is_link(work) => {
            format!("the receiver of {work} crashes after arrival {turn}, for {time:?}")
        }
        Item::Fault(fault) => fault.to_string(),
        Item::First(tie, _) => first(*tie, work, *turn),
        Item::Choice(Site { name, .. }, answer) => {
            format!("{work} chooses {answer} for \"{name}\" at turn {turn}")
        }
    }
}

/// Returns how far a link has come. Faults number messages as they were sent, so arrivals are counted instead.
fn arrived(link: &str, until: &Until) -> String {
    match until {
        Until::Turn(1) => format!("a message of {link} has arrived"),
        Until::Turn(turn) => format!("{turn} messages of {link} have arrived"),
        other => format!("{link} {other}"),
    }
}

fn first(tie: Tie, work: &str, turn: u32) -> String {
    match tie {
        Tie::Permit => format!("{work} gets its permit first"),
        Tie::Timer => format!("{work}'s timer before turn {turn} fires first"),
        Tie::Inbox => format!("the message to {work} before turn {turn} is taken first"),
        Tie::Message => format!("message {turn} of {work} arrives first"),
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Until::Turn(turn) => write!(f, "has had turn {turn}"),
            Until::End => f.write_str("has ended"),
            Until::Failed(attempt) => write!(f, "has failed in attempt {attempt}"),
            Until::Step(label) => write!(f, "has done \"{label}\""),
        }
    }
}

/// An item does not know which names are those of links, so it prints turns for them, too. The sentence of an
/// [`Explained`](crate::explore::Explained) has arrivals.
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&words(self, |_| false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::item::Plan;

    #[test]
    fn messages_of_links_arrive_where_works_have_turns() {
        for (text, with_link, without) in [
            (
                "v1:h=a@2>ask@1",
                "a waits before turn 2 until a message of ask has arrived",
                "a waits before turn 2 until ask has had turn 1",
            ),
            (
                "v1:h=ask@2>ask@3",
                "arrival 2 of ask waits until 3 messages of ask have arrived",
                "ask waits before turn 2 until ask has had turn 3",
            ),
            (
                "v1:crash=ask@2+1s",
                "the receiver of ask crashes after arrival 2, for 1s",
                "the node of ask crashes after turn 2, for 1s",
            ),
            (
                "v1:jump=ask@2+1s",
                "the clock jumps by 1s after arrival 2 of ask",
                "the clock jumps by 1s after turn 2 of ask",
            ),
        ] {
            let item = &Plan::parse(text).unwrap().items[0];
            assert_eq!(words(item, |name| name == "ask"), with_link);
            assert_eq!(item.to_string(), without);
        }
    }
}
