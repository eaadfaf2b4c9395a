//! Data tracks of MP4 and MOV files: GoPro's `gpmd` and DJI's `djmd`.
//!
//! Read here and not by a general crate: the one there is knows no table of a GoPro drone, gives no position from
//! `djmd`, and panics on a file cut before its index.
//!
//! | track | read | not read |
//! | --- | --- | --- |
//! | `gpmd` of a camera | `GPS5`, `GPS9`: position, height, time | motion sensors |
//! | `gpmd` of a Karma drone | `GLPI`, `ATTD`, `SYST`: position, heights, attitude of the platform, time | its gimbal: not written |
//! | `djmd` | position, heights, gimbal, by the shape of the messages | platform attitude, lens |
//!
//! Every other track is ignored.

mod djmd;
mod gpmf;
pub mod mp4;
mod protobuf;

use super::error::{Problem, TelemetryError};
use super::record::{Reading, Record};
use mp4::{Track, TrackSample};

const KIND: &str = "an MP4 file";

/// Reads the telemetry of the data tracks of a file.
///
/// # Errors
/// When the file's index is cut or broken, or no data track known here holds anything.
pub fn read(name: &str, file: &[u8]) -> Result<Reading, TelemetryError> {
    let tracks = mp4::tracks(file, &[b"gpmd", b"djmd"]).map_err(|reason| TelemetryError::Broken {
        name: name.to_owned(),
        kind: KIND,
        reason,
    })?;
    let mut problems = Vec::new();
    let mut records = Vec::new();
    for track in &tracks {
        read_track(track, file, &mut records, &mut problems);
    }
    if records.is_empty() {
        let reason = match (tracks.first(), problems.first()) {
            (None, _) => "it has no gpmd and no djmd track".to_owned(),
            (_, Some(problem)) => problem.to_string(),
            _ => "its data track holds no position".to_owned(),
        };
        return Err(TelemetryError::NoTelemetry { name: name.to_owned(), kind: KIND, reason });
    }
    records.sort_by_key(|record| record.sample.elapsed_us);
    Ok(Reading::new(KIND, records, problems))
}

fn read_track(track: &Track, file: &[u8], records: &mut Vec<Record>, problems: &mut Vec<Problem>) {
    for (index, sample) in track.samples.iter().enumerate() {
        let outcome = match (sample.bytes(file), &track.format) {
            (None, _) => Err(format!("its {} bytes at {} lie outside the file", sample.size, sample.offset)),
            (Some(bytes), b"gpmd") => gpmf::read(bytes, *sample, records),
            (Some(bytes), _) => djmd::read(bytes, *sample, records),
        };
        if let Err(what) = outcome {
            problems.push(Problem::in_track_sample(index as u64, what));
        }
    }
}

impl TrackSample {
    /// Returns the time of entry `index` of `count` spread evenly over the sample.
    fn entry_us(self, index: usize, count: usize) -> i64 {
        let part = i128::from(self.duration_us) * index as i128 / (count.max(1) as i128);
        self.start_us.saturating_add(part as i64)
    }
}
