//! Boundary files of any format and the zone store, as zones with names that say where they came from.

use std::path::{Path, PathBuf};

use gis::zones::{ReadZones, Zone, ZoneFile, boundaries_from_geojson, zones_from_boundaries};
use store::{ZoneStore, read_geopackage};

/// Name of the file of a zone store in its folder.
const STORE_FILE: &str = "zones.sqlite";

/// Returns the file of a zone store: the path itself if it names a `.sqlite` file, else `zones.sqlite` in it.
pub fn store_file(path: &Path) -> PathBuf {
    if path.extension().is_some_and(|extension| extension == "sqlite") {
        path.to_path_buf()
    } else {
        path.join(STORE_FILE)
    }
}

/// Returns the zones in force, each with an origin that names the store beside the file it was imported from.
///
/// # Errors
/// Any that reading has.
pub fn stored(store: &ZoneStore) -> Result<Vec<Zone>, store::StoreError> {
    let mut zones = store.zones()?;
    for zone in &mut zones {
        zone.origin.file = format!("zone store {} ({})", store.path().display(), zone.origin.file);
    }
    Ok(zones)
}

/// Reads a boundary file by the ending of its name: GeoJSON, Shapefile, GeoPackage, KML or KMZ.
///
/// # Errors
/// One line for each fault.
pub fn read_file(path: &Path, file: &ZoneFile) -> Result<ReadZones, Vec<String>> {
    let name = path.to_string_lossy();
    let boundaries = match extension(path).as_str() {
        "gpkg" => read_geopackage(path, None).map_err(|error| vec![with_causes(&error)])?,
        "json" | "geojson" => {
            let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
            boundaries_from_geojson(&text).map_err(|defect| vec![format!("{name}: {defect}")])?
        }
        other => {
            return Err(vec![format!(
                "cannot read {name}: its name ends in {other:?}, known are .geojson, .json, .shp, .gpkg, .kml and .kmz"
            )]);
        }
    };
    zones_from_boundaries(&name, boundaries, file)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase()).unwrap_or_default()
}

fn unreadable(path: &Path, error: &std::io::Error) -> Vec<String> {
    vec![format!("cannot read {}: {error}", path.display())]
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
