//! `flyonce zones`: boundary files into the zone store, and what it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use comfy_table::{Table, presets};
use gis::LatLon;
use gis::zones::{
    Zone, ZoneDefect, ZoneFile, ZoneIndex, ZoneLevel, ZoneProblem, check_hierarchy, datum_warnings,
};
use serde_json::json;
use store::ZoneStore;

use crate::cli::{ZonesArgs, ZonesCommand, ZonesImportArgs, ZonesListArgs};
use crate::wire::zones::{read_file, store_file, stored};
use crate::{clock, output};

/// Runs `import` or `list`.
///
/// # Errors
/// When the file or the store cannot be read, or the file has faults; nothing is imported then.
pub fn run(args: &ZonesArgs) -> anyhow::Result<ExitCode> {
    match &args.command {
        ZonesCommand::Import(args) => import(args),
        ZonesCommand::List(args) => list(args),
    }
}

fn import(args: &ZonesImportArgs) -> anyhow::Result<ExitCode> {
    let name = args.file.display();
    let read = read_file(&args.file, &zone_file(args)).map_err(|problems| faults(&args.file, &problems))?;
    let path = store_file(&args.store);
    make_folder_of(&path)?;
    let mut store = ZoneStore::open(&path)?;
    let known = stored(&store)?;
    let (errors, mut warnings) = held_against_known(&read.zones, &known);
    if !errors.is_empty() {
        return Err(faults(&args.file, &errors.iter().map(ToString::to_string).collect::<Vec<_>>()));
    }
    warnings.extend(read.warnings);
    for warning in &warnings {
        tracing::warn!("{warning}");
    }
    let imported = store.import(&read.zones, clock::now())?;
    let codes: BTreeSet<&str> = known.iter().chain(&read.zones).map(|zone| zone.code.as_str()).collect();
    let text = format!(
        "{name}: {} zones, {} new, {} replaced, {} unchanged; {} now holds {} zones",
        read.zones.len(),
        imported.added,
        imported.replaced,
        imported.unchanged,
        path.display(),
        codes.len(),
    );
    output::print(&text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn zone_file(args: &ZonesImportArgs) -> ZoneFile {
    let default = ZoneFile { level: args.level, crs: args.crs, ..ZoneFile::new(ZoneLevel::District) };
    let key = |given: &Option<String>, usual: String| given.clone().unwrap_or(usual);
    ZoneFile {
        level: args.level,
        kind: args.kind.clone(),
        code_key: key(&args.code_key, default.code_key),
        name_zh_key: key(&args.name_zh_key, default.name_zh_key),
        name_en_key: key(&args.name_en_key, default.name_en_key),
        parent_key: key(&args.parent_key, default.parent_key),
        ..default
    }
}

fn faults(file: &Path, problems: &[String]) -> anyhow::Error {
    let count = problems.len();
    anyhow::anyhow!(
        "cannot import {}, {count} problems, nothing was imported:\n  {}",
        file.display(),
        problems.join("\n  ")
    )
}

fn make_folder_of(path: &Path) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or(Ok(()), |folder| {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))
    })
}

/// Errors and warnings of new zones beside those that are known already: their places in the hierarchy, and their datum.
fn held_against_known(new: &[Zone], known: &[Zone]) -> (Vec<ZoneProblem>, Vec<ZoneProblem>) {
    let new_by_code: BTreeMap<&str, &Zone> = new.iter().map(|zone| (zone.code.as_str(), zone)).collect();
    let staying = known.iter().filter(|zone| !new_by_code.contains_key(zone.code.as_str()));
    let after: Vec<Zone> = new.iter().chain(staying).cloned().collect();
    // A parent may come with a later file.
    let (mut warnings, errors): (Vec<_>, Vec<_>) = check_hierarchy(&after)
        .into_iter()
        .partition(|p| matches!(p.defect, ZoneDefect::UnknownParent { .. }));
    let files: BTreeSet<&str> = new.iter().map(|zone| zone.origin.file.as_str()).collect();
    warnings.retain(|warning| files.contains(warning.file.as_str()));
    // What is there as it is needs no comparison.
    let as_before =
        |zone: &Zone| new_by_code.get(zone.code.as_str()).is_some_and(|new| new.polygon == zone.polygon);
    let others: Vec<Zone> = new.iter().chain(known.iter().filter(|zone| !as_before(zone))).cloned().collect();
    let of_new = |warning: &ZoneProblem| {
        let against = match &warning.defect {
            ZoneDefect::LooksLikeGcj02 { against, .. } => against.as_str(),
            _ => "",
        };
        files.contains(warning.file.as_str()) || files.contains(against)
    };
    warnings.extend(datum_warnings(&others).into_iter().filter(of_new));
    (errors, warnings)
}

fn list(args: &ZonesListArgs) -> anyhow::Result<ExitCode> {
    let store = ZoneStore::open_existing(&store_file(&args.store))?;
    let zones = store.zones()?;
    let text = match (args.at.is_empty(), args.json) {
        (true, false) => table_of(&zones),
        (true, true) => serde_json::to_string_pretty(&zones.iter().map(json_of).collect::<Vec<_>>())?,
        (false, as_json) => places(&ZoneIndex::new(zones), &args.at, as_json)?,
    };
    output::print(&text).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

fn table_of(zones: &[Zone]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["code", "level", "kind", "name_zh", "name_en", "parent", "crs", "file"]);
    for zone in zones {
        table.add_row([
            zone.code.clone(),
            zone.level.to_string(),
            zone.kind.clone().unwrap_or_default(),
            zone.name_zh.clone(),
            zone.name_en.clone(),
            zone.parent.clone().unwrap_or_default(),
            zone.origin.crs.to_string(),
            zone.origin.file.clone(),
        ]);
    }
    format!("{table}\n{} zones", zones.len())
}

fn json_of(zone: &Zone) -> serde_json::Value {
    json!({
        "code": zone.code,
        "level": zone.level,
        "kind": zone.kind,
        "name_zh": zone.name_zh,
        "name_en": zone.name_en,
        "parent": zone.parent,
        "origin": zone.origin,
    })
}

fn places(index: &ZoneIndex, places: &[LatLon], as_json: bool) -> anyhow::Result<String> {
    let codes = |place: &LatLon| -> Vec<String> {
        index.all_containing(*place).into_iter().map(|zone| zone.code.clone()).collect()
    };
    if as_json {
        let found: Vec<_> = places
            .iter()
            .map(|place| json!({"lat_deg": place.lat_deg, "lon_deg": place.lon_deg, "zones": codes(place)}))
            .collect();
        return Ok(serde_json::to_string(&found)?);
    }
    let line = |place: &LatLon| {
        let codes = codes(place);
        let found = if codes.is_empty() { "no zone".to_owned() } else { codes.join(", ") };
        format!("{},{}: {found}", place.lat_deg, place.lon_deg)
    };
    Ok(places.iter().map(line).collect::<Vec<_>>().join("\n"))
}
