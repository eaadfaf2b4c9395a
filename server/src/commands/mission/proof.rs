//! `flyonce mission proof`: what was seen of an area, at which ground sample distance and when; its holes are the next area to fly.

use std::process::ExitCode;

use anyhow::Context;
use comfy_table::{Table, presets};
use geojson::{Feature, FeatureCollection, Geometry, GeometryValue, JsonObject};
use jiff::Timestamp;
use missions::area::Area;
use missions::proof::{Pass, Proof, proof};
use serde_json::{Value, json};

use super::input;
use crate::cli::MissionProofArgs;
use crate::commands::casework::open;
use crate::output::{print, write_whole};

/// Says what was seen, and writes what was not.
///
/// # Errors
/// When the area or the store cannot be read, or the holes not be written.
pub fn run(args: &MissionProofArgs) -> anyhow::Result<ExitCode> {
    let area = Area::from_geojson(&input::text(&args.area)?)
        .with_context(|| format!("cannot use {}", args.area.display()))?;
    let store = open(&args.store)?;
    let mut looked_at = store.footprints(area.bounds(), args.since.unwrap_or(Timestamp::MIN))?;
    looked_at.retain(|view| {
        let wanted = args.source.is_empty() || args.source.contains(&view.source);
        wanted && args.until.is_none_or(|until| view.from <= until)
    });
    let found = proof(&area, &looked_at, args.gsd);
    if let Some(path) = &args.holes {
        write_whole(path, holes(&found).to_string().as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let text = if args.json { in_json(&found, args.gsd).to_string() } else { table(&found, args) };
    print(text.trim_end()).context("cannot write to standard output")?;
    Ok(ExitCode::SUCCESS)
}

/// What was not seen, as an area that `mission plan` takes.
pub fn holes(found: &Proof) -> FeatureCollection {
    let ring = |line: &geo::LineString<f64>| line.coords().map(|c| [c.x, c.y]).collect::<Vec<_>>();
    let one = |polygon: &geo::Polygon<f64>| Feature {
        geometry: Some(Geometry::new(GeometryValue::new_polygon(
            std::iter::once(polygon.exterior()).chain(polygon.interiors()).map(ring).collect::<Vec<_>>(),
        ))),
        properties: Some(JsonObject::new()),
        ..Feature::default()
    };
    FeatureCollection { features: found.holes.iter().map(one).collect(), bbox: None, foreign_members: None }
}

/// The proof as the interface tells it.
pub fn in_json(found: &Proof, gsd_m: f64) -> Value {
    let pass = |pass: &Pass| {
        json!({
            "source": pass.source, "from": pass.from, "to": pass.to, "looks": pass.looks, "gsd_m": pass.gsd_m,
            "area_m2": pass.area_m2,
        })
    };
    json!({
        "gsd_m": gsd_m, "asked_m2": found.asked_m2, "seen_m2": found.seen_m2, "coarse_m2": found.coarse_m2,
        "unseen_m2": found.unseen_m2(), "share": found.share(),
        "passes": found.passes.iter().map(pass).collect::<Vec<_>>(),
        "holes": holes(found),
    })
}

fn table(found: &Proof, args: &MissionProofArgs) -> String {
    let mut rows = Table::new();
    rows.load_style(presets::NOTHING);
    rows.set_header(["from", "to", "source", "looks", "cm a pixel", "m2"]);
    for pass in &found.passes {
        rows.add_row([
            pass.from.to_string(),
            pass.to.to_string(),
            pass.source.clone(),
            pass.looks.to_string(),
            pass.gsd_m.map_or_else(|| "not known".to_owned(), |m| format!("{:.1}", m * 100.0)),
            format!("{:.0}", pass.area_m2),
        ]);
    }
    let share = |m2: f64| 100.0 * m2 / found.asked_m2.max(f64::MIN_POSITIVE);
    let holes = match (&args.holes, found.holes.0.len()) {
        (_, 0) => "no holes".to_owned(),
        (Some(path), count) => {
            format!("{count} holes in {}: `mission plan --area` flies them", path.display())
        }
        (None, count) => format!("{count} holes; --holes FILE writes them as an area to fly"),
    };
    format!(
        "{rows}\n{:.0} m2 asked: {:.1} % seen at {:.1} cm a pixel or finer, {:.1} % only more coarsely, {:.1} % not; {holes}",
        found.asked_m2,
        share(found.seen_m2),
        args.gsd * 100.0,
        share(found.coarse_m2),
        share(found.unseen_m2()),
    )
}
