//! What can be wrong with a terrain file.

use thiserror::Error;

/// A terrain file that cannot be used. The caller names the file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TerrainError {
    /// Not a TIFF, cut short, or of a kind that is not decoded.
    #[error("terrain cannot be decoded: {what}")]
    Decode {
        /// The part that failed.
        what: String,
        /// Cause.
        #[source]
        source: tiff::TiffError,
    },
    /// More cells than allowed.
    #[error("terrain has {width} x {height} cells, more than the limit of {limit}")]
    TooLarge {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
        /// Most cells allowed.
        limit: u64,
    },
    /// A strip or tile that does not fit the memory allowed for blocks.
    #[error(
        "terrain has strips or tiles of {width} x {height} cells, more than the {limit_bytes} bytes allowed: raise the limit, or \
         write it in smaller tiles"
    )]
    BlockTooLarge {
        /// Columns of a block.
        width: usize,
        /// Rows of a block.
        height: usize,
        /// Bytes allowed.
        limit_bytes: u64,
    },
    /// Fewer than two rows or columns.
    #[error("terrain has {width} x {height} cells, expected at least 2 x 2")]
    TooSmall {
        /// Columns.
        width: u32,
        /// Rows.
        height: u32,
    },
    /// Not one band of numbers.
    #[error("terrain has colour type {found}, expected one band of numbers")]
    NotOneBand {
        /// Colour type found.
        found: String,
    },
    /// A tag is missing or holds an unusable value.
    #[error("terrain tag {tag} ({name}) {problem}")]
    Tag {
        /// Number of the tag.
        tag: u16,
        /// Name of the tag.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The file names no coordinate reference system, and neither did the caller.
    #[error("terrain names no coordinate reference system: state one")]
    NoCrs,
    /// The coordinate reference system is not known or not supported.
    #[error("terrain is in EPSG:{code}, which cannot be used: {reason}")]
    Crs {
        /// EPSG code.
        code: u32,
        /// Reason.
        reason: String,
    },
    /// The name of an SRTM tile gives no place.
    #[error("terrain tile {name:?} is not named for its south-western corner, as in N28E118.hgt")]
    HgtName {
        /// Name.
        name: String,
    },
    /// Not the size of an SRTM tile.
    #[error("terrain tile has {bytes} bytes, expected 25934402 (1 arc second) or 2884802 (3 arc seconds)")]
    HgtSize {
        /// Size found.
        bytes: u64,
    },
    /// Every cell is a hole.
    #[error("terrain has no height in any of its {cells} cells")]
    Empty {
        /// Number of cells.
        cells: u64,
    },
    /// A value given by the caller cannot be used.
    #[error("terrain option {field} is {value}, expected {expected}")]
    Option {
        /// Name of the option.
        field: &'static str,
        /// Value.
        value: f64,
        /// What it should be.
        expected: &'static str,
    },
}
