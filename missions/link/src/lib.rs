//! Sockets, serial lines and locks for the links of `missions`: the state machines are there, bytes and threads are here.
//!
//! | spoken | not spoken |
//! |---|---|
//! | MAVLink 1 and 2 in, 2 out | signing |
//! | DJI docks over MQTT: [`dock`] | pictures that docks upload |
//! | UDP, as the side that listens or sends first; TCP, sending first; serial lines | broadcast, TCP listening |

pub mod dock;

mod address;
mod host;
mod lease;
mod wire;

pub use address::{Address, AddressError};
pub use host::Host;
pub use lease::Lease;
pub use wire::{LinkError, Wire};
