//! From the bytes of a TIFF to a raster of heights or to blocks of them, with its size checked before anything is decoded.

use std::io::{Cursor, Read, Seek};

use tiff::TiffError;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use super::super::TerrainError;
use super::super::grid::Raster;
use super::GeoTiffOptions;
use super::georeference::{self, Reference, tag_error};

const NO_DATA: (u16, &str) = (42113, "GDAL_NODATA");
/// Bytes of the widest number.
const WIDEST: usize = 8;
/// Bytes of the longest tag: the places of 8 million tiles.
const MOST_TAG_BYTES: usize = 64 << 20;
/// Numbers beyond this are no heights on earth, metres.
const HIGHEST_M: f64 = 20_000.0;

/// A file before any cell is decoded.
pub(super) struct Head<R: Read + Seek> {
    pub(super) decoder: Decoder<R>,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) reference: Reference,
    pub(super) hole: Option<f64>,
}

/// Reads raster and georeference.
pub(super) fn read(bytes: &[u8], options: &GeoTiffOptions) -> Result<(Raster, Reference), TerrainError> {
    let mut head = head(Cursor::new(bytes), options.max_cells, options.max_cells)?;
    let raster = read_cells(&mut head.decoder, head.width, head.height, head.hole)?;
    Ok((raster, head.reference))
}

/// Reads what a file says of itself: at most `max_cells` in all, and at most `block_cells` in one strip or tile.
pub(super) fn head<R: Read + Seek>(
    reader: R,
    max_cells: u64,
    block_cells: u64,
) -> Result<Head<R>, TerrainError> {
    let mut decoder = Decoder::new(reader).map_err(failed("header"))?;
    let (width, height) = decoder.dimensions().map_err(failed("size"))?;
    check_size(width, height, max_cells)?;
    let bytes = usize::try_from(block_cells).unwrap_or(usize::MAX).saturating_mul(WIDEST);
    let mut limits = Limits::default();
    limits.decoding_buffer_size = bytes;
    limits.intermediate_buffer_size = limits.intermediate_buffer_size.max(bytes);
    limits.ifd_value_size = MOST_TAG_BYTES;
    let mut decoder = decoder.with_limits(limits);
    let kind = decoder.colortype().map_err(failed("colour type"))?;
    if kind.num_samples() != 1 {
        return Err(TerrainError::NotOneBand { found: format!("{kind:?}") });
    }
    let reference = georeference::read(&mut decoder)?;
    let hole = no_data(&mut decoder)?;
    Ok(Head { decoder, width: width as usize, height: height as usize, reference, hole })
}

pub(super) fn failed(what: impl Into<String>) -> impl FnOnce(TiffError) -> TerrainError {
    let what = what.into();
    move |source| TerrainError::Decode { what, source }
}

fn check_size(width: u32, height: u32, limit: u64) -> Result<(), TerrainError> {
    if u64::from(width) * u64::from(height) > limit {
        return Err(TerrainError::TooLarge { width, height, limit });
    }
    if width < 2 || height < 2 {
        return Err(TerrainError::TooSmall { width, height });
    }
    Ok(())
}

fn no_data<R: Read + Seek>(decoder: &mut Decoder<R>) -> Result<Option<f64>, TerrainError> {
    let unreadable = |error: TiffError| tag_error(NO_DATA, format!("cannot be read: {error}"));
    let Some(value) = decoder.find_tag(Tag::from_u16_exhaustive(NO_DATA.0)).map_err(unreadable)? else {
        return Ok(None);
    };
    let text = value.into_string().map_err(unreadable)?;
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| tag_error(NO_DATA, format!("is {text:?}, expected a number")))
}

fn read_cells<R: Read + Seek>(
    decoder: &mut Decoder<R>,
    width: usize,
    height: usize,
    hole: Option<f64>,
) -> Result<Raster, TerrainError> {
    let (chunk_width, chunk_height) = decoder.chunk_dimensions();
    let (chunk_width, chunk_height) = (chunk_width.max(1) as usize, chunk_height.max(1) as usize);
    let across = width.div_ceil(chunk_width);
    let mut heights_m = vec![f32::NAN; width * height];
    for index in 0..across * height.div_ceil(chunk_height) {
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let chunk = decoder.read_chunk(number).map_err(failed(format!("strip or tile {index}")))?;
        let (left, upper) = (index % across * chunk_width, index / across * chunk_height);
        let data_width = chunk_width.min(width - left);
        let cells = numbers(&chunk);
        for (row, line) in cells.chunks(data_width).enumerate() {
            let start = (upper + row) * width + left;
            let Some(target) = heights_m.get_mut(start..start + line.len()) else { break };
            for (target, value) in target.iter_mut().zip(line) {
                *target = height_or_hole(*value, hole);
            }
        }
    }
    Ok(Raster { heights_m, width, height })
}

/// Returns the heights of one strip or tile, NaN in holes.
pub(super) fn heights_m(chunk: &DecodingResult, hole: Option<f64>) -> Vec<f32> {
    numbers(chunk).into_iter().map(|value| height_or_hole(value, hole)).collect()
}

fn height_or_hole(value: f64, hole: Option<f64>) -> f32 {
    // Files of 32-bit floats write their hole as text with more or fewer digits than the number has.
    let is_hole = hole.is_some_and(|hole| (value as f32 - hole as f32).abs() < f32::MIN_POSITIVE);
    if is_hole || value.is_nan() || value.abs() > HIGHEST_M { f32::NAN } else { value as f32 }
}

fn numbers(chunk: &DecodingResult) -> Vec<f64> {
    match chunk {
        DecodingResult::U8(values) => values.iter().map(|v| f64::from(*v)).collect(),
        DecodingResult::U16(values) => values.iter().map(|v| f64::from(*v)).collect(),
        DecodingResult::U32(values) => values.iter().map(|v| f64::from(*v)).collect(),
        DecodingResult::U64(values) => values.iter().map(|v| *v as f64).collect(),
        DecodingResult::I8(values) => values.iter().map(|v| f64::from(*v)).collect(),
        DecodingResult::I16(values) => values.iter().map(|v| f64::from(*v)).collect(),
        DecodingResult::I32(values) => values.iter().map(|v| f64::from(*v)).collect(),
        DecodingResult::I64(values) => values.iter().map(|v| *v as f64).collect(),
        DecodingResult::F16(values) => values.iter().map(|v| v.to_f64()).collect(),
        DecodingResult::F32(values) => values.iter().map(|v| f64::from(*v)).collect(),
        DecodingResult::F64(values) => values.clone(),
    }
}
