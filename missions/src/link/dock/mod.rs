//! Docks that speak DJI's Cloud API over MQTT: what they say, what is said to them, and a dock that is simulated.
//!
//! | part | what |
//! | --- | --- |
//! | [`topic`] | `thing/product/{sn}/...` and `sys/product/{sn}/status` |
//! | [`message`] | the envelope: `tid`, `bid`, `timestamp`, `method`, `gateway`, `need_reply`, `data` |
//! | [`body`] | what `data` holds, for the methods that flights need |
//! | [`codes`] | result codes in words |
//! | [`session`] | the side of the cloud: bind, prepare, hand out the plan, start, follow, steer |
//! | [`simulator`] | the side of a dock |
//!
//! Messages and moments go in; messages and states come out. A message that a broker lost, doubled or held back ends in a state that says so.
//!
//! # References
//! DJI Cloud API, dock to cloud: topic definition, organization, wayline, cmd, hms, properties, error codes.

pub mod body;
pub mod codes;
mod flood;
pub mod health;
pub mod message;
pub mod session;
pub mod simulator;
mod skew;
pub mod topic;

pub use message::{Incoming, Message, Outgoing, Refusal};
pub use session::{Dock, Flight, Session};
pub use simulator::Simulator;
pub use topic::{Channel, Topic};

use md5::{Digest, Md5};

/// Returns what docks check a file by: MD5 in lower-case hexadecimal digits. It finds damage, it proves no origin.
pub fn fingerprint(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().fold(String::with_capacity(32), |mut text, byte| {
        text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
        text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        text
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn fingerprints_are_those_of_rfc_1321() {
        assert_eq!(super::fingerprint(b""), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(super::fingerprint(b"message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
    }
}
