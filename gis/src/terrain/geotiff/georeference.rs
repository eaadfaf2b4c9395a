//! Where a GeoTIFF lies: its affine map and its coordinate reference system.
//!
//! # References
//! OGC 19-008r4, GeoTIFF 1.1: requirements classes ModelTypeGeoKey, RasterSpace, and annex B for the tags.

use std::io::{Read, Seek};

use nalgebra::{Matrix2, Vector2};
use tiff::decoder::Decoder;
use tiff::tags::Tag;

use super::super::TerrainError;
use super::super::grid::GridFromModel;

const PIXEL_SCALE: (u16, &str) = (33550, "ModelPixelScale");
const TIE_POINT: (u16, &str) = (33922, "ModelTiepoint");
const TRANSFORMATION: (u16, &str) = (34264, "ModelTransformation");
const KEY_DIRECTORY: (u16, &str) = (34735, "GeoKeyDirectory");

const RASTER_TYPE: u16 = 1025;
const GEODETIC_CRS: u16 = 2048;
const PROJECTED_CRS: u16 = 3072;
const VERTICAL: u16 = 4096;
const PIXEL_IS_POINT: u16 = 2;
/// Key value for a system that is spelled out by other keys.
const USER_DEFINED: u16 = 32767;

/// What the file says about its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reference {
    pub(super) grid_from_model: GridFromModel,
    pub(super) epsg: Option<u32>,
    pub(super) vertical_epsg: Option<u32>,
}

/// Reads the georeference of the decoder's current image.
pub(super) fn read<R: Read + Seek>(decoder: &mut Decoder<R>) -> Result<Reference, TerrainError> {
    let keys = Keys::read(decoder)?;
    let (model_by_grid, corner) = affine(decoder)?;
    // The affine map counts from the outer corner of the first cell, or from its centre where a pixel is a point.
    let to_centre = if keys.value(RASTER_TYPE) == Some(PIXEL_IS_POINT) { 0.0 } else { 0.5 };
    let origin = corner + model_by_grid * Vector2::repeat(to_centre);
    let grid_from_model = GridFromModel::new(model_by_grid, origin)
        .ok_or_else(|| tag_error(PIXEL_SCALE, format!("gives the unusable cell {model_by_grid:?}")))?;
    Ok(Reference { grid_from_model, epsg: keys.horizontal_epsg()?, vertical_epsg: keys.epsg(VERTICAL) })
}

/// Model coordinates by column and row, and those of column 0, row 0.
fn affine<R: Read + Seek>(decoder: &mut Decoder<R>) -> Result<(Matrix2<f64>, Vector2<f64>), TerrainError> {
    if let Some(matrix) = doubles(decoder, TRANSFORMATION)? {
        return match matrix[..] {
            [a, b, _, d, e, f, _, h, ..] => Ok((Matrix2::new(a, b, e, f), Vector2::new(d, h))),
            _ => Err(tag_error(TRANSFORMATION, format!("has {} values, expected 16", matrix.len()))),
        };
    }
    let scale =
        doubles(decoder, PIXEL_SCALE)?.ok_or_else(|| tag_error(PIXEL_SCALE, "is missing".to_owned()))?;
    let tie = doubles(decoder, TIE_POINT)?.ok_or_else(|| tag_error(TIE_POINT, "is missing".to_owned()))?;
    let (&[x_scale, y_scale, ..], &[column, row, _, x, y, ..]) = (&scale[..], &tie[..]) else {
        return Err(tag_error(TIE_POINT, format!("has {} values, expected 6", tie.len())));
    };
    let model_by_grid = Matrix2::new(x_scale, 0.0, 0.0, -y_scale);
    Ok((model_by_grid, Vector2::new(x, y) - model_by_grid * Vector2::new(column, row)))
}

fn doubles<R: Read + Seek>(
    decoder: &mut Decoder<R>,
    tag: (u16, &'static str),
) -> Result<Option<Vec<f64>>, TerrainError> {
    let unreadable = |error: tiff::TiffError| tag_error(tag, format!("cannot be read: {error}"));
    let value = decoder.find_tag(Tag::from_u16_exhaustive(tag.0)).map_err(unreadable)?;
    value.map(|value| value.into_f64_vec().map_err(unreadable)).transpose()
}

pub(super) fn tag_error((tag, name): (u16, &'static str), problem: String) -> TerrainError {
    TerrainError::Tag { tag, name, problem }
}

/// The keys with a value of their own: (key, value).
struct Keys(Vec<(u16, u16)>);

impl Keys {
    fn read<R: Read + Seek>(decoder: &mut Decoder<R>) -> Result<Self, TerrainError> {
        let unreadable =
            |error: tiff::TiffError| tag_error(KEY_DIRECTORY, format!("cannot be read: {error}"));
        let Some(value) = decoder.find_tag(Tag::from_u16_exhaustive(KEY_DIRECTORY.0)).map_err(unreadable)?
        else {
            return Ok(Self(Vec::new()));
        };
        let numbers = value.into_u16_vec().map_err(unreadable)?;
        // Four numbers a key, the header too: key, tag that holds the value (0: this one), count, value.
        let keys = numbers
            .chunks_exact(4)
            .skip(1)
            .filter_map(|entry| match *entry {
                [key, 0, _, value] => Some((key, value)),
                _ => None,
            })
            .collect();
        Ok(Self(keys))
    }

    fn value(&self, key: u16) -> Option<u16> {
        self.0.iter().find(|(found, _)| *found == key).map(|(_, value)| *value)
    }

    fn epsg(&self, key: u16) -> Option<u32> {
        self.value(key).filter(|code| *code != USER_DEFINED && *code != 0).map(u32::from)
    }

    fn horizontal_epsg(&self) -> Result<Option<u32>, TerrainError> {
        if self.value(PROJECTED_CRS) == Some(USER_DEFINED) {
            let reason = "the system is user-defined, which is not read".to_owned();
            return Err(TerrainError::Crs { code: u32::from(USER_DEFINED), reason });
        }
        Ok(self.epsg(PROJECTED_CRS).or_else(|| self.epsg(GEODETIC_CRS)))
    }
}
