//! Tests of `store`: one suite on every implementation, and what is particular to the SQLite file.

#![expect(clippy::unwrap_used, reason = "a test stops where its scene cannot be built")]

mod conformance;
mod findings;
mod server;
mod sqlite_file;
mod zones;
