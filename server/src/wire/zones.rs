//! Boundary files of any format and the zone store, as zones with names that say where they came from.

use std::path::{Path, PathBuf};

use gis::zones::{
    Boundaries, ReadZones, ShapefileParts, Zone, ZoneDefect, ZoneFile, boundaries_from_geojson,
    boundaries_from_kml, boundaries_from_kmz, boundaries_from_shapefile, zones_from_boundaries,
};
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
    let of_file = |defect: ZoneDefect| vec![format!("{name}: {defect}")];
    let boundaries = match extension(path).as_str() {
        "gpkg" => read_geopackage(path, None).map_err(|error| vec![with_causes(&error)])?,
        "json" | "geojson" => {
            let text = std::fs::read_to_string(path).map_err(|error| unreadable(path, &error))?;
            boundaries_from_geojson(&text).map_err(of_file)?
        }
        "shp" => shapefile(path, file)?,
        "kml" => boundaries_from_kml(&bytes(path)?).map_err(of_file)?,
        "kmz" => boundaries_from_kmz(&bytes(path)?).map_err(of_file)?,
        other => {
            return Err(vec![format!(
                "cannot read {name}: its name ends in {other:?}, known are .geojson, .json, .shp, .gpkg, .kml and .kmz"
            )]);
        }
    };
    zones_from_boundaries(&name, boundaries, file)
        .map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

fn shapefile(path: &Path, file: &ZoneFile) -> Result<Boundaries, Vec<String>> {
    let beside = |ending: &str| -> Result<Option<Vec<u8>>, Vec<String>> {
        let names =
            [ending.to_owned(), ending.to_ascii_uppercase()].map(|ending| path.with_extension(ending));
        names.iter().find(|name| name.is_file()).map(|name| bytes(name)).transpose()
    };
    let shp = bytes(path)?;
    let (dbf, cpg, prj) = (beside("dbf")?, beside("cpg")?, beside("prj")?);
    let parts = ShapefileParts { shp: &shp, dbf: dbf.as_deref(), cpg: cpg.as_deref(), prj: prj.as_deref() };
    boundaries_from_shapefile(&parts, file).map_err(|defect| vec![format!("{}: {defect}", path.display())])
}

fn bytes(path: &Path) -> Result<Vec<u8>, Vec<String>> {
    std::fs::read(path).map_err(|error| unreadable(path, &error))
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
