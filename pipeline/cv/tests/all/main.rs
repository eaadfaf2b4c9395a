//! Behaviour of the crate as others see it.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail like tests")]

mod distortion;
mod drawings;
mod outlines;
mod pictures;
