//! Boundaries: the zone store, one SQLite file beside no run, and GeoPackage files, which are SQLite too.

mod geopackage;
mod outline;
mod zone_store;

pub use geopackage::read_geopackage;
pub use zone_store::{ImportedZones, StoredZone, ZoneStore};
