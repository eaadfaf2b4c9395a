//! Sockets, serial lines, locks and brokers for the links of `missions`: the state machines are there, bytes and threads are here.
//!
//! | spoken | not spoken |
//! |---|---|
//! | MAVLink 1 and 2 in, 2 out | signing |
//! | UDP, as the side that listens or sends first; TCP, sending first; serial lines | broadcast, TCP listening |
//! | DJI's Cloud API over MQTT; plans handed to docks by HTTP | pictures that docks upload |

mod address;
pub mod dock;
mod host;
mod lease;
mod vehicle;
mod wire;

pub use address::{Address, AddressError};
pub use host::Host;
pub use lease::Lease;
pub use vehicle::{Vehicle, VehicleError};
pub use wire::{LinkError, Wire};
