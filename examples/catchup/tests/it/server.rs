//! The built-in server, on a real socket.

use crate::common::{EIGHT, faults, nth};
use catchup::archive::File;
use catchup::server::{Faults, Listener, Reply, Request, Responder, Shelf, Then};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

fn responder(faults: Faults) -> Responder {
    Responder::new(Shelf::Memory(Arc::new(EIGHT.files.clone())), faults)
}

fn ask(stream: &mut TcpStream, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = vec![0; 4096];
    let length = stream.read(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[test]
fn a_connection_is_used_again_until_something_is_not_understood() {
    let listener = Listener::start(0, responder(Faults::default())).unwrap();
    let mut stream = TcpStream::connect(listener.address()).unwrap();
    for path in [
        "x",
        "../../etc/passwd",
        ".well-known/../ledger",
        "ledger/00/00/00/",
    ] {
        let answer = ask(&mut stream, &format!("GET /{path} HTTP/1.1\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    }
    let answer = ask(&mut stream, "PUT / HTTP/1.1\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "closed");
}

#[test]
fn a_port_in_use_is_an_error() {
    let first = Listener::start(0, responder(Faults::default())).unwrap();
    let error = Listener::start(first.address().port(), responder(Faults::default())).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn it_ends_although_connections_are_open_and_answers_under_way() {
    let slow = Faults {
        latency: Duration::from_secs(3600),
        ..Faults::default()
    };
    let listener = Listener::start(0, responder(slow)).unwrap();
    let idle = TcpStream::connect(listener.address()).unwrap();
    let mut waiting = TcpStream::connect(listener.address()).unwrap();
    waiting.write_all(b"GET /x HTTP/1.1\r\n\r\n").unwrap();
    drop(listener);
    drop(idle);
}

#[test]
fn a_file_has_the_same_faults_whatever_else_is_asked_for() {
    let (file, other) = (File::Ledger(nth(1)), File::Ledger(nth(2)));
    let request = |file: File| Request::Get(file.path());
    let (one, two) = (responder(faults(0.5, 3)), responder(faults(0.5, 3)));
    let alone: Vec<Sent> = (0..50).map(|_| sent(one.reply(&request(file)))).collect();
    let among: Vec<Sent> = (0..50)
        .map(|_| {
            two.reply(&request(other));
            sent(two.reply(&request(file)))
        })
        .collect();
    assert_eq!(alone, among);
    let (whole, _) = sent(responder(Faults::default()).reply(&request(file)));
    let kinds: BTreeSet<&str> = alone.iter().map(|sent| kind(sent, whole.len())).collect();
    let all = ["503", "dropped", "stalled", "truncated", "whole"];
    assert!(kinds.iter().eq(&all), "{kinds:?}");
}

/// The bytes that the server sends, and what it does then.
pub type Sent = (Vec<u8>, Then);

pub fn sent(mut reply: Reply) -> Sent {
    let mut bytes = Vec::new();
    reply.answer.read_to_end(&mut bytes).unwrap();
    (bytes, reply.then)
}

fn kind((bytes, then): &Sent, whole: usize) -> &'static str {
    match (then, bytes.len()) {
        (Then::Close, 0) => "dropped",
        (Then::Close, _) => "truncated",
        (Then::Stall, _) => "stalled",
        // In chunks it has more bytes than that, and some of both have a flipped bit.
        (Then::KeepOpen, length) if length < whole / 2 => "503",
        (Then::KeepOpen, _) => "whole",
    }
}
