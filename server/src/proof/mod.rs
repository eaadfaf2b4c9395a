//! Evidence that stands: a manifest beside the files, time stamps of an authority over the chain, and the verifier of both.

pub mod manifest;
pub mod room;
pub mod signature;
pub mod stamp;
pub mod verify;
