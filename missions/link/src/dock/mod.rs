//! Docks over MQTT: a client of their broker, a place where they get plans, and the loops that let a session and a simulated dock run.

mod address;
mod broker;
mod files;
mod run;

pub use address::{Address, AddressError};
pub use broker::{Access, Broker, BrokerError, Heard};
pub use files::{FileServer, FilesError};
pub use run::{Step, run_session, run_simulator};
