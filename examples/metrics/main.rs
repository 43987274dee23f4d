//! How do the metrics of my works get to Prometheus, without an async runtime or a thread?
//!
//! ```text
//! cargo run --example metrics                      # runs some works, scrapes itself once, and prints the page
//! cargo run --example metrics -- 127.0.0.1:9184    # serves the page until it is stopped
//! ```
//!
//! The host's loop waits for its own sockets and for those of works. When a client asks for the page, the host passes
//! `WorkScheduler::measured` on to the `metrics` facade, and its Prometheus recorder makes the text.

mod exporter;
mod node;
mod server;

use node::Node;
use std::error::Error;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1) {
        Some(address) => serve(address.parse()?),
        None => scrape_once(),
    }
}

fn serve(address: SocketAddr) -> Result<(), Box<dyn Error>> {
    let mut node = Node::new(address)?;
    println!("http://{}/metrics", node.address()?);
    node.add_works(40)?;
    node.run(u64::MAX)
}

/// Runs works, and plays Prometheus on another thread.
fn scrape_once() -> Result<(), Box<dyn Error>> {
    let mut node = Node::new(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let address = node.address()?;
    let prometheus = thread::spawn(move || scrape(address));
    node.add_works(40)?;
    node.run(1)?;
    let answer = prometheus.join().map_err(|_| "the scraper panicked")??;
    print!("{answer}");
    Ok(())
}

fn scrape(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
