//! Cameras: attitude, lens and pose.

pub mod attitude;

pub use attitude::Attitude;
