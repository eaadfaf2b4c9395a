//! Sockets under `missions::link`: brokers of docks, and where docks get their plans. What is said is decided there, not here.

pub mod dock;
