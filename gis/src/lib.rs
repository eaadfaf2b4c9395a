//! Where things are, and which of them are the same thing.
//!
//! Pure: opens no files, sockets or threads and does not read the clock.

pub mod calibrate;
pub mod camera;
pub mod coordinate_door;
pub mod crs;
pub mod dedupe;
pub mod error_ellipse;
pub mod footprint;
pub mod geodesy;
pub mod geoid;
pub mod georef;
pub mod heat;
pub mod height;
pub mod incident;
pub mod least_squares;
pub mod mount;
pub mod observation;
pub mod position;
pub mod terrain;
pub mod zones;

pub use camera::{Attitude, Intrinsics, Pose, PoseSigma};
pub use dedupe::{Absorbed, AbsorbedKind, DedupeConfig, Deduper, Look};
pub use geoid::GeoidModel;
pub use georef::View;
pub use height::{AboveGroundHeight, AboveTakeoffHeight, EllipsoidHeight, GeoidHeight};
pub use incident::{Incident, IncidentId, IncidentState, OperationId};
pub use observation::{
    Footprint, Location, ModelRef, NotLocated, Observation, ObservationId, TimeQuality, TimeSource,
};
pub use position::{GeoPoint, GroundPosition, LatLon};
pub use terrain::{FlatGround, GeoTiff, HeightDatum, Hgt, Terrain, TerrainKind, Tiles};
