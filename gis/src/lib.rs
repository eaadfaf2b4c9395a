//! Where things are, and which of them are the same thing.
//!
//! Pure: opens no files, sockets or threads and does not read the clock.

pub mod camera;
pub mod geoid;
pub mod height;
pub mod observation;
pub mod position;
pub mod zones;

pub use camera::Attitude;
pub use height::{AboveTakeoffHeight, EllipsoidHeight, GeoidHeight};
pub use observation::{
    Footprint, Location, ModelRef, NotLocated, Observation, ObservationId, TimeQuality, TimeSource,
};
pub use position::{GeoPoint, GroundPosition, LatLon};
