//! Tests of `dispatch` from outside: configuration in, tasks out.

mod configs;
mod departments;
mod lifecycle;
mod propose;
mod router;
mod rules;
mod scene;
