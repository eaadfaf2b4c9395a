//! Where a pan-tilt-zoom camera looks, asked of it by ONVIF.
//!
//! | spoken | not spoken |
//! |---|---|
//! | `GetStatus` of the PTZ service, SOAP 1.2 over HTTP | discovery, moves, presets, events |
//! | WS-UsernameToken with a digest | HTTP digest, TLS |
//! | the generic and the degree space of positions | other spaces |
//!
//! A camera refuses a digest whose time is far from its own clock: its clock must be set.

mod client;
mod soap;

pub use client::{OnvifError, PtzClient, PtzEndpoint};
pub use soap::{ParseError, Status};
