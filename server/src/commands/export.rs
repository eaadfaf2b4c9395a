//! `flyonce export`: the city as a GeoPackage, or what people decided about as labels.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use gis::{Incident, IncidentId};
use jiff::Timestamp;
use store::{CityExport, ExportCrs, Note, Store, write_geopackage};

use super::backup::must_be_new;
use super::casework::{city, open};
use crate::cli::{ExportArgs, LabelFormat};
use crate::labels::agreement::measure;
use crate::labels::{Form, Reviewed, coco, collect, yolo};
use crate::serve::keeping::SAW;
use crate::{clock, output};

/// Kind of the note that somebody took originals out.
const TOOK_OUT: &str = "took_out";

/// Writes the file and tells how many features each layer has.
///
/// # Errors
/// When the store, the configuration or the file cannot be used.
pub fn run(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    match (&args.labels, &args.gpkg) {
        (Some(out), _) => labels(args, out),
        (None, Some(file)) => package(args, file),
        (None, None) => bail!("name what to write: --gpkg or --labels"),
    }
}

/// Writes what people decided about, and how well they agree.
fn labels(args: &ExportArgs, out: &Path) -> anyhow::Result<ExitCode> {
    must_be_new(out)?;
    let mut store = open(&args.store)?;
    let beside = args.store.out.as_deref().or_else(|| args.store.db.as_deref().and_then(Path::parent));
    let evidence = args.evidence.clone().or_else(|| beside.map(|folder| folder.join("evidence")));
    let Some(evidence) = evidence else { bail!("name the folder of the evidence: --evidence") };
    let mut collected = collect(store.as_ref(), &evidence)?;
    collected.reviewed.retain(|one| args.class.is_empty() || args.class.contains(&one.class));
    let form = if args.originals { Form::Original } else { Form::Coarse };
    if form == Form::Original {
        note_originals(store.as_mut(), &collected.reviewed, args)?;
    }
    match args.format {
        LabelFormat::Coco => coco::write(&collected.reviewed, &evidence, out, form)?,
        LabelFormat::Yolo => yolo::write(&collected.reviewed, &evidence, out, form)?,
    }
    let real = collected.reviewed.iter().filter(|one| one.verdict.real).count();
    let text = format!(
        "{}: {real} real, {} rejected; left out: {} undecided, {} without a picture, {} without an outline\n{}",
        out.display(),
        collected.reviewed.len() - real,
        collected.undecided,
        collected.without_picture,
        collected.without_outline,
        measure(store.as_ref())?
    );
    output::print(&text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

/// Notes who takes which originals out and why, before they are written.
fn note_originals(store: &mut dyn Store, reviewed: &[Reviewed], args: &ExportArgs) -> anyhow::Result<()> {
    let (Some(actor), Some(reason)) = (&args.actor, &args.reason) else {
        bail!("name who takes originals out, and why")
    };
    let note = |kind: &str, subject: &str, detail: String| Note {
        at: clock::now(),
        kind: kind.to_owned(),
        actor: actor.clone(),
        subject: subject.to_owned(),
        detail,
    };
    store.add_note(&note(TOOK_OUT, "labels", format!("{} findings: {reason}", reviewed.len())))?;
    for one in reviewed {
        store.add_note(&note(SAW, &one.picture, one.incident.to_string()))?;
    }
    Ok(())
}

fn package(args: &ExportArgs, file: &Path) -> anyhow::Result<ExitCode> {
    let Some(crs) = ExportCrs::of(args.crs) else {
        bail!("cannot export in {}: GeoPackages are written in EPSG:4326 and EPSG:4490", args.crs)
    };
    let store = open(&args.store)?;
    let (_, city) = city(args.store.config.as_deref())?;
    let incidents: Vec<Incident> = store.incidents()?.into_iter().filter(|i| asked_for(i, args)).collect();
    if let Some(class) = args.class.iter().find(|class| incidents.iter().all(|i| i.class != **class)) {
        tracing::warn!("no incident of class {class:?} was found");
    }
    let ids: BTreeSet<IncidentId> = incidents.iter().map(|incident| incident.id).collect();
    let mut tasks = store.tasks()?;
    tasks.retain(|task| ids.contains(&task.incident_id));
    let looked_at = store.footprints(None, args.since.unwrap_or(Timestamp::MIN))?;
    let export = CityExport {
        incidents: &incidents,
        tasks: &tasks,
        departments: &city.departments,
        zones: city.zones.zones(),
        looked_at: &looked_at,
    };
    let layers = write_geopackage(file, &export, crs)?;
    let counts: Vec<String> = layers.iter().map(|l| format!("{} {}", l.features, l.layer)).collect();
    let text = format!("{}: {}", file.display(), counts.join(", "));
    output::print(&text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn asked_for(incident: &Incident, args: &ExportArgs) -> bool {
    let class = args.class.is_empty() || args.class.contains(&incident.class);
    class && args.since.is_none_or(|since| incident.last_seen >= since)
}
