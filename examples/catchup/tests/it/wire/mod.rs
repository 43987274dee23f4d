//! Attacks over the wire: hostile servers in virtual time, and hostile gzip. Each case says how the catch-up must
//! end, what it must say, and how much memory and virtual time it may take.

mod answer;
mod case;
mod framing;
mod gzip;
mod malformed;
mod reuse;
mod server;
mod sockets;
mod timing;
