//! The `flyonce` command.

fn main() {}
