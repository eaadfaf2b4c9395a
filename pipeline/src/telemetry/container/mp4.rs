//! The sample tables of an MP4 or MOV file: where each track's samples lie, and when.
//!
//! Not supported: fragmented files (`moof`), edit lists, samples outside the file.

use crate::telemetry::bytes::Bytes;

/// More samples than this are a hostile table: 18 hours of 30 frames a second hold fewer.
const MAX_SAMPLES: u32 = 2_000_000;

/// One track.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// Kind of its samples: `gpmd`, `djmd`, `avc1`.
    pub format: [u8; 4],
    /// Its samples.
    pub samples: Vec<TrackSample>,
}

/// One sample of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackSample {
    /// Offset in the file.
    pub offset: u64,
    /// Bytes.
    pub size: u32,
    /// Start, microseconds from the start of the track.
    pub start_us: i64,
    /// Length, microseconds.
    pub duration_us: i64,
}

impl TrackSample {
    /// Returns its bytes, or `None` when they lie outside the file.
    pub fn bytes(self, file: &[u8]) -> Option<&[u8]> {
        let start = usize::try_from(self.offset).ok()?;
        file.get(start..start.checked_add(self.size as usize)?)
    }
}

/// Says whether the bytes start as MP4 and MOV files do.
pub fn is_mp4(bytes: &[u8]) -> bool {
    let kind = bytes.get(4..8).unwrap_or_default();
    [b"ftyp", b"moov", b"mdat", b"wide", b"free"].iter().any(|known| kind == known.as_slice())
}

/// Returns the tracks of a file whose samples have one of these formats.
///
/// # Errors
/// A sentence on what is missing or broken.
pub fn tracks(file: &[u8], formats: &[&[u8; 4]]) -> Result<Vec<Track>, String> {
    let movie = child(file, *b"moov").ok_or("it holds no whole movie box (moov): was the recording cut?")?;
    let tables = children(movie, *b"trak").filter_map(|track| {
        let media = child(track, *b"mdia")?;
        let table = child(child(media, *b"minf")?, *b"stbl")?;
        let format = Bytes::new(child(table, *b"stsd")?.get(12..)?).array()?;
        formats.contains(&&format).then_some((format, media, table))
    });
    tables.map(|(format, media, table)| Ok(Track { format, samples: samples(media, table)? })).collect()
}

fn samples(media: &[u8], table: &[u8]) -> Result<Vec<TrackSample>, String> {
    let time_scale = time_scale(media).filter(|&scale| scale > 0).ok_or("a track has no time scale")?;
    let sizes = sizes(table)?;
    let offsets = chunk_offsets(table).ok_or("a track has no chunk offsets")?;
    let mut chunks = chunk_sizes(table).ok_or("a track has no table of chunks")?;
    let mut durations = durations(table).ok_or("a track has no table of times")?;
    let mut samples = Vec::new();
    let (mut sizes, mut ticks) = (sizes.into_iter(), 0_u64);
    let to_us = |ticks: u64| (u128::from(ticks) * 1_000_000 / u128::from(time_scale)) as i64;
    for (index, chunk) in offsets.into_iter().enumerate() {
        let mut offset = chunk;
        for _ in 0..chunks.samples_in(index as u32 + 1) {
            let Some(size) = sizes.next() else { return Ok(samples) };
            let next_ticks = ticks.saturating_add(u64::from(durations.next().unwrap_or(0)));
            let (start_us, end_us) = (to_us(ticks), to_us(next_ticks));
            samples.push(TrackSample {
                offset,
                size,
                start_us,
                duration_us: end_us.saturating_sub(start_us),
            });
            offset = offset.saturating_add(u64::from(size));
            ticks = next_ticks;
        }
    }
    Ok(samples)
}

fn time_scale(media: &[u8]) -> Option<u32> {
    let header = child(media, *b"mdhd")?;
    let is_wide = header.first() == Some(&1);
    Bytes::new(header.get(if is_wide { 20 } else { 12 }..)?).u32()
}

/// `stsz`: one size for all, or a size for each.
fn sizes(table: &[u8]) -> Result<Vec<u32>, String> {
    let mut sizes =
        Bytes::new(child(table, *b"stsz").and_then(|table| table.get(4..)).ok_or("a track has no sizes")?);
    let (Some(common), Some(count)) = (sizes.u32(), sizes.u32()) else {
        return Err("a table of sizes is cut".to_owned());
    };
    if count > MAX_SAMPLES {
        return Err(format!("a track claims {count} samples, more than {MAX_SAMPLES}"));
    }
    if common > 0 {
        return Ok(vec![common; count as usize]);
    }
    Ok(sizes.rest().chunks_exact(4).take(count as usize).filter_map(|size| Bytes::new(size).u32()).collect())
}

/// `stco` or `co64`.
fn chunk_offsets(table: &[u8]) -> Option<Vec<u64>> {
    if let Some(narrow) = child(table, *b"stco") {
        let entries = narrow.get(8..)?.chunks_exact(4);
        return Some(entries.filter_map(|entry| Bytes::new(entry).u32()).map(u64::from).collect());
    }
    let entries = child(table, *b"co64")?.get(8..)?.chunks_exact(8);
    Some(entries.filter_map(|entry| Bytes::new(entry).u64()).collect())
}

/// `stsc`: from which chunk on a chunk holds how many samples.
struct ChunkSizes<'a> {
    entries: std::iter::Peekable<std::slice::ChunksExact<'a, u8>>,
    samples: u32,
}

fn chunk_sizes(table: &[u8]) -> Option<ChunkSizes<'_>> {
    let entries = child(table, *b"stsc")?.get(8..)?.chunks_exact(12).peekable();
    Some(ChunkSizes { entries, samples: 0 })
}

impl ChunkSizes<'_> {
    /// Returns how many samples a chunk holds; chunks are asked for in order, from 1.
    fn samples_in(&mut self, chunk: u32) -> u32 {
        while let Some(entry) = self.entries.peek() {
            let mut entry = Bytes::new(entry);
            match (entry.u32(), entry.u32()) {
                (Some(first), Some(samples)) if first <= chunk => self.samples = samples,
                _ => break,
            }
            self.entries.next();
        }
        self.samples
    }
}

/// `stts`: how many samples last how long, one by one.
fn durations(table: &[u8]) -> Option<impl Iterator<Item = u32>> {
    let entries = child(table, *b"stts")?.get(8..)?.chunks_exact(8);
    Some(entries.flat_map(|entry| {
        let mut entry = Bytes::new(entry);
        let (count, duration) = (entry.u32().unwrap_or(0), entry.u32().unwrap_or(0));
        std::iter::repeat_n(duration, count as usize)
    }))
}

fn child(parent: &[u8], kind: [u8; 4]) -> Option<&[u8]> {
    children(parent, kind).next()
}

/// Returns the bodies of the boxes of one kind; a box cut by the end of the bytes is none.
fn children(parent: &[u8], kind: [u8; 4]) -> impl Iterator<Item = &[u8]> {
    let mut bytes = Bytes::new(parent);
    std::iter::from_fn(move || next_box(&mut bytes))
        .filter(move |(found, _)| *found == kind)
        .map(|(_, body)| body)
}

fn next_box<'a>(bytes: &mut Bytes<'a>) -> Option<([u8; 4], &'a [u8])> {
    let size = bytes.u32()?;
    let kind = bytes.array()?;
    let body = match size {
        0 => bytes.rest().len(),
        1 => usize::try_from(bytes.u64()?.checked_sub(16)?).ok()?,
        _ => (size as usize).checked_sub(8)?,
    };
    Some((kind, bytes.take(body)?))
}
