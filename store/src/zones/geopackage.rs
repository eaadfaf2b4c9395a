//! Boundary files in GeoPackage: its feature tables become [`Boundaries`].
//!
//! Crate `gpkg` was weighed and not taken: it reads into types known at compile time, not into whatever columns there are.
//!
//! # References
//! OGC 12-128r18, GeoPackage 1.3.1: section 2.1 (features), clause 2.1.3 (binary header), section 1.1.2 (reference systems).

use std::path::Path;

use geojson::{JsonObject, JsonValue};
use gis::crs::Projection;
use gis::zones::{Boundaries, Boundary, FilePolygons, StatedCrs, ZoneDefect};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::outline::polygons_from_wkb;
use crate::error::{StoreError, from_sql};

/// Reads the features of a GeoPackage. The file is not changed.
///
/// `layer` names a table of features; without it there must be only one.
///
/// # Errors
/// [`StoreError::CannotOpen`], [`StoreError::NotADatabase`], [`StoreError::NotAGeoPackage`] or any that reading has.
pub fn read_geopackage(path: &Path, layer: Option<&str>) -> Result<Boundaries, StoreError> {
    let failed = |error: rusqlite::Error| from_sql(error, "read features", path, 0);
    if !path.is_file() {
        let reason = "there is no such file".to_owned();
        return Err(StoreError::CannotOpen { path: path.to_path_buf(), reason });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    let no_package = |reason: String| StoreError::NotAGeoPackage { path: path.to_path_buf(), reason };
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'gpkg_geometry_columns'";
    let tables: i64 = connection.query_row(sql, [], |row| row.get(0)).map_err(failed)?;
    if tables == 0 {
        return Err(no_package("it has no table gpkg_geometry_columns".to_owned()));
    }
    let layers = layers(&connection).map_err(failed)?;
    let names = || layers.iter().map(|layer| layer.table.as_str()).collect::<Vec<_>>().join(", ");
    let layer = match (layer, layers.as_slice()) {
        (Some(name), all) => all
            .iter()
            .find(|layer| layer.table == name)
            .ok_or_else(|| no_package(format!("it has no layer {name}; its layers are {}", names())))?,
        (None, [only]) => only,
        (None, []) => return Err(no_package("it has no layer of features".to_owned())),
        (None, _) => return Err(no_package(format!("it has several layers, name one of {}", names()))),
    };
    let features = features(&connection, layer).map_err(failed)?;
    Ok(Boundaries { features, stated_crs: stated_crs(&connection, layer.srs_id).map_err(failed)? })
}

/// A table of features.
struct Layer {
    table: String,
    geometry_column: String,
    srs_id: i64,
}

fn layers(connection: &Connection) -> rusqlite::Result<Vec<Layer>> {
    let sql = "SELECT table_name, column_name, srs_id FROM gpkg_geometry_columns ORDER BY table_name";
    let layer = |row: &rusqlite::Row<'_>| {
        Ok(Layer { table: row.get(0)?, geometry_column: row.get(1)?, srs_id: row.get(2)? })
    };
    connection.prepare(sql)?.query_map([], layer)?.collect()
}

/// Numbers 0 and -1 stand for coordinates that nobody stated.
fn stated_crs(connection: &Connection, srs_id: i64) -> rusqlite::Result<Option<StatedCrs>> {
    if srs_id <= 0 {
        return Ok(None);
    }
    let sql =
        "SELECT srs_name, organization, organization_coordsys_id FROM gpkg_spatial_ref_sys WHERE srs_id = ?1";
    let found: Option<(String, String, i64)> =
        connection.query_row(sql, [srs_id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).optional()?;
    Ok(found.map(|(name, organization, code)| {
        let code = u32::try_from(code).ok().filter(|_| organization.eq_ignore_ascii_case("EPSG"));
        let label = code.map_or_else(|| name.clone(), |code| format!("EPSG:{code} ({name})"));
        StatedCrs { name: label, projection: code.and_then(|code| Projection::of(code).ok()) }
    }))
}

fn features(connection: &Connection, layer: &Layer) -> rusqlite::Result<Vec<Result<Boundary, ZoneDefect>>> {
    let sql = format!("SELECT * FROM \"{}\"", layer.table.replace('"', "\"\""));
    let mut statement = connection.prepare(&sql)?;
    let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
    let mut rows = statement.query([])?;
    let mut features = Vec::new();
    while let Some(row) = rows.next()? {
        let mut properties = JsonObject::new();
        let mut polygons = Err(vec![ZoneDefect::EmptyGeometry]);
        for (index, column) in columns.iter().enumerate() {
            let value = row.get_ref(index)?;
            if column.eq_ignore_ascii_case(&layer.geometry_column) {
                polygons = geometry(value);
            } else {
                properties.insert(column.clone(), json(value));
            }
        }
        features.push(Ok(Boundary { properties, polygons }));
    }
    Ok(features)
}

fn json(value: ValueRef<'_>) -> JsonValue {
    match value {
        ValueRef::Null | ValueRef::Blob(_) => JsonValue::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) if number.fract() == 0.0 && number.abs() < 9e15 => (number as i64).into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
    }
}

fn geometry(value: ValueRef<'_>) -> Result<FilePolygons, Vec<ZoneDefect>> {
    match value {
        ValueRef::Null => Err(vec![ZoneDefect::EmptyGeometry]),
        ValueRef::Blob(bytes) => {
            let wkb = wkb_of(bytes)
                .map_err(|reason| vec![ZoneDefect::BadGeometry { reason: reason.to_owned() }])?;
            polygons_from_wkb(wkb).map_err(|defect| vec![defect])
        }
        _ => Err(vec![ZoneDefect::BadGeometry { reason: "it is no sequence of bytes".to_owned() }]),
    }
}

/// Returns what follows the GeoPackage header: magic `GP`, version, flags, number of the reference system, envelope.
fn wkb_of(bytes: &[u8]) -> Result<&[u8], &'static str> {
    let [b'G', b'P', _version, flags, _, _, _, _, rest @ ..] = bytes else {
        return Err("it does not start with a GeoPackage header");
    };
    if flags & 0b0010_0000 != 0 {
        return Err("it is of an extended kind");
    }
    let envelope_bytes = match (flags >> 1) & 0b111 {
        0 => 0,
        1 => 32,
        2 | 3 => 48,
        4 => 64,
        _ => return Err("its header has an envelope of an unknown kind"),
    };
    rest.get(envelope_bytes..).ok_or("its header is cut short")
}
