//! Tests of `store`: one suite on every implementation, and what is particular to the SQLite file.

mod conformance;
mod findings;
mod sqlite_file;
