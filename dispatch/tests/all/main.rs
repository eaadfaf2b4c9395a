//! Tests of `dispatch` from outside: configuration in, tasks out.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod configs;
mod departments;
mod lifecycle;
mod propose;
mod router;
mod rules;
mod scene;
