//! Connections that are used again: what comes over one after an answer must never be taken for the next file.

use super::answer::{ok, status, with_length};
use super::case::{Case, TARGET, check, ms};
use super::server::Act::{self, Close, Send, Wait};
use super::server::Asked;
use catchup::archive::File;
use std::collections::BTreeMap;

#[test]
fn what_comes_after_an_answer_is_no_answer() {
    check(
        "wire::reuse::what_comes_after_an_answer_is_no_answer",
        stray,
    );
}

#[test]
fn what_a_used_connection_says_is_checked_over_a_new_one() {
    check(
        "wire::reuse::what_a_used_connection_says_is_checked_over_a_new_one",
        refusals,
    );
}

/// The good answer to every request, and then these acts.
fn and_then(name: &str, acts: impl Fn() -> Vec<Act> + 'static) -> Case {
    Case::script(name, move |_, body| {
        Some([vec![Send(with_length(body))], acts()].concat())
    })
}

/// No connection was asked for anything more after its first answer.
fn never_again(log: &[Asked]) -> bool {
    log.iter().all(|asked| asked.nth == 1)
}

fn stray() -> Vec<Case> {
    let missing = || Send(status("404 Not Found", ""));
    let other = || Send(with_length(b"another body"));
    let mut cases = vec![
        Case::script("an answer in the same piece", move |_, body| {
            Some(vec![Send(
                [with_length(body), status("404 Not Found", "")].concat(),
            )])
        })
        .requests(never_again),
        Case::script("half an answer in the same piece", move |_, body| {
            Some(vec![Send(
                [with_length(body), b"HTTP/1.1 2".to_vec()].concat(),
            )])
        })
        .requests(never_again),
        and_then("404 in the next piece", move || vec![missing()]).requests(never_again),
        and_then("a body in the next piece", move || vec![other()]).requests(never_again),
        and_then("a line break in the next piece", || {
            vec![Send(b"\r\n".to_vec())]
        })
        .requests(never_again),
        and_then("closed after each answer", || vec![Close]).requests(never_again),
    ];
    for delay in [1, 2, 5, 20, 100] {
        let name = format!("404 after {delay} ms");
        let acts = move || vec![Wait(ms(delay)), missing()];
        cases.push(and_then(&name, acts).within(ms(5_000)));
        let name = format!("closed after {delay} ms");
        let acts = move || vec![Wait(ms(delay)), Close];
        cases.push(and_then(&name, acts).within(ms(5_000)));
    }
    cases
}

/// Every second request over a connection is answered like this.
fn second(name: &str, answer: impl Fn(&[u8]) -> Vec<Act> + 'static) -> Case {
    Case::script(name, move |asked, body| {
        (asked.nth > 1).then(|| answer(body))
    })
}

/// No connection is used again after this one's answer.
fn not_after_a_wrong_body(log: &[Asked]) -> bool {
    let mut wrong = BTreeMap::new();
    log.iter().all(|asked| {
        let used = wrong.contains_key(&asked.connection);
        if asked.file == TARGET() && asked.visit <= 3 {
            wrong.insert(asked.connection, ());
        }
        !used
    })
}

fn refusals() -> Vec<Case> {
    let sent = |name: &str, bytes: Vec<u8>| second(name, move |_| vec![Send(bytes.clone())]);
    let too_large = format!("Content-Length: {}\r\n", u64::MAX);
    let mut cases = vec![
        sent(
            "404 from the second request on",
            status("404 Not Found", ""),
        ),
        sent(
            "a redirect from the second request on",
            status("301 Moved", ""),
        ),
        sent(
            "a length without bound from the second request on",
            ok(&too_large, b""),
        ),
        second("closed at the second request", |_| vec![Close]),
        Case::script("a bomb at the second request for headers", |asked, _| {
            let bombs = asked.nth > 1 && matches!(asked.file, File::Ledger(_));
            bombs.then(|| vec![Send(with_length(&super::gzip::bomb(17 << 20)))])
        }),
    ];
    cases.push(
        Case::script("a wrong body three times", |asked, body| {
            let wrong = asked.file == TARGET() && asked.visit <= 3;
            wrong.then(|| vec![Send(with_length(&body[1..]))])
        })
        .retries(3)
        .requests(not_after_a_wrong_body),
    );
    cases.push(
        Case::script("a wrong body, always", |asked, body| {
            (asked.file == TARGET()).then(|| vec![Send(with_length(&body[1..]))])
        })
        .refused(&[&TARGET().path(), "cannot be unpacked"])
        .retries(10)
        .within(ms(8_000)),
    );
    // A retry has a connection to itself: what was wrong with one cannot be wrong with all.
    cases.push(
        Case::script(
            "503 over every connection that is used again",
            |asked, _| (asked.nth > 1).then(|| vec![Send(status("503 Busy", ""))]),
        )
        .retries(18)
        .within(ms(20_000)),
    );
    cases
}
