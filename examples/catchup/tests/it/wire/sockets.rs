//! Stray answers over real sockets: there the system says whether a connection is quiet.

use super::answer::{status, with_length};
use crate::common::EIGHT;
use catchup::archive::File;
use catchup::catchup::Settings;
use catchup::run::{Interrupt, Real};
use catchup::server::{Request, Requests};
use catchup::store::Memory;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Answers each request with the file, and says 404 a moment later to nobody.
fn talk(mut stream: TcpStream) -> std::io::Result<()> {
    let mut requests = Requests::new();
    let mut buffer = [0; 4 << 10];
    loop {
        let length = stream.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        requests.feed(&buffer[..length]);
        while let Some(Request::Get(path)) = requests.take() {
            let file = File::at(&path).unwrap();
            stream.write_all(&with_length(&EIGHT.files[&file]))?;
            thread::sleep(Duration::from_millis(1));
            stream.write_all(&status("404 Not Found", ""))?;
        }
    }
}

#[test]
fn stray_answers_over_real_sockets_are_no_answers() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    // Ends with the process: nothing is left to accept then.
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || talk(stream.unwrap()));
        }
    });
    let real = Real {
        settings: Settings::local(2),
        server,
        disk: Arc::new(Memory::new()),
        ledger: None,
        seed: 1,
    };
    let ended = real.run(&mut (), &Interrupt::default()).unwrap();
    assert_eq!(ended.failure, None);
    assert_eq!(ended.hash, EIGHT.last_hash);
}
