//! Stills that prove an incident: a context picture and a close-up, plain and annotated, with their record.
//!
//! Of each incident the best sighting is kept, as one JPEG in memory; close-ups and outlines are made of it at the end, when
//! the files are written, named by their content.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dispatch::{EvidenceKind, EvidenceRef};
use gis::{IncidentId, Observation};
use models::RgbImage;
use pipeline::camera::FrameCamera;
use pipeline::{Frame, Outline, Seen};
use serde::Serialize;

/// Incidents whose stills are kept in memory at most; beyond it the least worthy are let go and counted.
const MAX_KEPT: usize = 500;
/// A sighting replaces the kept one when it is this much better, so that a slow approach is not encoded every frame.
const BETTER_BY: f64 = 1.4;
/// Share of the picture beyond which a larger sighting shows no more.
const FILLED_SHARE: f64 = 0.25;
/// Worth of a sighting that the edge of the picture cuts, against a whole one.
const CUT_WORTH: f64 = 0.3;
const JPEG_QUALITY: u8 = 90;
const CLOSE_UP_MARGIN: f64 = 0.35;
const CLOSE_UP_LEAST_PX: u32 = 240;
const LINE_COLOUR: [u8; 3] = [255, 214, 10];

/// Why evidence is missing.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// A still could not be made.
    #[error("cannot make the still of frame {frame} of {source_id}: {reason}")]
    Still {
        /// The source.
        source_id: String,
        /// Index of the frame.
        frame: u64,
        /// Why.
        reason: String,
    },
    /// A file could not be written.
    #[error("cannot write evidence {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// One sighting, with what is needed to draw and to record it.
pub struct Sighting<'a> {
    /// The frame.
    pub frame: &'a Frame,
    /// What was seen.
    pub seen: &'a Seen,
    /// What became of it.
    pub observation: &'a Observation,
    /// The camera, where known.
    pub camera: Option<&'a FrameCamera>,
}

/// The best stills of every incident.
#[derive(Default)]
pub struct Keeper {
    best: BTreeMap<IncidentId, Best>,
    let_go: u64,
}

struct Best {
    worth: f64,
    context: Vec<u8>,
    outline: Outline,
    record: Record,
}

/// What a record says; its JSON is evidence itself.
#[derive(Debug, Clone, Serialize)]
struct Record {
    schema_version: u32,
    observation: Observation,
    camera: Option<CameraRecord>,
    stills: Vec<EvidenceRef>,
}

#[derive(Debug, Clone, Serialize)]
struct CameraRecord {
    lat_deg: f64,
    lon_deg: f64,
    ellipsoid_height_m: f64,
    heading_deg: f64,
    pitch_deg: f64,
    roll_deg: f64,
    position_sigma_enu_m: [f64; 3],
    attitude_sigma_deg: [f64; 3],
}

impl Keeper {
    /// Keeps the stills of a sighting when it is clearly better than the one kept.
    ///
    /// # Errors
    /// When the picture cannot be converted, drawn on or encoded.
    pub fn offer(&mut self, incident: IncidentId, sighting: &Sighting<'_>) -> Result<(), EvidenceError> {
        let worth = worth(sighting);
        if self.best.get(&incident).is_some_and(|kept| worth < kept.worth * BETTER_BY) {
            return Ok(());
        }
        let context = context(sighting).map_err(|reason| still_error(sighting.observation, reason))?;
        let camera = sighting.camera.map(CameraRecord::of);
        let observation = sighting.observation.clone();
        let record = Record { schema_version: 1, observation, camera, stills: Vec::new() };
        let outline = sighting.seen.outline.clone();
        self.best.insert(incident, Best { worth, context, outline, record });
        self.let_go_of_the_least();
        Ok(())
    }

    /// Moves what was kept for an incident to the one that took it over.
    pub fn merged(&mut self, from: IncidentId, into: IncidentId) {
        let Some(best) = self.best.remove(&from) else { return };
        if self.best.get(&into).is_none_or(|kept| best.worth > kept.worth) {
            self.best.insert(into, best);
        }
    }

    /// Returns how many incidents lost their stills because there were too many.
    pub fn let_go(&self) -> u64 {
        self.let_go
    }

    /// Writes the files of one incident into `folder` and returns what tasks refer to.
    ///
    /// # Errors
    /// When a file cannot be written; files written before stay.
    pub fn write(&self, incident: IncidentId, folder: &Path) -> Result<Vec<EvidenceRef>, EvidenceError> {
        let Some(best) = self.best.get(&incident) else { return Ok(Vec::new()) };
        let mut refs = Vec::new();
        let stills = best.stills().map_err(|reason| still_error(&best.record.observation, reason))?;
        for (kind, bytes) in &stills {
            refs.push(keep(folder, *kind, "jpg", bytes)?);
        }
        let record = Record { stills: refs.clone(), ..best.record.clone() };
        let json = serde_json::to_vec_pretty(&record)
            .map_err(|error| EvidenceError::Write { path: folder.to_owned(), source: error.into() })?;
        refs.push(keep(folder, EvidenceKind::Record, "json", &json)?);
        Ok(refs)
    }

    fn let_go_of_the_least(&mut self) {
        if self.best.len() <= MAX_KEPT {
            return;
        }
        let least = self.best.iter().min_by(|a, b| a.1.worth.total_cmp(&b.1.worth)).map(|(id, _)| *id);
        if let Some(id) = least {
            self.best.remove(&id);
            self.let_go += 1;
        }
    }
}

impl CameraRecord {
    fn of(camera: &FrameCamera) -> Self {
        let (point, attitude) = (camera.pose.point, camera.pose.attitude());
        Self {
            lat_deg: point.lat_lon.lat_deg,
            lon_deg: point.lat_lon.lon_deg,
            ellipsoid_height_m: point.height.0,
            heading_deg: attitude.heading_deg,
            pitch_deg: attitude.pitch_deg,
            roll_deg: attitude.roll_deg,
            position_sigma_enu_m: camera.pose.sigma.position_enu_m,
            attitude_sigma_deg: camera.pose.sigma.attitude_deg,
        }
    }
}

fn worth(sighting: &Sighting<'_>) -> f64 {
    let share = sighting.seen.outline.area_px / sighting.frame.picture.size().pixels().max(1) as f64;
    let cut = if sighting.seen.outline.truncated { CUT_WORTH } else { 1.0 };
    share.min(FILLED_SHARE) * sighting.seen.score * cut
}

fn context(sighting: &Sighting<'_>) -> Result<Vec<u8>, String> {
    let picture = &sighting.frame.picture;
    let plain = picture.rgb(picture.size()).map_err(|e| e.to_string())?;
    pipeline_cv::encode_jpeg(&plain, JPEG_QUALITY).map_err(|e| e.to_string())
}

impl Best {
    /// The kept picture, the same with the outline and a line of text, and a close-up of both.
    fn stills(&self) -> Result<Vec<(EvidenceKind, Vec<u8>)>, String> {
        let text = |error: pipeline_cv::CvError| error.to_string();
        let plain = pipeline_cv::decode_picture(&self.context).map_err(text)?;
        let drawn =
            pipeline_cv::draw_outline(&plain, &[&outline(&self.outline)], LINE_COLOUR).map_err(text)?;
        let labelled = pipeline_cv::draw_label(&drawn, &label(&self.record.observation)).map_err(text)?;
        let ring = &self.outline.ring_px;
        let close =
            |image: &RgbImage| pipeline_cv::crop(image, ring, CLOSE_UP_MARGIN, CLOSE_UP_LEAST_PX).picture;
        let jpeg = |image: &RgbImage| pipeline_cv::encode_jpeg(image, JPEG_QUALITY).map_err(text);
        Ok(vec![
            (EvidenceKind::Context, self.context.clone()),
            (EvidenceKind::ContextAnnotated, jpeg(&labelled)?),
            (EvidenceKind::CloseUp, jpeg(&close(&plain))?),
            (EvidenceKind::CloseUpAnnotated, jpeg(&close(&drawn))?),
        ])
    }
}

fn still_error(observation: &Observation, reason: String) -> EvidenceError {
    EvidenceError::Still { source_id: observation.source.clone(), frame: observation.frame_index, reason }
}

fn label(o: &Observation) -> String {
    format!("{} {:.0} %  {}  {:.3}", o.class, o.score * 100.0, o.source, o.time)
}

fn outline(of: &Outline) -> pipeline_cv::Outline {
    pipeline_cv::Outline {
        ring_px: of.ring_px.clone(),
        holes_px: Vec::new(),
        area_px: of.area_px,
        mean_probability: of.mean_probability as f32,
        truncated: of.truncated,
    }
}

/// Writes bytes under the name of their hash, whole or not at all.
fn keep(
    folder: &Path,
    kind: EvidenceKind,
    extension: &str,
    bytes: &[u8],
) -> Result<EvidenceRef, EvidenceError> {
    let sha256 = models::pack::sha256_hex(bytes);
    let file = format!("{sha256}.{extension}");
    let path = folder.join(&file);
    crate::output::write_whole(&path, bytes).map_err(|source| EvidenceError::Write { path, source })?;
    Ok(EvidenceRef { sha256, kind, file })
}
