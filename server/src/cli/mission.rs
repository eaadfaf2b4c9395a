//! Arguments of `mission`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use gis::LatLon;
use jiff::Timestamp;
use missions::check::Wind;
use missions::optics::Overlap;

use super::dock::MissionSimulateDockArgs;
use super::launch::{MissionLaunchArgs, MissionOrderArgs, MissionVehicleArgs};
use super::{DemHeights, StoreArgs, parse_duration, parse_place};

/// Arguments of `mission`.
#[derive(Debug, Clone, Args)]
pub struct MissionArgs {
    /// What to do
    #[command(subcommand)]
    pub command: MissionCommand,
}

/// What to do with flights.
#[derive(Debug, Clone, Subcommand)]
pub enum MissionCommand {
    /// Plan the flight that sees an area at a ground sample distance
    Plan(MissionPlanArgs),
    /// Plan a flight along roads or rivers
    Corridor(MissionCorridorArgs),
    /// Plan the shortest round with a look at each open task
    Revisit(MissionRevisitArgs),
    /// Plan one flight for the requests of several departments
    Merge(MissionMergeArgs),
    /// Plan a circle around a source of fume or smoke
    Orbit(MissionOrbitArgs),
    /// Share out a whole area among docks: who flies what and when, charging included
    Fleet(MissionFleetArgs),
    /// Say everything that is wrong with a plan, on which leg, and how to mend it
    Check(MissionCheckArgs),
    /// Say what was seen of an area, how finely and when, and write what was not as an area to fly
    Proof(MissionProofArgs),
    /// Write a plan in another format
    Convert(MissionConvertArgs),
    /// Be a dock of DJI's Cloud API at a broker: bind, take plans, fly them by time and tell of it
    SimulateDock(MissionSimulateDockArgs),
    /// Fly a plan: checks, upload, a person's confirmation, and the flight to its end
    Launch(Box<MissionLaunchArgs>),
    /// Hold, go on, change, call home or break off a flight that is under way
    Order(MissionOrderArgs),
    /// Play an aircraft that speaks MAVLink, to try launches on
    SimulateVehicle(MissionVehicleArgs),
}

/// How ground is seen, by whom, from where, and into which file.
#[derive(Debug, Clone, Args)]
pub struct MissionLookArgs {
    /// Ground that one pixel shows, as in 2.5cm or 0.025m
    #[arg(long, value_name = "LENGTH", value_parser = parse_length)]
    pub gsd: f64,
    /// Aircraft: m3td, m4td, m30t, multicopter, or a profile such as configs/aircraft/m3td.toml
    #[arg(long = "profile", alias = "aircraft", value_name = "NAME", default_value = "m3td")]
    pub aircraft: String,
    /// Overlap along and across the flight, per cent
    #[arg(long, value_name = "FRONT/SIDE", value_parser = parse_overlap, default_value = "70/60")]
    pub overlap: Overlap,
    /// Where it takes off and lands, as in 28.97,118.87
    #[arg(long, value_name = "LAT,LON", value_parser = parse_place, allow_hyphen_values = true)]
    pub home: Option<LatLon>,
    /// Direction of lines, degrees clockwise from north; the best when not given
    #[arg(long, value_name = "DEG", allow_hyphen_values = true)]
    pub course: Option<f64>,
    /// Zones that are not flown over, GeoJSON
    #[arg(long, value_name = "FILE")]
    pub no_fly: Option<PathBuf>,
    /// The ground
    #[command(flatten)]
    pub ground: GroundArgs,
    /// File to write: .kmz (DJI), .plan (QGroundControl), .waypoints (QGC WPL 110) or .geojson
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Print JSON on standard output instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Terrain.
#[derive(Debug, Clone, Args)]
pub struct GroundArgs {
    /// Terrain, GeoTIFF or SRTM; may be given several times, the first that covers a place counts
    #[arg(long, value_name = "FILE")]
    pub dem: Vec<PathBuf>,
    /// What its heights count from, where the file does not say
    #[arg(long, value_enum)]
    pub dem_heights: Option<DemHeights>,
}

/// What a plan is held against before it flies, wherever it is looked at.
#[derive(Debug, Clone, Args)]
pub struct MissionAgainstArgs {
    /// The ground
    #[command(flatten)]
    pub ground: GroundArgs,
    /// Fence that must not be left, GeoJSON; a launch over MAVLink takes it on board
    #[arg(long, value_name = "FILE")]
    pub fence: Option<PathBuf>,
    /// No-fly zones, GeoJSON with `name`, `from` and `until`; those of now go on board with the fence
    #[arg(long, value_name = "FILE")]
    pub no_fly: Option<PathBuf>,
    /// Wind, as in 6m/s@270: metres a second from a direction
    #[arg(long, value_name = "SPEED@FROM", value_parser = parse_wind)]
    pub wind: Option<Wind>,
    /// Least height above ground, metres
    #[arg(long, value_name = "METRES", default_value_t = missions::check::CLEARANCE_M)]
    pub clearance: f64,
    /// Greatest height above ground, metres, where a permission allows another than the profile's (usually 120)
    #[arg(long, value_name = "METRES", value_parser = parse_metres)]
    pub ceiling: Option<f64>,
}

/// Arguments of `mission plan`.
#[derive(Debug, Clone, Args)]
pub struct MissionPlanArgs {
    /// Area, GeoJSON
    #[arg(long, value_name = "FILE")]
    pub area: PathBuf,
    /// How it is seen
    #[command(flatten)]
    pub look: MissionLookArgs,
}

/// Arguments of `mission corridor`.
#[derive(Debug, Clone, Args)]
pub struct MissionCorridorArgs {
    /// LineStrings, GeoJSON
    #[arg(long, value_name = "FILE")]
    pub line: PathBuf,
    /// Width to be seen, as in 60m
    #[arg(long, value_name = "LENGTH", value_parser = parse_length)]
    pub width: f64,
    /// How it is seen
    #[command(flatten)]
    pub look: MissionLookArgs,
}

/// Arguments of `mission revisit`.
#[derive(Debug, Clone, Args)]
pub struct MissionRevisitArgs {
    /// Tasks, GeoJSON points such as tasks.geojson of `analyze`; closed ones are left out
    #[arg(long, value_name = "FILE")]
    pub tasks: PathBuf,
    /// How they are seen
    #[command(flatten)]
    pub look: MissionLookArgs,
}

/// Arguments of `mission merge`.
#[derive(Debug, Clone, Args)]
pub struct MissionMergeArgs {
    /// Requests, GeoJSON polygons with `id` or `department`, and `gsd` such as "2.5cm" where it is not that of --gsd; several files
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    pub requests: Vec<PathBuf>,
    /// How they are seen
    #[command(flatten)]
    pub look: MissionLookArgs,
}

/// Arguments of `mission proof`.
#[derive(Debug, Clone, Args)]
pub struct MissionProofArgs {
    /// Area that was to be seen, GeoJSON
    #[arg(long, value_name = "FILE")]
    pub area: PathBuf,
    /// Ground that one pixel had to show, as in 2.5cm or 0.025m
    #[arg(long, value_name = "LENGTH", value_parser = parse_length)]
    pub gsd: f64,
    /// Looks from this time on, as in 2026-06-20T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub since: Option<Timestamp>,
    /// Looks up to this time
    #[arg(long, value_name = "TIME")]
    pub until: Option<Timestamp>,
    /// Looks of this source; of all when not given, several when given more than once
    #[arg(long, value_name = "ID")]
    pub source: Vec<String>,
    /// Write what was not seen, GeoJSON
    #[arg(long, value_name = "FILE")]
    pub holes: Option<PathBuf>,
    /// Print JSON on standard output instead of a table
    #[arg(long)]
    pub json: bool,
    /// The store
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Arguments of `mission orbit`.
#[derive(Debug, Clone, Args)]
pub struct MissionOrbitArgs {
    /// The source, as in 28.97,118.87
    #[arg(long, value_name = "LAT,LON", value_parser = parse_place, allow_hyphen_values = true)]
    pub at: LatLon,
    /// Id of the task it serves
    #[arg(long, value_name = "ID")]
    pub task: Option<String>,
    /// How it is seen
    #[command(flatten)]
    pub look: MissionLookArgs,
}

/// Arguments of `mission fleet`.
#[derive(Debug, Clone, Args)]
pub struct MissionFleetArgs {
    /// Area, GeoJSON; features with a greater whole number as "priority" are seen first
    #[arg(long, value_name = "FILE")]
    pub area: PathBuf,
    /// Docks, CSV: id, lat_deg, lon_deg, and opens and closes as in 06:00 where they may not always fly
    #[arg(long, value_name = "FILE")]
    pub docks: PathBuf,
    /// Ground that one pixel shows, as in 2.5cm or 0.025m
    #[arg(long, value_name = "LENGTH", value_parser = parse_length)]
    pub gsd: f64,
    /// Aircraft of every dock: a name or a profile
    #[arg(long = "profile", alias = "aircraft", value_name = "NAME", default_value = "m3td")]
    pub aircraft: String,
    /// Overlap along and across the flight, per cent
    #[arg(long, value_name = "FRONT/SIDE", value_parser = parse_overlap, default_value = "70/60")]
    pub overlap: Overlap,
    /// Time of day of the first take-off, as in 08:00; needed where docks have hours
    #[arg(long, value_name = "TIME")]
    pub start: Option<jiff::civil::Time>,
    /// How long to look for a better plan, as in 20s
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "15s")]
    pub search: Duration,
    /// Sorties to write: .geojson
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Write a map
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// Print JSON on standard output instead of a table
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `mission check`.
#[derive(Debug, Clone, Args)]
pub struct MissionCheckArgs {
    /// Plan: KMZ, WPML, .plan, QGC WPL 110 or GeoJSON
    pub plan: PathBuf,
    /// Aircraft: a name or a profile; that of the plan when it says so, else m3td
    #[arg(long = "profile", alias = "aircraft", value_name = "NAME")]
    pub aircraft: Option<String>,
    /// What it is held against
    #[command(flatten)]
    pub against: MissionAgainstArgs,
    /// When it flies, as in 2026-06-22T09:00:00+08:00; every zone counts when not given
    #[arg(long, value_name = "TIME")]
    pub at: Option<Timestamp>,
    /// Ground that one pixel was to show
    #[arg(long, value_name = "LENGTH", value_parser = parse_length)]
    pub gsd: Option<f64>,
    /// Where it takes off and lands, where the plan does not say
    #[arg(long, value_name = "LAT,LON", value_parser = parse_place, allow_hyphen_values = true)]
    pub home: Option<LatLon>,
    /// Print JSON on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `mission convert`.
#[derive(Debug, Clone, Args)]
pub struct MissionConvertArgs {
    /// Plan: KMZ, WPML, .plan, QGC WPL 110 or GeoJSON
    pub plan: PathBuf,
    /// Aircraft: a name or a profile; that of the plan when it says so, else m3td
    #[arg(long = "profile", alias = "aircraft", value_name = "NAME")]
    pub aircraft: Option<String>,
    /// File to write: .kmz, .plan, .waypoints or .geojson
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// Reads metres above zero.
fn parse_metres(text: &str) -> Result<f64, String> {
    let read: f64 = text.parse().map_err(|_| format!("{text:?} is no number of metres"))?;
    if read > 0.0 && read < 1e5 { Ok(read) } else { Err(format!("{read} m: give metres above 0")) }
}

/// Reads a length with its unit.
///
/// # Errors
/// When there is no number above zero or no unit.
pub fn parse_length(text: &str) -> Result<f64, String> {
    let text = text.trim();
    let units = [("mm", 1e-3), ("cm", 1e-2), ("km", 1e3), ("m", 1.0)];
    let read = units.iter().find_map(|(unit, metres)| Some((text.strip_suffix(unit)?, metres)));
    let (number, metres) = read.ok_or("give a length with its unit, as in 2.5cm or 0.025m")?;
    let value: f64 = number.trim().parse().map_err(|_| format!("{number:?} is no number"))?;
    if value > 0.0 && value.is_finite() {
        Ok(value * metres)
    } else {
        Err(format!("{text} is no length above zero"))
    }
}

fn parse_overlap(text: &str) -> Result<Overlap, String> {
    let share =
        |part: &str| part.trim().trim_end_matches('%').parse::<f64>().ok().map(|percent| percent / 100.0);
    let read = text.split_once('/').and_then(|(front, side)| Some((share(front)?, share(side)?)));
    let (front, side) = read.ok_or("give per cent along and across, as in 70/60")?;
    Ok(Overlap { front, side })
}

/// Reads a wind.
///
/// # Errors
/// When it is none.
pub fn parse_wind(text: &str) -> Result<Wind, String> {
    let read = text.split_once('@').and_then(|(speed, from)| {
        let speed_mps = speed.trim().trim_end_matches("m/s").trim().parse::<f64>().ok()?;
        Some(Wind { speed_mps, from_deg: from.trim().parse::<f64>().ok()? })
    });
    let wind = read.ok_or("give speed and where it comes from, as in 6m/s@270")?;
    let known = (0.0..=80.0).contains(&wind.speed_mps) && (-360.0..=360.0).contains(&wind.from_deg);
    known.then_some(wind).ok_or_else(|| format!("{text} is no wind"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_overlaps_and_winds_are_read_with_their_units() {
        assert_eq!(parse_length("2.5cm"), Ok(0.025));
        assert_eq!(parse_length("0.03 m"), Ok(0.03));
        assert!(parse_length("25").is_err() && parse_length("-1m").is_err() && parse_length("nanm").is_err());
        assert_eq!(parse_overlap("80/70"), Ok(Overlap { front: 0.8, side: 0.7 }));
        assert!(parse_overlap("80").is_err());
        assert_eq!(parse_wind("6m/s@270"), Ok(Wind { speed_mps: 6.0, from_deg: 270.0 }));
        assert!(parse_wind("6").is_err() && parse_wind("nan@0").is_err());
    }
}
