//! `flyonce route`: for each point of a table, who leads, who assists, how sure that is, by which rule and until when.

pub mod city;
pub mod input;
mod output;

use std::process::ExitCode;

use anyhow::Context;
use dispatch::{Calendar, Facts, Finding, Routing, ground, route_on_ground};
use jiff::Timestamp;

use self::input::Point;
use crate::cli::RouteArgs;
use crate::clock;
use crate::wire::City;

/// A point and where it goes.
struct Routed {
    point: Point,
    time: Timestamp,
    routing: Routing,
}

/// Prints one row a point on standard output, in the order of the file; rows that cannot be read are named on standard error, and
/// the exit code is then 1.
///
/// # Errors
/// When the city or the file cannot be read; the message names file, line and value.
pub fn run(args: &RouteArgs) -> anyhow::Result<ExitCode> {
    let city = city::load(&args.city)?;
    let read = input::points(&args.points, &city.rules)?;
    let now = clock::now();
    let routed: Vec<Routed> = read.points.into_iter().map(|point| routed(point, &city, now)).collect();
    let text = output::text(&routed, &city, args.format)?;
    crate::output::print(text.trim_end()).context("cannot write to standard output")?;
    for fault in &read.faults {
        tracing::error!("{fault}");
    }
    let persons = routed.iter().filter(|routed| routed.routing.needs_person()).count();
    let (points, bad) = (routed.len(), read.faults.len());
    tracing::info!("{points} points, {persons} for a person, {bad} rows that cannot be read");
    Ok(if read.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn routed(point: Point, city: &City, now: Timestamp) -> Routed {
    let time = point.time.unwrap_or(now);
    let class = point.class.as_str();
    let severity = point.severity.unwrap_or_else(|| city.rules.severity(class, point.area_m2));
    let position = &point.position;
    let finding = Finding { class, position, footprint: None, area_m2: point.area_m2, time };
    let found = ground(&finding, &city.context, &city.rules);
    let facts = Facts { class, position, severity, time };
    let routing = route_on_ground(&facts, found, &city.zones, &city.rules);
    Routed { point, time, routing }
}

/// Writes a moment in the time of the city.
pub fn local(time: Timestamp, calendar: &Calendar) -> String {
    time.to_zoned(calendar.timezone.0.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
}
