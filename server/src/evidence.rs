//! Stills that prove an incident: a context picture and a close-up, plain and annotated, with their record.
//!
//! Of each incident the best sighting is kept: the last few as frames, which cost nothing while better ones keep coming, the
//! others as one JPEG each. Close-ups and outlines are made at the end, when the files are written, named by their content.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use dispatch::{EvidenceKind, EvidenceRef};
use gis::{IncidentId, Observation};
use models::RgbImage;
use pipeline::camera::FrameCamera;
use pipeline::{Frame, Outline, Picture, Seen};
use serde::Serialize;

use crate::proof::manifest;
use crate::proof::room::Rooms;
use crate::veil::Fineness;

/// Incidents whose stills are kept in memory at most; beyond it the least worthy are let go and counted.
const MAX_KEPT: usize = 500;
/// Best sightings kept as frames; beyond it the oldest becomes a JPEG. A 1080p frame holds 3 MB of the decoder's memory.
const MAX_FRAMES: usize = 4;
/// A sighting replaces one that is a JPEG already when it is this much better.
const BETTER_BY: f64 = 1.25;
/// Share of the picture beyond which a larger sighting shows no more.
const FILLED_SHARE: f64 = 0.25;
/// Worth of a sighting that the edge of the picture cuts, against a whole one.
const CUT_WORTH: f64 = 0.3;
const JPEG_QUALITY: u8 = 90;
/// Share of the finding's longer side that a close-up shows around it.
pub const CLOSE_UP_MARGIN: f64 = 0.35;
/// Least side of a close-up.
pub const CLOSE_UP_LEAST_PX: u32 = 240;
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
    /// There is no room for it.
    #[error("no room for evidence {} of {bytes} bytes: its budget or the reserve of the disk would be overdrawn", path.display())]
    NoRoom {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: usize,
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

/// Where evidence is written.
#[derive(Clone, Copy)]
pub struct Shelf<'a> {
    /// The folder.
    pub folder: &'a Path,
    /// Room that it may take; all there is when none.
    pub rooms: Option<&'a Rooms>,
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
    as_frames: VecDeque<IncidentId>,
    let_go: u64,
}

struct Best {
    worth: f64,
    context: Context,
    outline: Outline,
    record: Record,
}

/// The whole picture of a sighting.
enum Context {
    Frame(Arc<dyn Picture>),
    Jpeg(Vec<u8>),
}

/// What a record says; its JSON is evidence itself.
#[derive(Debug, Clone, Serialize)]
struct Record {
    schema_version: u32,
    incident_id: IncidentId,
    observation: Observation,
    camera: Option<CameraRecord>,
    /// Width and height of the whole picture.
    size_px: (u32, u32),
    /// Outline of the finding in it as (u, v), not closed.
    ring_px: Vec<(f64, f64)>,
    /// How finely it shows the ground, where camera and ground are known.
    fineness: Option<Fineness>,
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
    /// Keeps a sighting when it is better than the one kept.
    ///
    /// # Errors
    /// When a picture that has to make room cannot be converted or encoded.
    pub fn offer(&mut self, incident: IncidentId, sighting: &Sighting<'_>) -> Result<(), EvidenceError> {
        let worth = worth(sighting);
        if self.best.get(&incident).is_some_and(|kept| !kept.is_beaten_by(worth)) {
            return Ok(());
        }
        let context = Context::Frame(Arc::clone(&sighting.frame.picture));
        let camera = sighting.camera.map(CameraRecord::of);
        let observation = sighting.observation.clone();
        let ground = observation.location.ground().map(|position| position.point);
        let fineness = sighting
            .camera
            .zip(ground)
            .map(|(camera, point)| Fineness::of(camera, point, &sighting.seen.outline.ring_px));
        let size = sighting.frame.picture.size();
        let (size_px, ring_px) = ((size.width, size.height), sighting.seen.outline.ring_px.clone());
        let record = Record {
            schema_version: 3,
            incident_id: incident,
            observation,
            camera,
            size_px,
            ring_px,
            fineness,
            stills: Vec::new(),
        };
        let outline = sighting.seen.outline.clone();
        self.best.insert(incident, Best { worth, context, outline, record });
        self.as_frames.retain(|id| *id != incident);
        self.as_frames.push_back(incident);
        self.let_go_of_the_least();
        while self.as_frames.len() > MAX_FRAMES {
            let oldest = self.as_frames.pop_front();
            if let Some(best) = oldest.and_then(|id| self.best.get_mut(&id)) {
                best.encode()?;
            }
        }
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

    /// Writes the files of one incident and returns what tasks refer to.
    ///
    /// # Errors
    /// When a file cannot be written; files written before stay.
    pub fn write(&self, incident: IncidentId, shelf: Shelf<'_>) -> Result<Vec<EvidenceRef>, EvidenceError> {
        let Some(best) = self.best.get(&incident) else { return Ok(Vec::new()) };
        let mut refs = Vec::new();
        let stills = best.stills().map_err(|reason| still_error(&best.record.observation, reason))?;
        for (kind, bytes) in &stills {
            refs.push(keep(shelf, *kind, "jpg", bytes)?);
        }
        let record = Record { incident_id: incident, stills: refs.clone(), ..best.record.clone() };
        let json = serde_json::to_vec_pretty(&record)
            .map_err(|error| EvidenceError::Write { path: shelf.folder.to_owned(), source: error.into() })?;
        refs.push(keep(shelf, EvidenceKind::Record, "json", &json)?);
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

impl Context {
    fn jpeg(&self) -> Result<Vec<u8>, String> {
        match self {
            Self::Jpeg(bytes) => Ok(bytes.clone()),
            Self::Frame(picture) => {
                let plain = picture.rgb(picture.size()).map_err(|e| e.to_string())?;
                pipeline_cv::encode_jpeg(&plain, JPEG_QUALITY).map_err(|e| e.to_string())
            }
        }
    }
}

impl Best {
    fn is_beaten_by(&self, worth: f64) -> bool {
        match self.context {
            Context::Frame(_) => worth > self.worth,
            Context::Jpeg(_) => worth >= self.worth * BETTER_BY,
        }
    }

    /// Gives the frame back to the decoder.
    fn encode(&mut self) -> Result<(), EvidenceError> {
        let jpeg = self.context.jpeg().map_err(|reason| still_error(&self.record.observation, reason))?;
        self.context = Context::Jpeg(jpeg);
        Ok(())
    }

    /// The kept picture, the same with the outline and a line of text, and a close-up of both.
    fn stills(&self) -> Result<Vec<(EvidenceKind, Vec<u8>)>, String> {
        let text = |error: pipeline_cv::CvError| error.to_string();
        let context = self.context.jpeg()?;
        let plain = pipeline_cv::decode_picture(&context).map_err(text)?;
        let drawn =
            pipeline_cv::draw_outline(&plain, &[&outline(&self.outline)], LINE_COLOUR).map_err(text)?;
        let labelled = pipeline_cv::draw_label(&drawn, &label(&self.record.observation)).map_err(text)?;
        let ring = &self.outline.ring_px;
        let close =
            |image: &RgbImage| pipeline_cv::crop(image, ring, CLOSE_UP_MARGIN, CLOSE_UP_LEAST_PX).picture;
        let jpeg = |image: &RgbImage| pipeline_cv::encode_jpeg(image, JPEG_QUALITY).map_err(text);
        Ok(vec![
            (EvidenceKind::Context, context),
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

/// Returns a picture with the outline of a finding drawn as in annotated stills.
///
/// # Errors
/// When OpenCV refuses.
pub fn outlined(picture: &RgbImage, ring_px: &[(f64, f64)]) -> Result<RgbImage, pipeline_cv::CvError> {
    let ring_px = ring_px.to_vec();
    let outline = pipeline_cv::Outline {
        ring_px,
        holes_px: Vec::new(),
        area_px: 0.0,
        mean_probability: 0.0,
        truncated: false,
    };
    pipeline_cv::draw_outline(picture, &[&outline], LINE_COLOUR)
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
///
/// # Errors
/// [`EvidenceError::NoRoom`] and [`EvidenceError::Write`].
pub fn keep(
    shelf: Shelf<'_>,
    kind: EvidenceKind,
    extension: &str,
    bytes: &[u8],
) -> Result<EvidenceRef, EvidenceError> {
    let sha256 = models::pack::sha256_hex(bytes);
    let file = format!("{sha256}.{extension}");
    let path = shelf.folder.join(&file);
    let there = path.is_file();
    if !there && shelf.rooms.is_some_and(|rooms| !rooms.take(bytes.len() as u64)) {
        return Err(EvidenceError::NoRoom { path, bytes: bytes.len() });
    }
    let written = std::fs::create_dir_all(shelf.folder).and_then(|()| {
        // A file that is there has its line: the line comes first.
        if !there {
            manifest::add(shelf.folder, &file, &sha256, bytes)?;
        }
        crate::output::write_whole(&path, bytes)
    });
    if written.is_err()
        && let Some(rooms) = shelf.rooms
    {
        rooms.count_again();
    }
    written.map_err(|source| EvidenceError::Write { path, source })?;
    Ok(EvidenceRef { sha256, kind, file })
}
