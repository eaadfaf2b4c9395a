//! The spatial index of a layer, and the triggers that keep it right when a GIS program edits the features.
//!
//! The triggers call functions such as `ST_MinX`, which programs that edit a GeoPackage bring along.
//!
//! # References
//! OGC 12-128r17, GeoPackage 1.3.0, annex F.3 (RTree spatial indexes).

use geo::Rect;
use rusqlite::{Transaction, params};

use super::package::GEOMETRY;

/// Makes the empty index of a table, and says in the file that it has one.
pub(super) fn make_index(transaction: &Transaction<'_>, table: &str) -> rusqlite::Result<()> {
    transaction.execute_batch(&format!(
        "CREATE VIRTUAL TABLE \"rtree_{table}_{GEOMETRY}\" USING rtree(id, minx, maxx, miny, maxy)"
    ))?;
    transaction.execute(
        "INSERT INTO gpkg_extensions (table_name, column_name, extension_name, definition, scope) \
         VALUES (?1, ?2, 'gpkg_rtree_index', 'http://www.geopackage.org/spec130/#extension_rtree', 'write-only')",
        params![table, GEOMETRY],
    )?;
    Ok(())
}

/// Enters a feature.
pub(super) fn enter(
    transaction: &Transaction<'_>,
    table: &str,
    fid: i64,
    bounds: Rect<f64>,
) -> rusqlite::Result<()> {
    let sql = format!("INSERT INTO \"rtree_{table}_{GEOMETRY}\" VALUES (?1, ?2, ?3, ?4, ?5)");
    let (min, max) = (bounds.min(), bounds.max());
    transaction.prepare(&sql)?.execute(params![fid, min.x, max.x, min.y, max.y])?;
    Ok(())
}

/// Makes the triggers.
pub(super) fn keep_up(transaction: &Transaction<'_>, table: &str) -> rusqlite::Result<()> {
    let text = include_str!("rtree.sql").replace("{table}", table).replace("{geometry}", GEOMETRY);
    transaction.execute_batch(&text)
}
