//! Plans against files of others and against laws that hold for any input.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests fail and report like tests")]

mod bad_files;
mod checks;
mod dock;
mod dock_examples;
mod fleets;
mod flights;
mod laws;
mod proofs;
mod reference;
mod round_trip;
mod support;
