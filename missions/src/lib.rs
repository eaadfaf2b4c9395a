//! Areas, lines and open tasks become flights: which way, how high, how fast, and in the words of docks and autopilots.
//!
//! Pure: opens no files, sockets or threads and does not read the clock. Geometry is in metres on a [`Plane`](plane::Plane) around the
//! area; a [`Plan`](plan::Plan) holds WGS-84.

pub mod aircraft;
pub mod area;
pub mod check;
pub mod corridor;
pub mod coverage;
pub mod estimate;
pub mod fleet;
pub mod follow;
pub mod formats;
pub mod link;
pub mod merge;
pub mod optics;
pub mod orbit;
pub mod plan;
pub mod plane;
pub mod planner;
pub mod proof;
pub mod revisit;
pub mod survey;

pub use aircraft::{Aircraft, AircraftError};
pub use area::{Area, AreaError};
pub use plan::{Leg, LegKind, Plan, Waypoint};
pub use plane::Plane;
pub use planner::{MissionError, Planner};
