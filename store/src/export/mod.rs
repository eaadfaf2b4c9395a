//! The city as a GeoPackage that GIS programs open: incidents, their outlines and error ellipses, tasks, zones, and the ground that was looked at.
//!
//! Crate `gpkg` was weighed and not taken: it binds an old SQLite, which excludes the one used here, and writes no index.

mod layers;
mod package;
mod rtree;

use std::path::{Path, PathBuf};

use dispatch::{Departments, Task};
use gis::Incident;
use gis::dedupe::LookedAt;
use gis::zones::{Crs, Zone};

use crate::error::StoreError;

/// What is exported.
#[derive(Debug, Clone, Copy)]
pub struct CityExport<'a> {
    /// Incidents.
    pub incidents: &'a [Incident],
    /// Tasks.
    pub tasks: &'a [Task],
    /// Departments, for their names.
    pub departments: &'a Departments,
    /// Zones.
    pub zones: &'a [Zone],
    /// Ground that was looked at.
    pub looked_at: &'a [LookedAt],
}

/// Reference system of the file: longitude and latitude on one of two datums that agree within the errors stated here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExportCrs {
    /// WGS-84, EPSG:4326.
    #[default]
    Wgs84,
    /// CGCS2000, EPSG:4490.
    Cgcs2000,
}

impl ExportCrs {
    /// Returns the reference system of a file, or `None` for one that files are not written in.
    pub fn of(crs: Crs) -> Option<Self> {
        match crs {
            Crs::Wgs84 | Crs::Epsg(4326) => Some(Self::Wgs84),
            Crs::Cgcs2000 | Crs::Epsg(4490) => Some(Self::Cgcs2000),
            _ => None,
        }
    }
}

/// A layer that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Name of its table.
    pub layer: &'static str,
    /// Features in it.
    pub features: usize,
}

/// Writes a GeoPackage whole or not at all; one that is there is replaced.
///
/// # Errors
/// [`StoreError::CannotOpen`], [`StoreError::NoPermission`], [`StoreError::Full`] and any that writing has.
pub fn write_geopackage(
    path: &Path,
    city: &CityExport<'_>,
    crs: ExportCrs,
) -> Result<Vec<Exported>, StoreError> {
    let layers = layers::of(city);
    let beside = beside(path);
    let cannot = |error: &std::io::Error| StoreError::CannotOpen {
        path: path.to_path_buf(),
        reason: error.to_string(),
    };
    remove(&beside).map_err(|error| cannot(&error))?;
    let done = package::write(&beside, path, &layers, crs)
        .and_then(|()| std::fs::rename(&beside, path).map_err(|error| cannot(&error)));
    if done.is_err() {
        // What is left of it helps nobody; the first error is the one to tell.
        drop(remove(&beside));
    }
    done.map(|()| {
        layers.iter().map(|layer| Exported { layer: layer.table, features: layer.rows.len() }).collect()
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    PathBuf::from(beside)
}

fn remove(path: &Path) -> std::io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
