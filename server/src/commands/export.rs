//! `flyonce export`: the city as a GeoPackage.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::{Context, bail};
use gis::{Incident, IncidentId};
use jiff::Timestamp;
use store::{CityExport, ExportCrs, write_geopackage};

use super::casework::{city, open};
use crate::cli::ExportArgs;
use crate::output;

/// Writes the file and tells how many features each layer has.
///
/// # Errors
/// When the store, the configuration or the file cannot be used.
pub fn run(args: &ExportArgs) -> anyhow::Result<ExitCode> {
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
    let layers = write_geopackage(&args.gpkg, &export, crs)?;
    let counts: Vec<String> = layers.iter().map(|l| format!("{} {}", l.features, l.layer)).collect();
    let text = format!("{}: {}", args.gpkg.display(), counts.join(", "));
    output::print(&text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn asked_for(incident: &Incident, args: &ExportArgs) -> bool {
    let class = args.class.is_empty() || args.class.contains(&incident.class);
    class && args.since.is_none_or(|since| incident.last_seen >= since)
}
