//! Plans from areas, lines, tasks and requests.

use std::process::ExitCode;

use anyhow::{Context, anyhow, bail};
use gis::Terrain;
use missions::area::{Area, Asked, asked_from_geojson};
use missions::check::no_fly_from_geojson;
use missions::corridor::{Lines, lanes};
use missions::merge::{Request, merge as merge_all};
use missions::optics::Look;
use missions::planner::Planner;
use missions::revisit::{looks, spots_from_geojson};
use missions::{Aircraft, orbit as circle};

use super::input;
use super::output::{Made, file, write};
use crate::cli::{
    MissionConvertArgs, MissionCorridorArgs, MissionLookArgs, MissionMergeArgs, MissionOrbitArgs,
    MissionPlanArgs, MissionRevisitArgs, parse_length,
};
use crate::wire::Tiles;

/// What the command line says of a look, read.
struct Setup {
    aircraft: Aircraft,
    ground: Option<Tiles>,
}

impl Setup {
    fn read(args: &MissionLookArgs) -> anyhow::Result<Self> {
        Ok(Self { aircraft: input::aircraft(&args.aircraft)?, ground: input::ground(&args.ground)? })
    }

    fn planner<'a>(&'a self, args: &MissionLookArgs) -> Planner<'a> {
        Planner {
            aircraft: &self.aircraft,
            look: Look { gsd_m: args.gsd, overlap: args.overlap },
            ground: self.ground.as_ref().map(|tiles| tiles as &dyn Terrain),
            home: args.home,
            course_deg: args.course,
            pitch_deg: -90.0,
        }
    }
}

/// Takes zones that are not flown over out of an area.
fn outside(area: Area, args: &MissionLookArgs) -> anyhow::Result<Area> {
    let Some(path) = &args.no_fly else { return Ok(area) };
    let zones =
        no_fly_from_geojson(&input::text(path)?).with_context(|| format!("cannot use {}", path.display()))?;
    let area = zones.iter().fold(area, |area, zone| area.without(&area.plane.metres_of(&zone.degrees)));
    if area.shape.0.is_empty() {
        bail!("the whole area lies in no-fly zones");
    }
    Ok(area)
}

/// Plans an area.
///
/// # Errors
/// When an input cannot be read or flown, or the plan not be written.
pub fn area(args: &MissionPlanArgs) -> anyhow::Result<ExitCode> {
    let setup = Setup::read(&args.look)?;
    let planner = setup.planner(&args.look);
    let shown = args.area.display();
    let area =
        Area::from_geojson(&input::text(&args.area)?).with_context(|| format!("cannot use {shown}"))?;
    let area = outside(area, &args.look)?;
    let plan = planner.area(&area).with_context(|| format!("cannot plan {shown}"))?;
    let made =
        Made { plan: &plan, aircraft: &setup.aircraft, geometry: planner.geometry().ok(), merged: None };
    write(&made, &args.look.out, args.look.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Plans lines with a width.
///
/// # Errors
/// As [`area`].
pub fn corridor(args: &MissionCorridorArgs) -> anyhow::Result<ExitCode> {
    let setup = Setup::read(&args.look)?;
    let planner = setup.planner(&args.look);
    let shown = args.line.display();
    let lines =
        Lines::from_geojson(&input::text(&args.line)?).with_context(|| format!("cannot use {shown}"))?;
    let geometry = planner.geometry()?;
    let stretches = lanes(&lines, args.width, &geometry);
    let plan = planner.plan(&lines.plane, &stretches).with_context(|| format!("cannot plan {shown}"))?;
    let made = Made { plan: &plan, aircraft: &setup.aircraft, geometry: Some(geometry), merged: None };
    write(&made, &args.look.out, args.look.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Plans a round over open tasks.
///
/// # Errors
/// As [`area`].
pub fn revisit(args: &MissionRevisitArgs) -> anyhow::Result<ExitCode> {
    let setup = Setup::read(&args.look)?;
    let planner = setup.planner(&args.look);
    let shown = args.tasks.display();
    let spots =
        spots_from_geojson(&input::text(&args.tasks)?).with_context(|| format!("cannot use {shown}"))?;
    let geometry = planner.geometry()?;
    let (plane, stretches) = looks(&spots, &geometry, args.look.home);
    let plan = planner.plan(&plane, &stretches).with_context(|| format!("cannot plan {shown}"))?;
    let made = Made { plan: &plan, aircraft: &setup.aircraft, geometry: Some(geometry), merged: None };
    write(&made, &args.look.out, args.look.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Plans several requests as one flight.
///
/// # Errors
/// As [`area`].
pub fn merge(args: &MissionMergeArgs) -> anyhow::Result<ExitCode> {
    let setup = Setup::read(&args.look)?;
    let planner = setup.planner(&args.look);
    let mut asked = Vec::new();
    for path in &args.requests {
        let read = asked_from_geojson(&input::text(path)?);
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let read = read.with_context(|| format!("cannot use {}", path.display()))?;
        asked.extend(read.into_iter().map(|asked| (stem.clone(), asked)));
    }
    let all: Vec<Asked> = asked.iter().map(|(_, asked)| asked.clone()).collect();
    let whole = outside(Area::of(&all)?, &args.look)?;
    let mut requests = Vec::new();
    for (index, (stem, asked)) in asked.iter().enumerate() {
        let request = request(stem, index, asked, &whole, args.look.gsd)?;
        requests.push(request);
    }
    let merged = merge_all(&planner, &whole, &requests).context("cannot plan the requests")?;
    let made = Made { plan: &merged.plan, aircraft: &setup.aircraft, geometry: None, merged: Some(&merged) };
    write(&made, &args.look.out, args.look.json)?;
    Ok(ExitCode::SUCCESS)
}

fn request(stem: &str, index: usize, asked: &Asked, whole: &Area, gsd_m: f64) -> anyhow::Result<Request> {
    use geo::BooleanOps;
    let text = |key: &str| asked.properties.get(key).and_then(|value| value.as_str());
    let id = ["id", "request", "department", "name"].iter().find_map(|key| text(key));
    let id = id.map_or_else(|| format!("{stem} {index}"), ToOwned::to_owned);
    let gsd_m = match asked.properties.get("gsd") {
        None | Some(serde_json::Value::Null) => gsd_m,
        Some(value) => {
            let read = value
                .as_str()
                .ok_or_else(|| anyhow!("request {id}: gsd is {value}; give it as in \"2.5cm\""))?;
            parse_length(read).map_err(|error| anyhow!("request {id}: gsd: {error}"))?
        }
    };
    let shape = whole.plane.metres_of(&asked.degrees).intersection(&whole.shape);
    Ok(Request { id, shape, gsd_m })
}

/// Plans a circle around a source.
///
/// # Errors
/// As [`area`].
pub fn orbit(args: &MissionOrbitArgs) -> anyhow::Result<ExitCode> {
    let setup = Setup::read(&args.look)?;
    let planner = setup.planner(&args.look);
    let serves: Vec<String> = args.task.iter().cloned().collect();
    let plan = circle::orbit(&planner, args.at, &serves).context("cannot plan the circle")?;
    let made = Made { plan: &plan, aircraft: &setup.aircraft, geometry: None, merged: None };
    write(&made, &args.look.out, args.look.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a plan in another format.
///
/// # Errors
/// When it cannot be read or written.
pub fn convert(args: &MissionConvertArgs) -> anyhow::Result<ExitCode> {
    let imported = input::plan(&args.plan)?;
    let aircraft = input::aircraft_of(args.aircraft.as_deref(), &imported)?;
    file(&imported.plan, &aircraft, &args.out)?;
    Ok(ExitCode::SUCCESS)
}
