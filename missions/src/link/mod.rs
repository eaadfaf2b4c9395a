//! The way to an aircraft or a dock: messages and moments in, messages and states out.
//!
//! Nothing here has a socket or a clock. [`launch`] holds what every link says of a flight: its states in words, what people may order in
//! each, and the record that is kept of it. [`gates`] is what must hold before an aircraft may start, [`mavlink`] the link to autopilots, and
//! [`lossy`] a link on which messages are lost, doubled, delayed and reordered.

pub mod dock;
pub mod gates;
pub mod launch;
pub mod lossy;
pub mod mavlink;
pub mod rest;

pub use gates::{Gate, GateKind, Ready};
pub use launch::{Answer, Break, Cause, Command, Entry, Fault, Order, Progress, State, What, Words};
