//! What a plan costs, in a table or as JSON.

use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, bail};
use comfy_table::{Table, presets};
use missions::estimate::{Estimate, estimate};
use missions::formats::{self, Format};
use missions::merge::Merged;
use missions::optics::Geometry;
use missions::{Aircraft, Plan};
use serde_json::{Value, json};

use crate::output::{print, write_whole};

/// A plan on its way to a file.
pub struct Made<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Who flies.
    pub aircraft: &'a Aircraft,
    /// How ground is seen, where it is the same everywhere.
    pub geometry: Option<Geometry>,
    /// What it saves, where several requests share it.
    pub merged: Option<&'a Merged>,
}

/// Writes the plan and prints what it costs.
///
/// # Errors
/// When the file cannot be written or its ending names no format.
pub fn write(made: &Made<'_>, out: &Path, as_json: bool) -> anyhow::Result<()> {
    file(made.plan, made.aircraft, out)?;
    let cost = estimate(made.plan, made.aircraft);
    for warning in warnings(made.plan, &cost) {
        tracing::warn!("{warning}");
    }
    let text = if as_json { json(made, &cost, out).to_string() } else { table(made, &cost, out) };
    print(text.trim_end()).context("cannot write to standard output")
}

/// Writes a plan in the format of the file's ending.
///
/// # Errors
/// When the file cannot be written or its ending names no format.
pub fn file(plan: &Plan, aircraft: &Aircraft, out: &Path) -> anyhow::Result<()> {
    let shown = out.display();
    let Some(format) = Format::of_name(&out.to_string_lossy()) else {
        bail!("{shown}: the ending names no format; give .kmz, .plan, .waypoints or .geojson");
    };
    let created_ms = crate::clock::now().as_millisecond();
    let bytes = formats::write(plan, format, aircraft, created_ms)
        .with_context(|| format!("cannot write {shown}"))?;
    write_whole(out, &bytes).with_context(|| format!("cannot write {shown}"))
}

fn warnings(plan: &Plan, cost: &Estimate) -> Vec<String> {
    let mut warnings = Vec::new();
    if plan.heights == missions::plan::HeightReference::TakeOff {
        warnings.push(
            "heights count from take-off, the ground was not looked at; --dem follows it 高度以起飞点为基准,未考虑地形;请用 --dem"
                .to_owned(),
        );
    }
    if plan.home.is_none() {
        warnings
            .push("no --home: the way there and back is not counted 未指定起降点:未计往返航程".to_owned());
    }
    if cost.batteries == usize::MAX {
        warnings.push("the area is too far from home to work there 作业区离起降点过远".to_owned());
    } else if cost.batteries > 1 {
        warnings.push(format!(
            "{} batteries: the flight goes on from its break point 需 {} 块电池,断点续飞",
            cost.batteries, cost.batteries
        ));
    }
    warnings
}

fn json(made: &Made<'_>, cost: &Estimate, out: &Path) -> Value {
    let leg = |(index, leg): (usize, &missions::Leg)| json!({ "leg": index + 1, "kind": leg.kind.name(), "first": leg.first, "last": leg.last, "serves": leg.serves });
    let mut value = json!({
        "out": out,
        "aircraft": made.aircraft.id,
        "length_m": cost.length_m,
        "seen_m": cost.seen_m,
        "secs": cost.secs,
        "pictures": cost.pictures,
        "batteries": cost.batteries,
        "waypoints": made.plan.waypoints.len(),
        "heights": made.plan.heights,
        "warnings": warnings(made.plan, cost),
        "legs": made.plan.legs.iter().enumerate().map(leg).collect::<Vec<_>>(),
    });
    if let (Value::Object(object), Some(geometry)) = (&mut value, made.geometry) {
        let Geometry { height_m, spacing_m, trigger_m, speed_mps, .. } = geometry;
        object.insert(
            "geometry".to_owned(),
            json!({ "height_m": height_m, "spacing_m": spacing_m, "trigger_m": trigger_m, "speed_mps": speed_mps }),
        );
    }
    if let (Value::Object(object), Some(merged)) = (&mut value, made.merged) {
        let alone: Vec<Value> = merged
            .alone
            .iter()
            .map(|(id, cost)| json!({ "id": id, "secs": cost.secs, "length_m": cost.length_m }))
            .collect();
        object.insert("alone".to_owned(), Value::Array(alone));
        object.insert("saved_secs".to_owned(), json!(merged.saved_secs()));
    }
    value
}

fn table(made: &Made<'_>, cost: &Estimate, out: &Path) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    let minutes = |secs: f64| format!("{:.1} min", secs / 60.0);
    let mut row = |name: &str, value: String| {
        table.add_row([name.to_owned(), value]);
    };
    row("plan 航线", out.display().to_string());
    row("aircraft 机型", made.aircraft.name.clone());
    if let Some(geometry) = made.geometry {
        row("height above ground 离地高度", format!("{:.1} m", geometry.height_m));
        row(
            "lines apart, pictures apart 航线间距、拍照间距",
            format!("{:.1} m, {:.1} m", geometry.spacing_m, geometry.trigger_m),
        );
        row("speed 速度", format!("{:.1} m/s", geometry.speed_mps));
    }
    row("legs, waypoints 航段、航点", format!("{}, {}", made.plan.legs.len(), made.plan.waypoints.len()));
    row("way 航程", format!("{:.2} km, {:.2} km looking", cost.length_m / 1e3, cost.seen_m / 1e3));
    row("time in the air 飞行时间", minutes(cost.secs));
    row("pictures, batteries 照片、电池", format!("{}, {}", cost.pictures, cost.batteries));
    if let Some(merged) = made.merged {
        let alone: Vec<String> =
            merged.alone.iter().map(|(id, cost)| format!("{id} {}", minutes(cost.secs))).collect();
        row("each alone 各自单飞", alone.join(", "));
        row("saved 节省", minutes(merged.saved_secs()));
    }
    let mut text = table.to_string();
    let serving = made.plan.legs.iter().enumerate().filter(|(_, leg)| !leg.serves.is_empty());
    for (index, leg) in serving {
        // Writing to a text cannot fail.
        let _ = write!(text, "\nleg 航段 {}: {}", index + 1, leg.serves.join(", "));
    }
    text
}
