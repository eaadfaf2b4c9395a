//! Tests of `dispatch` from outside: configuration in, tasks out.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests fail and report like tests")]

mod bounce;
mod city;
mod clock;
mod configs;
mod context;
mod crews;
mod departments;
mod lifecycle;
mod lists;
mod propose;
mod router;
mod rules;
mod scene;
mod visits;
