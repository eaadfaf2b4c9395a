//! A whole area and its docks: table, GeoJSON and a map.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use comfy_table::{Table, presets};
use geo::{BoundingRect, Coord, MultiPolygon};
use gis::LatLon;
use jiff::civil::Time;
use missions::Plane;
use missions::area::{Area, Asked, asked_from_geojson};
use missions::fleet::{Dock, First, Fleet, Hours, Pace, done_secs, plan};
use missions::optics::{Look, geometry};
use serde::Deserialize;
use serde_json::{Value, json};

use super::input;
use crate::cli::MissionFleetArgs;
use crate::output::{print, write_whole};

const DAY_SECS: f64 = 86_400.0;
/// Width of the map, pixels.
const MAP_PX: f64 = 1000.0;

#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    lat_deg: f64,
    lon_deg: f64,
    opens: Option<Time>,
    closes: Option<Time>,
}

/// Plans the fleet and writes who flies what.
///
/// # Errors
/// When an input cannot be read or flown, or a file not be written.
pub fn run(args: &MissionFleetArgs) -> anyhow::Result<ExitCode> {
    let aircraft = input::aircraft(&args.aircraft)?;
    let shown = args.area.display();
    let asked =
        asked_from_geojson(&input::text(&args.area)?).with_context(|| format!("cannot use {shown}"))?;
    let area = Area::of(&asked).with_context(|| format!("cannot use {shown}"))?;
    let first = first(&asked, &area.plane).with_context(|| format!("cannot use {shown}"))?;
    let docks = docks(&args.docks, &area.plane, args.start)?;
    let geometry = geometry(&aircraft, Look { gsd_m: args.gsd, overlap: args.overlap })?;
    let pace = Pace::of(&aircraft, &geometry);
    let start = Instant::now();
    let mut enough = || start.elapsed() >= args.search;
    let fleet = plan(&area.shape, &docks, &geometry, &pace, &first, &mut enough)
        .with_context(|| format!("cannot plan {shown}"))?;
    write_whole(&args.out, geojson(&fleet, &docks, &area.plane).to_string().as_bytes())
        .with_context(|| format!("cannot write {}", args.out.display()))?;
    if let Some(path) = &args.map {
        write_whole(path, map(&fleet, &docks, &area).as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if fleet.unreached_m > 1.0 {
        let km = fleet.unreached_m / 1e3;
        tracing::warn!("{km:.1} km of lines lie too far from every dock 有 {km:.1} 千米航线超出所有机场航程");
    }
    let text = if args.json { summary(&fleet, &docks).to_string() } else { table(&fleet, &docks) };
    print(text.trim_end()).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

/// The ground of each priority; none where all is alike.
fn first(asked: &[Asked], plane: &Plane) -> anyhow::Result<Vec<First>> {
    let mut grounds: BTreeMap<i64, MultiPolygon<f64>> = BTreeMap::new();
    for (index, one) in asked.iter().enumerate() {
        let level = match one.properties.get("priority") {
            None | Some(Value::Null) => continue,
            Some(value) => value
                .as_i64()
                .with_context(|| format!("feature {index}: priority {value} is no whole number"))?,
        };
        let ground = grounds.entry(level).or_insert_with(|| MultiPolygon::new(Vec::new()));
        ground.0.extend(plane.metres_of(&one.degrees));
    }
    Ok(grounds.into_iter().map(|(level, shape)| First { level, shape }).collect())
}

fn docks(path: &Path, plane: &Plane, start: Option<Time>) -> anyhow::Result<Vec<Dock>> {
    let shown = path.display();
    let text = input::text(path)?;
    let mut docks: Vec<Dock> = Vec::new();
    for (index, row) in csv::Reader::from_reader(text.as_bytes()).into_deserialize().enumerate() {
        let row: Row = row.with_context(|| format!("{shown}: row {}", index + 1))?;
        let (id, lat_deg, lon_deg) = (&row.id, row.lat_deg, row.lon_deg);
        let Some(at) = LatLon::new(lat_deg, lon_deg) else {
            bail!("{shown}: dock {id}: latitude {lat_deg}, longitude {lon_deg} is no place");
        };
        if docks.iter().any(|dock| dock.id == *id) {
            bail!("{shown}: dock {id} is there twice");
        }
        let hours = hours(&row, start).with_context(|| format!("{shown}: dock {id}"))?;
        docks.push(Dock { id: row.id, at: plane.metres(at), hours });
    }
    Ok(docks)
}

/// Hours of a dock from the start of the plan on; across midnight where it closes before it opens.
fn hours(row: &Row, start: Option<Time>) -> anyhow::Result<Option<Hours>> {
    let (opens, closes) = match (row.opens, row.closes) {
        (None, None) => return Ok(None),
        (Some(opens), Some(closes)) => (opens, closes),
        _ => bail!("give both opens and closes, or neither"),
    };
    if opens == closes {
        bail!("opens and closes at {opens}; leave both out where it is always open");
    }
    let start =
        start.context("it has hours: give --start, the time of day of the first take-off, as in 08:00")?;
    let secs = |from: Time, to: Time| from.duration_until(to).as_secs_f64();
    Ok(Some(Hours { from_secs: secs(start, opens), long_secs: secs(opens, closes).rem_euclid(DAY_SECS) }))
}

fn geojson(fleet: &Fleet, docks: &[Dock], plane: &Plane) -> Value {
    let place = |at: Coord<f64>| {
        let LatLon { lat_deg, lon_deg } = plane.place(at);
        json!([lon_deg, lat_deg])
    };
    let mut features = Vec::new();
    for (dock, own) in docks.iter().zip(&fleet.sorties) {
        features.push(json!({
            "type": "Feature",
            "properties": { "dock": dock.id, "sorties": own.len(), "done_secs": done_secs(own) },
            "geometry": { "type": "Point", "coordinates": place(dock.at) },
        }));
        for (number, sortie) in own.iter().enumerate() {
            let lines: Vec<Value> = sortie.lines.iter().map(|(a, b)| json!([place(*a), place(*b)])).collect();
            features.push(json!({
                "type": "Feature",
                "properties": {
                    "dock": dock.id, "sortie": number + 1, "priority": sortie.level, "start_secs": sortie.start_secs,
                    "air_secs": sortie.air_secs, "charge_secs": sortie.charge_secs,
                },
                "geometry": { "type": "MultiLineString", "coordinates": lines },
            }));
        }
    }
    json!({ "type": "FeatureCollection", "features": features })
}

fn summary(fleet: &Fleet, docks: &[Dock]) -> Value {
    let dock = |(dock, own): (&Dock, &Vec<missions::fleet::Sortie>)| json!({ "dock": dock.id, "sorties": own.len(), "done_secs": done_secs(own) });
    json!({
        "makespan_secs": fleet.makespan_secs,
        "bound_secs": fleet.bound_secs,
        "unreached_m": fleet.unreached_m,
        "priorities": fleet.levels().iter().map(|(level, secs)| json!({ "priority": level, "done_secs": secs })).collect::<Vec<_>>(),
        "docks": docks.iter().zip(&fleet.sorties).map(dock).collect::<Vec<_>>(),
    })
}

fn table(fleet: &Fleet, docks: &[Dock]) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY);
    table.set_header([
        "dock 机场",
        "sorties, battery cycles 架次、电池循环",
        "in the air 飞行",
        "done after 完成",
    ]);
    let hours = |secs: f64| format!("{:.2} h", secs / 3600.0);
    for (dock, own) in docks.iter().zip(&fleet.sorties) {
        let air_secs: f64 = own.iter().map(|sortie| sortie.air_secs).sum();
        table.add_row([dock.id.clone(), own.len().to_string(), hours(air_secs), hours(done_secs(own))]);
    }
    let ratio = fleet.makespan_secs / fleet.bound_secs;
    let levels = fleet.levels();
    let done = |(level, secs): &(i64, f64)| {
        format!("\npriority {level} done after {} 优先级 {level} 完成", hours(*secs))
    };
    let levels: String = if levels.len() > 1 { levels.iter().map(done).collect() } else { String::new() };
    format!(
        "{table}{levels}\nall done after {}, {ratio:.2} times the bound of {} 全部完成 {},下界 {}",
        hours(fleet.makespan_secs),
        hours(fleet.bound_secs),
        hours(fleet.makespan_secs),
        hours(fleet.bound_secs),
    )
}

/// A map that opens without a network: every dock's lines in a colour of its own.
fn map(fleet: &Fleet, docks: &[Dock], area: &Area) -> String {
    let Some(rect) = area.shape.bounding_rect() else { return String::new() };
    let scale = MAP_PX / rect.width().max(1.0);
    let height_px = rect.height() * scale;
    let pixel = |at: Coord<f64>| ((at.x - rect.min().x) * scale, height_px - (at.y - rect.min().y) * scale);
    let mut svg = String::new();
    for (number, (dock, own)) in docks.iter().zip(&fleet.sorties).enumerate() {
        let hue = number * 137 % 360;
        let mut way = String::new();
        for (a, b) in own.iter().flat_map(|sortie| &sortie.lines) {
            let ((ax, ay), (bx, by)) = (pixel(*a), pixel(*b));
            // Writing to a text cannot fail.
            let _ = write!(way, "M{ax:.1} {ay:.1}L{bx:.1} {by:.1}");
        }
        let (x, y) = pixel(dock.at);
        let name = dock.id.replace('&', "&amp;").replace('<', "&lt;");
        let (sorties, hours) = (own.len(), done_secs(own) / 3600.0);
        let _ = write!(
            svg,
            "<path d=\"{way}\" stroke=\"hsl({hue} 65% 45%)\" fill=\"none\"><title>{name}: {sorties} sorties 架次, {hours:.2} h</title></path>\
             <circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\"/><text x=\"{:.1}\" y=\"{y:.1}\">{name}</text>",
            x + 7.0
        );
    }
    let hours = fleet.makespan_secs / 3600.0;
    format!(
        "<!doctype html><meta charset=\"utf-8\"><title>Fleet 机场编队</title>\
         <style>body{{font:14px sans-serif;margin:1em}}path{{stroke-width:.6}}text{{font-size:11px}}</style>\
         <h1>Who flies what 各机场作业范围</h1><p>All done after 全部完成 {hours:.2} h</p>\
         <svg viewBox=\"0 0 {MAP_PX:.0} {height_px:.0}\" width=\"100%\">{svg}</svg>\n"
    )
}
