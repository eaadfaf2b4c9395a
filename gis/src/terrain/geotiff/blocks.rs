//! Strips and tiles of a TIFF, decoded one by one.

use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

use tiff::decoder::{ChunkType, Decoder};
use tiff::tags::Tag;

use super::super::TerrainError;
use super::super::grid::{BlockSource, Layout, shift_to_ellipsoid};
use super::decode::{self, Head, failed};
use super::georeference::Reference;
use super::{GeoTiffOptions, HeightDatum, SharedBytes};

/// Bytes of a file that live as long as somebody reads them.
#[derive(Clone)]
pub(super) struct Shared(SharedBytes);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

/// The strips or tiles of a file.
pub(super) struct FileBlocks {
    /// One block is decoded at a time: the decoder seeks.
    decoder: Mutex<Decoder<Cursor<Shared>>>,
    /// Of each block, whether the file holds it: files that are sparse leave holes out.
    held: Vec<bool>,
    hole: Option<f64>,
    heights: HeightDatum,
}

/// Opens a file of any size.
///
/// # Errors
/// As [`decode::head`], or when the places of its blocks cannot be read.
pub(super) fn open(
    bytes: &SharedBytes,
    options: &GeoTiffOptions,
) -> Result<(Box<dyn BlockSource>, Layout, Reference), TerrainError> {
    let block_cells = options.cache_bytes / size_of::<f32>() as u64;
    let reader = Cursor::new(Shared(Arc::clone(bytes)));
    let Head { mut decoder, width, height, reference, hole } = decode::head(reader, u64::MAX, block_cells)?;
    let (block_width, block_height) = decoder.chunk_dimensions();
    let layout = Layout {
        width,
        height,
        block_width: (block_width.max(1) as usize).min(width),
        block_height: (block_height.max(1) as usize).min(height),
    };
    let tag = match decoder.get_chunk_type() {
        ChunkType::Strip => Tag::StripByteCounts,
        ChunkType::Tile => Tag::TileByteCounts,
    };
    let sizes: Vec<u64> =
        decoder.find_tag_unsigned_vec(tag).map_err(failed("sizes of strips or tiles"))?.unwrap_or_default();
    let held = sizes.into_iter().map(|bytes| bytes > 0).collect();
    let source = FileBlocks { decoder: Mutex::new(decoder), held, hole, heights: options.heights };
    Ok((Box::new(source), layout, reference))
}

impl BlockSource for FileBlocks {
    fn block(&self, index: usize) -> Result<Option<Vec<f32>>, TerrainError> {
        if self.held.get(index) == Some(&false) {
            return Ok(None);
        }
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let chunk = {
            let mut decoder = self.decoder.lock().unwrap_or_else(PoisonError::into_inner);
            decoder.read_chunk(number).map_err(failed(format!("strip or tile {index}")))?
        };
        let mut heights_m = decode::heights_m(&chunk, self.hole);
        shift_to_ellipsoid(&mut heights_m, self.heights);
        Ok(Some(heights_m))
    }
}
