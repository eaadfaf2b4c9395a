//! Labels out: what people decided about findings, as pictures with boxes that models learn from, and how well people agree.

pub mod agreement;
pub mod coco;
pub mod verdicts;
pub mod yolo;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use dispatch::{EvidenceKind, Task};
use gis::IncidentId;
use store::{LinkKind, Store};

use crate::output::write_whole;
use crate::veil::{About, Record, shown};
use verdicts::{Verdict, verdicts};

/// A finding that somebody decided about.
#[derive(Debug, Clone, PartialEq)]
pub struct Reviewed {
    /// The incident.
    pub incident: IncidentId,
    /// What it was taken for.
    pub class: String,
    /// What was decided.
    pub verdict: Verdict,
    /// Name of the picture among the evidence, the plain one.
    pub picture: String,
    /// Name of the record of it.
    pub record: String,
    /// Width and height of the picture.
    pub size_px: (u32, u32),
    /// Outline as (u, v), not closed.
    pub ring_px: Vec<(f64, f64)>,
}

/// What can be exported, and why the rest cannot.
#[derive(Debug, Default)]
pub struct Collected {
    /// Findings, by picture, then incident.
    pub reviewed: Vec<Reviewed>,
    /// Tasks that nobody decided about.
    pub undecided: usize,
    /// Decided ones whose picture was dropped or never kept.
    pub without_picture: usize,
    /// Decided ones whose record has no outline: it is older than outlines.
    pub without_outline: usize,
}

/// Reads what was decided, with pictures and outlines, of cases that were put away too.
///
/// # Errors
/// When the store or a record cannot be read.
pub fn collect(store: &dyn Store, evidence: &Path) -> anyhow::Result<Collected> {
    let mut collected = Collected::default();
    let decided = verdicts(store)?;
    for (id, json) in store.contents(LinkKind::Task, 0, usize::MAX)? {
        let task: Task = serde_json::from_str(&json).with_context(|| format!("cannot read task {id}"))?;
        let Some(verdict) = decided.get(&task.incident_id) else {
            collected.undecided += 1;
            continue;
        };
        let file = |kind| task.evidence.iter().find(|one| one.kind == kind).map(|one| one.file.clone());
        let picture = file(EvidenceKind::Context).filter(|name| evidence.join(name).is_file());
        let (Some(picture), Some(record)) = (picture, file(EvidenceKind::Record)) else {
            collected.without_picture += 1;
            continue;
        };
        let path = evidence.join(&record);
        let text = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let outline: Record =
            serde_json::from_slice(&text).with_context(|| format!("cannot read {}", path.display()))?;
        match outline {
            Record { size_px: Some(size_px), ring_px, .. } if ring_px.len() >= 3 => {
                let (incident, class, verdict) = (task.incident_id, task.class.clone(), verdict.clone());
                collected.reviewed.push(Reviewed {
                    incident,
                    class,
                    verdict,
                    picture,
                    record,
                    size_px,
                    ring_px,
                });
            }
            _ => collected.without_outline += 1,
        }
    }
    collected.reviewed.sort_by(|a, b| (&a.picture, a.incident).cmp(&(&b.picture, b.incident)));
    Ok(collected)
}

impl Reviewed {
    /// Returns the box around the outline, clipped to the picture: left, top, width, height in pixels.
    pub fn box_px(&self) -> (f64, f64, f64, f64) {
        let (width, height) = (f64::from(self.size_px.0), f64::from(self.size_px.1));
        let clip = |value: f64, most: f64| value.clamp(0.0, most);
        let us = || self.ring_px.iter().map(|(u, _)| clip(*u, width));
        let vs = || self.ring_px.iter().map(|(_, v)| clip(*v, height));
        let (left, right) = (us().fold(width, f64::min), us().fold(0.0, f64::max));
        let (top, bottom) = (vs().fold(height, f64::min), vs().fold(0.0, f64::max));
        (left, top, (right - left).max(0.0), (bottom - top).max(0.0))
    }

    /// Returns the area inside the outline, square pixels.
    pub fn area_px(&self) -> f64 {
        let next = self.ring_px.iter().cycle().skip(1);
        let twice: f64 = self.ring_px.iter().zip(next).map(|((u, v), (s, t))| u * t - s * v).sum();
        (twice / 2.0).abs()
    }
}

/// Returns the classes, sorted, each with its number from 0.
pub fn classes(reviewed: &[Reviewed]) -> BTreeMap<&str, usize> {
    let names: BTreeSet<&str> = reviewed.iter().map(|one| one.class.as_str()).collect();
    names.into_iter().zip(0..).collect()
}

/// How pictures leave the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As they were taken.
    Original,
    /// Too coarse to read a face or a plate in.
    Coarse,
}

/// Writes the pictures into `images/` and returns them, each once, with its findings.
///
/// # Errors
/// When a picture cannot be copied.
pub fn copy_pictures<'a>(
    reviewed: &'a [Reviewed],
    evidence: &Path,
    out: &Path,
    form: Form,
) -> anyhow::Result<Vec<&'a [Reviewed]>> {
    let folder = out.join("images");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let by_picture: Vec<&[Reviewed]> = reviewed.chunk_by(|a, b| a.picture == b.picture).collect();
    for one in by_picture.iter().filter_map(|findings| findings.first()) {
        let (from, to) = (evidence.join(&one.picture), folder.join(&one.picture));
        let failed = || format!("cannot copy {}", from.display());
        let bytes = match form {
            Form::Original => std::fs::read(&from).with_context(failed)?,
            Form::Coarse => {
                let record = std::fs::read(evidence.join(&one.record)).with_context(failed)?;
                let about = About::read(&record, &one.picture);
                shown(evidence, &one.picture, about.as_ref()).with_context(failed)?
            }
        };
        write_whole(&to, &bytes).with_context(|| format!("cannot write {}", to.display()))?;
    }
    Ok(by_picture)
}
