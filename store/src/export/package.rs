//! The file: GeoPackage's own tables, then a table and an index for each layer.
//!
//! # References
//! OGC 12-128r17, GeoPackage 1.3.0: clause 1.1.1.1 (application id, version), 1.1.2 (reference systems), 1.1.3 (contents), 2.1
//! (features), 2.1.3 (binary header).

use std::path::Path;

use geo::{BoundingRect, Geometry, Rect};
use rusqlite::types::Value;
use rusqlite::{Connection, Transaction, params, params_from_iter};
use wkb::writer::{WriteOptions, write_geometry};

use super::ExportCrs;
use super::layers::{Layer, Row};
use super::rtree;
use crate::error::{StoreError, from_sql};

/// "GPKG" in ASCII.
const APPLICATION_ID: i32 = 0x4750_4B47;
/// GeoPackage 1.3.0.
const VERSION: i32 = 10_300;
/// Column of the geometries.
pub(super) const GEOMETRY: &str = "geom";

const WGS84_WKT: &str = "GEOGCS[\"WGS 84\",DATUM[\"WGS_1984\",SPHEROID[\"WGS 84\",6378137,298.257223563,\
    AUTHORITY[\"EPSG\",\"7030\"]],AUTHORITY[\"EPSG\",\"6326\"]],PRIMEM[\"Greenwich\",0,AUTHORITY[\"EPSG\",\"8901\"]],\
    UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],AUTHORITY[\"EPSG\",\"4326\"]]";
const CGCS2000_WKT: &str = "GEOGCS[\"China Geodetic Coordinate System 2000\",DATUM[\"China_2000\",SPHEROID[\"CGCS2000\",\
    6378137,298.257222101,AUTHORITY[\"EPSG\",\"1024\"]],AUTHORITY[\"EPSG\",\"1043\"]],PRIMEM[\"Greenwich\",0,\
    AUTHORITY[\"EPSG\",\"8901\"]],UNIT[\"degree\",0.0174532925199433,AUTHORITY[\"EPSG\",\"9122\"]],\
    AUTHORITY[\"EPSG\",\"4490\"]]";

impl ExportCrs {
    fn srs_id(self) -> i32 {
        match self {
            Self::Wgs84 => 4326,
            Self::Cgcs2000 => 4490,
        }
    }
}

/// Writes a new file, synced to the disk; errors name the file that it will become.
pub(super) fn write(path: &Path, becomes: &Path, layers: &[Layer], crs: ExportCrs) -> Result<(), StoreError> {
    let write = || -> Result<(), Failed> {
        let mut connection = Connection::open(path)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "application_id", APPLICATION_ID)?;
        connection.pragma_update(None, "user_version", VERSION)?;
        let transaction = connection.transaction()?;
        transaction.execute_batch(include_str!("tables.sql"))?;
        reference_systems(&transaction, crs)?;
        for layer in layers {
            write_layer(&transaction, layer, crs)?;
        }
        transaction.commit()?;
        connection.close().map_err(|(_, error)| Failed::Sql(error))
    };
    write().map_err(|failed| match failed {
        Failed::Sql(error) => from_sql(error, "write features", becomes, 0),
        Failed::Geometry { layer, row, reason } => {
            StoreError::NotStorable { what: layer, id: format!("{row} ({reason})") }
        }
    })
}

enum Failed {
    Sql(rusqlite::Error),
    Geometry { layer: &'static str, row: usize, reason: String },
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

fn reference_systems(transaction: &Transaction<'_>, crs: ExportCrs) -> rusqlite::Result<()> {
    let mut statement = transaction.prepare(
        "INSERT INTO gpkg_spatial_ref_sys (srs_name, srs_id, organization, organization_coordsys_id, definition, \
         description) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let undefined = |kind: &str| format!("undefined {kind} coordinate reference system");
    let cartesian = ("Undefined cartesian SRS", "NONE", -1, "undefined", undefined("cartesian"));
    let geographic = ("Undefined geographic SRS", "NONE", 0, "undefined", undefined("geographic"));
    let in_degrees =
        |ellipsoid: &str| format!("longitude and latitude in degrees on the {ellipsoid} ellipsoid");
    let wgs84 = ("WGS 84 geodetic", "EPSG", 4326, WGS84_WKT, in_degrees("WGS 84"));
    let cgcs2000 =
        ("China Geodetic Coordinate System 2000", "EPSG", 4490, CGCS2000_WKT, in_degrees("CGCS2000"));
    let asked = (crs == ExportCrs::Cgcs2000).then_some(cgcs2000);
    for (name, organization, id, definition, description) in
        [cartesian, geographic, wgs84].into_iter().chain(asked)
    {
        statement.execute(params![name, id, organization, id, definition, description])?;
    }
    Ok(())
}

fn write_layer(transaction: &Transaction<'_>, layer: &Layer, crs: ExportCrs) -> Result<(), Failed> {
    let columns: Vec<String> =
        layer.columns.iter().map(|(name, kind)| format!(",\n    \"{name}\" {kind}")).collect();
    let table = layer.table;
    transaction.execute_batch(&format!(
        "CREATE TABLE \"{table}\" (\n    fid INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,\n    \"{GEOMETRY}\" {}{}\n)",
        layer.geometry,
        columns.concat(),
    ))?;
    rtree::make_index(transaction, table)?;
    let names: Vec<String> = layer.columns.iter().map(|(name, _)| format!(", \"{name}\"")).collect();
    let places: Vec<String> = (2..layer.columns.len() + 2).map(|place| format!(", ?{place}")).collect();
    let sql =
        format!("INSERT INTO \"{table}\" (\"{GEOMETRY}\"{}) VALUES (?1{})", names.concat(), places.concat());
    let mut insert = transaction.prepare(&sql)?;
    let mut extent: Option<Rect<f64>> = None;
    for (index, Row { geometry, values }) in layer.rows.iter().enumerate() {
        let bounds = geometry.as_ref().and_then(BoundingRect::bounding_rect);
        let failed = |reason: String| Failed::Geometry { layer: table, row: index + 1, reason };
        let blob = geometry.as_ref().map(|g| blob_of(g, bounds, crs)).transpose().map_err(failed)?;
        let geometry = blob.map_or(Value::Null, Value::Blob);
        insert.execute(params_from_iter(std::iter::once(&geometry).chain(values)))?;
        if let Some(bounds) = bounds {
            rtree::enter(transaction, table, transaction.last_insert_rowid(), bounds)?;
            extent = Some(extent.map_or(bounds, |extent| together(extent, bounds)));
        }
    }
    rtree::keep_up(transaction, table)?;
    list(transaction, layer, extent, crs)?;
    Ok(())
}

fn together(a: Rect<f64>, b: Rect<f64>) -> Rect<f64> {
    let (low, high) = ((a.min(), b.min()), (a.max(), b.max()));
    Rect::new((low.0.x.min(low.1.x), low.0.y.min(low.1.y)), (high.0.x.max(high.1.x), high.0.y.max(high.1.y)))
}

/// Returns a geometry with its header: little-endian, with an envelope unless it is a point.
fn blob_of(geometry: &Geometry<f64>, bounds: Option<Rect<f64>>, crs: ExportCrs) -> Result<Vec<u8>, String> {
    let envelope = bounds.filter(|_| !matches!(geometry, Geometry::Point(_)));
    let empty = if bounds.is_none() { 0b0001_0000 } else { 0 };
    let flags = 0b0000_0001 | empty | if envelope.is_some() { 0b0000_0010 } else { 0 };
    let mut bytes = vec![b'G', b'P', 0, flags];
    bytes.extend(crs.srs_id().to_le_bytes());
    if let Some(bounds) = envelope {
        let (min, max) = (bounds.min(), bounds.max());
        bytes.extend([min.x, max.x, min.y, max.y].into_iter().flat_map(f64::to_le_bytes));
    }
    write_geometry(&mut bytes, geometry, &WriteOptions::default()).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Enters a layer into the list of contents, with its extent.
fn list(
    transaction: &Transaction<'_>,
    layer: &Layer,
    extent: Option<Rect<f64>>,
    crs: ExportCrs,
) -> rusqlite::Result<()> {
    let (min, max) = (extent.map(Rect::min), extent.map(Rect::max));
    transaction.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, min_x, min_y, max_x, max_y, srs_id) \
         VALUES (?1, 'features', ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            layer.table,
            layer.description,
            min.map(|c| c.x),
            min.map(|c| c.y),
            max.map(|c| c.x),
            max.map(|c| c.y),
            crs.srs_id()
        ],
    )?;
    transaction.execute(
        "INSERT INTO gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id, z, m) \
         VALUES (?1, ?2, ?3, ?4, 0, 0)",
        params![layer.table, GEOMETRY, layer.geometry, crs.srs_id()],
    )?;
    Ok(())
}
