//! Items as text that a person can read and edit: `v1:f=job[3]@2;h=job[0]@1>cancel@end`.
//!
//! The first word is the version. Each item begins with its letter: `h` a hold, `f` a failed attempt, `c` a cancel, `l` a
//! late turn, `p` `t` `i` `m` a permit, timer, post or message that is first, `o` a choice. Every other fault begins with the name
//! of its family, and has a time or an exit code behind a `+`: `crash=server:job@2+500ms`. A turn is `work@turn`, a site
//! `work@turn:name#visit`. A hold ends at `other@turn`, `other@end`, `other@!attempt` or `other@:label`. Names
//! percent-encode the marks of this text.

use super::{Amount, Family, Fault, Item, Site, Step, Tie, Until};
use std::fmt::Write;
use std::time::Duration;

/// The version of the text.
pub(super) const VERSION: &str = "v1:";

/// Characters of names that mean something else in the text, or in a shell between apostrophes.
const MARKS: &str = "@>;#~'%=!,";

/// Returns the text for these items.
pub(super) fn print(items: &[Item]) -> String {
    let words: Vec<String> = items.iter().map(word).collect();
    format!("{VERSION}{}", words.join(";"))
}

fn word(item: &Item) -> String {
    match item {
        Item::Hold { at, other, until } => {
            format!("h={}>{}@{}", step(at), encoded(other), end(until))
        }
        Item::Fault(fault) => fault_word(fault),
        Item::First(Tie::Permit, at) => format!("p={}", step(at)),
        Item::First(Tie::Timer, at) => format!("t={}", step(at)),
        Item::First(Tie::Inbox, at) => format!("i={}", step(at)),
        Item::First(Tie::Message, at) => format!("m={}", step(at)),
        Item::Choice(at, answer) => format!("o={}={answer}", site(at)),
    }
}

fn fault_word(fault: &Fault) -> String {
    let (key, at) = (key(fault.family()), step(fault.at()));
    match fault {
        Fault::Named(at) => format!("{key}={}", site(at)),
        Fault::Exit(_, code) => format!("{key}={at}+{code}"),
        _ => match fault.time() {
            Some(time) => format!("{key}={at}+{}", duration(time)),
            None => format!("{key}={at}"),
        },
    }
}

/// Returns how a fault of that family begins.
fn key(family: Family) -> &'static str {
    match family {
        Family::Fail => "f",
        Family::Cancel => "c",
        Family::Late => "l",
        _ => family.name(),
    }
}

/// The units of a duration, in nanoseconds.
const UNITS: [(&str, u128); 4] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
];

/// Returns a duration in the largest unit in which it is a whole number.
fn duration(time: Duration) -> String {
    let nanos = time.as_nanos();
    let fits = UNITS
        .iter()
        .rev()
        .find(|(_, unit)| nanos.is_multiple_of(*unit));
    let (name, unit) = fits.unwrap_or(&UNITS[0]);
    format!("{}{name}", nanos / unit)
}

fn step(step: &Step) -> String {
    format!("{}@{}", encoded(&step.work), step.turn)
}

fn site(site: &Site) -> String {
    format!("{}:{}#{}", step(&site.at), encoded(&site.name), site.visit)
}

fn end(until: &Until) -> String {
    match until {
        Until::Turn(turn) => turn.to_string(),
        Until::End => String::from("end"),
        Until::Failed(attempt) => format!("!{attempt}"),
        Until::Step(label) => format!(":{}", encoded(label)),
    }
}

fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.chars() {
        if byte.is_whitespace() || byte.is_control() || MARKS.contains(byte) {
            for byte in byte.encode_utf8(&mut [0; 4]).bytes() {
                write!(text, "%{byte:02x}").expect("a string takes all");
            }
        } else {
            text.push(byte);
        }
    }
    text
}

/// Returns the items that a text stands for.
///
/// # Errors
/// What cannot be read, in words.
pub(super) fn parse(text: &str) -> Result<Vec<Item>, String> {
    let Some(words) = text.strip_prefix(VERSION) else {
        return Err(format!(
            "`{text}` does not begin with `{VERSION}`, the version that this crate reads"
        ));
    };
    let words = words.split(';').filter(|word| !word.is_empty());
    words
        .map(|word| item(word).ok_or_else(|| format!("`{word}` is no item")))
        .collect()
}

fn item(word: &str) -> Option<Item> {
    let (letter, rest) = word.split_once('=')?;
    Some(match letter {
        "h" => {
            let (at, end) = rest.split_once('>')?;
            let (other, until) = end.rsplit_once('@')?;
            Item::Hold {
                at: parse_step(at)?,
                other: decoded(other)?,
                until: parse_end(until)?,
            }
        }
        "p" => Item::First(Tie::Permit, parse_step(rest)?),
        "t" => Item::First(Tie::Timer, parse_step(rest)?),
        "i" => Item::First(Tie::Inbox, parse_step(rest)?),
        "m" => Item::First(Tie::Message, parse_step(rest)?),
        "o" => {
            let (at, answer) = rest.rsplit_once('=')?;
            Item::Choice(parse_site(at)?, answer.parse().ok()?)
        }
        _ => Item::Fault(parse_fault(letter, rest)?),
    })
}

fn parse_fault(key_read: &str, text: &str) -> Option<Fault> {
    let mut families = Family::ALL.into_iter();
    let family = families.find(|&family| key(family) == key_read)?;
    let mut amount = Amount::default();
    let at = match family {
        Family::Named => {
            let site = parse_site(text)?;
            amount.site = (site.name, site.visit);
            site.at
        }
        Family::Fail | Family::Cancel | Family::Late => parse_step(text)?,
        Family::Wake | Family::Lose | Family::Twice => parse_step(text)?,
        Family::Exit => {
            let (at, code) = text.rsplit_once('+')?;
            amount.code = code.parse().ok()?;
            parse_step(at)?
        }
        _ => {
            let (at, time) = text.rsplit_once('+')?;
            amount.time = parse_duration(time)?;
            parse_step(at)?
        }
    };
    Some(Fault::of(family, at, amount))
}

fn parse_duration(text: &str) -> Option<Duration> {
    let end = text.find(|char: char| !char.is_ascii_digit())?;
    let (number, name) = text.split_at(end);
    let (_, unit) = UNITS.iter().find(|(unit, _)| *unit == name)?;
    let nanos = number.parse::<u64>().ok()?.checked_mul(*unit as u64)?;
    Some(Duration::from_nanos(nanos))
}

fn parse_step(text: &str) -> Option<Step> {
    let (work, turn) = text.rsplit_once('@')?;
    Some(Step::new(decoded(work)?, turn.parse().ok()?))
}

fn parse_site(text: &str) -> Option<Site> {
    let (work, rest) = text.split_once('@')?;
    let (turn, rest) = rest.split_once(':')?;
    let (name, visit) = rest.rsplit_once('#')?;
    Some(Site {
        at: Step::new(decoded(work)?, turn.parse().ok()?),
        name: decoded(name)?,
        visit: visit.parse().ok()?,
    })
}

fn parse_end(text: &str) -> Option<Until> {
    Some(match text.split_at_checked(1)? {
        ("!", attempt) => Until::Failed(attempt.parse().ok()?),
        (":", label) => Until::Step(decoded(label)?),
        _ if text == "end" => Until::End,
        _ => Until::Turn(text.parse().ok()?),
    })
}

fn decoded(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some items of each kind, with names that have every mark.
    fn some() -> Vec<Item> {
        let step = |turn| Step::new("a@b>c;d/e[1]#f~g'h i%j=k!l:m,n\u{e9}\n", turn);
        let site = Site {
            at: step(3),
            name: String::from("how: many#"),
            visit: 2,
        };
        let ends = [
            Until::Turn(4),
            Until::End,
            Until::Failed(2),
            Until::Step(String::from("write @ once")),
        ];
        let holds = ends.map(|until| Item::Hold {
            at: step(1),
            other: String::from("b/c[2]"),
            until,
        });
        let faults = Family::ALL.map(|family| {
            let amount = Amount {
                time: Duration::from_micros(1_500),
                code: -3,
                site: (String::from("how: many#"), 2),
            };
            Item::Fault(Fault::of(family, step(1), amount))
        });
        let others = [
            Item::First(Tie::Permit, step(1)),
            Item::First(Tie::Timer, step(1)),
            Item::First(Tie::Inbox, step(1)),
            Item::First(Tie::Message, step(1)),
            Item::Choice(site, 7),
        ];
        holds.into_iter().chain(faults).chain(others).collect()
    }

    #[test]
    fn a_text_gives_its_items_back() {
        let items = some();
        let text = print(&items);
        assert!(!text.contains([' ', '\'', '\n']), "{text}");
        assert_eq!(parse(&text), Ok(items));
        assert_eq!(
            print(&parse("v1:f=job[3]@2;h=job[0]@1>cancel@end").unwrap()),
            "v1:f=job[3]@2;h=job[0]@1>cancel@end"
        );
        let text = "v1:crash=server:job@2+3s;lose=ask@4;delay=a+b@1+1500us";
        assert_eq!(
            parse(text).map(|items| print(&items)).as_deref(),
            Ok("v1:crash=server:job@2+3s;lose=ask@4;delay=a+b@1+1500us")
        );
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let texts = [
            "v2:f=a@1",
            "",
            "v1:f=a",
            "v1:f=a@x",
            "v1:q=a@1",
            "v1:h=a@1",
            "v1:h=a@1>b",
            "v1:f",
            "v1:f=%zz@1",
            "v1:f=%e9@1",
            "v1:o=a@1:b#1",
            "v1:h=a@1>b@",
            "v1:crash=a@1",
            "v1:crash=a@1+5",
            "v1:crash=a@1+5h",
            "v1:crash=a@1+99999999999999999999s",
            "v1:exit=a@1+x",
            "v1:lose=a",
        ];
        for text in texts {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
