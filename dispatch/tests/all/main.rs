//! Tests of `dispatch` from outside: configuration in, tasks out.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod bounce;
mod city;
mod clock;
mod configs;
mod context;
mod crews;
mod delivery;
mod departments;
mod flood;
mod lifecycle;
mod lists;
mod propose;
mod router;
mod rules;
mod scene;
mod visits;
