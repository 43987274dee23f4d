//! Servers that take their time, in virtual time.

use super::answer::{chunked, ok, status, with_length};
use super::case::{Case, ConcatCases, TARGET, check, ms};
use super::server::Act::{self, Endless, Pieces, Send, Wait};
use crate::common::{EIGHT, nth};
use catchup::archive::{ArchiveState, File};
use std::time::Duration;

#[test]
fn slow_servers_are_waited_for_and_not_for_ever() {
    check(
        "wire::timing::slow_servers_are_waited_for_and_not_for_ever",
        || [patience(), attempts()].concat_cases(),
    );
}

#[test]
fn servers_that_say_when_to_come_back_are_heard() {
    check(
        "wire::timing::servers_that_say_when_to_come_back_are_heard",
        retry_after,
    );
}

const fn s(s: u64) -> Duration {
    Duration::from_secs(s)
}

/// The first attempt and ten more, each for as long as this, with back-offs of at most half a second.
fn eleven(attempt: Duration) -> (Duration, Duration) {
    (11 * attempt, 11 * attempt + s(7))
}

/// Nothing comes for the file, ever.
fn silent(file: File, name: &str) -> Case {
    let (least, most) = eleven(s(1));
    Case::script(name, move |asked, _| (asked.file == file).then(Vec::new))
        .refused(&[&file.path(), "nothing came for 1s"])
        .retries(10)
        .after(least)
        .within(most)
}

/// The archive's state is found out once more, root file and all: that file may have named the wrong one.
fn twice(case: Case) -> Case {
    let (least, most) = case.time;
    let retries = 2 * case.retries;
    case.retries(retries).after(2 * least).within(2 * most)
}

fn patience() -> Vec<Case> {
    [silences(), pauses(), silences_at_first()].concat_cases()
}

fn silences() -> Vec<Case> {
    let bucket = ArchiveState::parse(&EIGHT.files[&File::Root])
        .unwrap()
        .buckets()[0];
    vec![
        twice(silent(File::Root, "silence at the root file")),
        twice(silent(File::State(nth(7)), "silence at the state")),
        silent(File::Ledger(nth(2)), "silence at headers"),
        silent(File::Bucket(bucket), "silence at a bucket"),
        silent(File::Transactions(nth(3)), "silence at transactions"),
        silent(File::Results(nth(3)), "silence at results"),
    ]
}

fn pauses() -> Vec<Case> {
    let pause = |name: &str, wait: Duration| {
        Case::good(name, move |body| {
            let answer = with_length(body);
            let (head, rest) = answer.split_at(30);
            vec![Send(head.to_vec()), Wait(wait), Send(rest.to_vec())]
        })
    };
    let (least, most) = eleven(s(1));
    vec![
        pause("a pause of 990 ms", ms(990))
            .after(ms(990))
            .within(s(3)),
        pause("a pause of 1010 ms", ms(1_010))
            .refused(&[&TARGET().path(), "nothing came for 1s"])
            .retries(10)
            .after(least)
            .within(most),
        Case::good("990 ms before the answer", |body| {
            vec![Wait(ms(990)), Send(with_length(body))]
        })
        .within(s(3)),
        Case::good("a piece each 500 ms", |body| {
            vec![Pieces(with_length(body), 1 << 10, ms(500))]
        })
        .within(s(40)),
        Case::bad("silence in the body", "nothing came for 1s", |body| {
            vec![Send(with_length(body)[..100].to_vec())]
        })
        .after(least)
        .within(most),
    ]
}

fn silences_at_first() -> Vec<Case> {
    let silent = |times| {
        let name = format!("silence {times} times");
        Case::script(name, move |asked, _| {
            (asked.file == TARGET() && asked.visit <= times).then(Vec::new)
        })
        .retries(times.into())
        .after(s(times.into()))
        .within(s(2 * u64::from(times) + 2))
    };
    [1, 5, 10].map(silent).into()
}

/// Something always comes in time, but there is no end.
fn trickle(name: &str, acts: impl Fn(&[u8]) -> Vec<Act> + 'static) -> Case {
    let (least, most) = eleven(s(60));
    Case::bad(name, "the attempt took longer than 60s", acts)
        .after(least)
        .within(most)
}

fn attempts() -> Vec<Case> {
    let every = ms(900);
    let endless = move |head: Vec<u8>, bytes: &'static [u8]| {
        move |_: &[u8]| vec![Send(head.clone()), Endless(bytes.to_vec(), every)]
    };
    vec![
        trickle(
            "a byte of the head each 900 ms",
            endless(b"HTTP/1.1 200 ".to_vec(), b"y"),
        ),
        trickle(
            "a byte of the body each 900 ms",
            endless(ok("Content-Length: 9999\r\n", b""), b"y"),
        ),
        trickle(
            "a byte until closed each 900 ms",
            endless(ok("", b""), b"y"),
        ),
        trickle("a chunk each 900 ms", endless(chunked(b""), b"1\r\ny\r\n")),
        trickle(
            "a byte of a trailer each 900 ms",
            endless(chunked(b"0\r\nX: "), b"y"),
        ),
        Case::bad(
            "an interim answer each 900 ms",
            "is not valid HTTP/1.1",
            endless(Vec::new(), b"HTTP/1.1 102 Wait\r\n\r\n"),
        )
        .within(s(400)),
        twice(
            Case::script("a byte of the root file each 900 ms", move |asked, body| {
                let pieces = Pieces(with_length(body), 1, every);
                (asked.file == File::Root).then(|| vec![pieces])
            })
            .refused(&[&File::Root.path(), "the attempt took longer than 60s"])
            .retries(10)
            .after(s(660))
            .within(s(667)),
        ),
        Case::good("just within the attempt's limit", |body| {
            let piece = with_length(body).len().div_ceil(65);
            vec![Pieces(with_length(body), piece, ms(900))]
        })
        .after(s(50))
        .within(s(60)),
    ]
}

/// The first attempt is answered with 503 and these header lines.
fn busy_once(name: &str, lines: &'static str, least: Duration, most: Duration) -> Case {
    Case::once(name, move |_| vec![Send(status("503 Busy", lines))])
        .after(least)
        .within(most)
}

fn retry_after() -> Vec<Case> {
    let mut cases = [seconds(), dates(), dates_of_answers_with_a_date()].concat_cases();
    cases.push(
        Case::bad("an hour, always", "status 503", |_| {
            vec![Send(status("503 Busy", "Retry-After: 3600\r\n"))]
        })
        .after(s(100))
        .within(s(105)),
    );
    cases
}

/// Nothing that the client has to wait for: the back-off alone.
fn at_once(name: &str, lines: &'static str) -> Case {
    busy_once(name, lines, Duration::ZERO, s(2))
}

/// More than the client waits for.
fn cut_short(name: &str, lines: &'static str) -> Case {
    busy_once(name, lines, s(10), s(13))
}

fn seconds() -> Vec<Case> {
    let beyond = "Retry-After: 99999999999999999999\r\n";
    let two = "Retry-After: 3\r\nRetry-After: 4\r\n";
    vec![
        busy_once("3 s", "Retry-After: 3\r\n", s(3), s(5)),
        at_once("0 s", "Retry-After: 0\r\n"),
        busy_once("10 s", "Retry-After: 10\r\n", s(10), s(12)),
        cut_short("an hour is cut short", "Retry-After: 3600\r\n"),
        cut_short("beyond all numbers", beyond),
        at_once("a word", "Retry-After: soon\r\n"),
        at_once("below zero", "Retry-After: -3\r\n"),
        at_once("empty", "Retry-After: \r\n"),
        busy_once("two of them", two, s(3), s(6)),
    ]
}

fn dates() -> Vec<Case> {
    let past = "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
    let far = "Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n";
    let none = "Retry-After: Sun, 99 Foo 1994 08:49:37 GMT\r\n";
    vec![
        at_once("a date long past", past),
        cut_short("a date far away", far),
        at_once("no date", none),
    ]
}

fn dates_of_answers_with_a_date() -> Vec<Case> {
    let dated = |after: &str| -> &'static str {
        let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n";
        format!("{date}Retry-After: {after}\r\n").leak()
    };
    let in_4_s = |name, after| busy_once(name, dated(after), s(4), s(6));
    let before = dated("Sun, 06 Nov 1994 08:49:36 GMT");
    let hour = dated("Sun, 06 Nov 1994 09:49:37 GMT");
    vec![
        in_4_s("a date", "Sun, 06 Nov 1994 08:49:41 GMT"),
        in_4_s("a date with a short year", "Sunday, 06-Nov-94 08:49:41 GMT"),
        in_4_s("a date without a zone", "Sun Nov  6 08:49:41 1994"),
        at_once("a date before the answer's own", before),
        cut_short("a date an hour away is cut short", hour),
    ]
}
