//! Tests of `store`: one suite on every implementation, writers at once, faults, and what is particular to the SQLite file.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where its scene cannot be built")]

mod absorb;
mod backup;
mod chain;
mod city;
mod conformance;
mod consumers;
mod export;
mod faults;
mod findings;
mod looked;
mod migration;
mod operations;
mod operations_laws;
mod retention;
mod server;
mod sqlite_file;
mod town;
mod writers;
mod zones;
