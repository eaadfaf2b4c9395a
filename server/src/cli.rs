//! The command line.

mod cases;
mod dock;
mod field;
mod keeping;
mod launch;
mod mission;
mod position;
mod route;
mod serve;
mod simulate;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use gis::LatLon;
use gis::zones::{Crs, ZoneLevel};
use models::Precision;

pub use cases::{
    DepartmentArgs, ExportArgs, IncidentsArgs, IncidentsCommand, IncidentsListArgs, IncidentsMergeArgs,
    IncidentsSplitArgs, LabelFormat, LookArgs, OneArgs, OneLookArgs, PersonArgs, StoreArgs, TasksArgs,
    TasksCommand, TasksListArgs,
};
pub use dock::{BrokerArgs, DockArgs, DockLaunchArgs, LaunchLookArgs, MissionSimulateDockArgs};
pub use field::{
    BulkAnswer, CrewsArgs, CrewsCommand, GroupsArgs, NearestArgs, OverdueArgs, VisitFormat, VisitsArgs,
};
pub use keeping::{BackupArgs, BlurArgs, RestoreArgs, VerifyArgs};
pub use launch::{MissionLaunchArgs, MissionOrderArgs, MissionVehicleArgs, OrderArg};
pub use mission::{
    GroundArgs, MissionAgainstArgs, MissionArgs, MissionCheckArgs, MissionCommand, MissionConvertArgs,
    MissionCorridorArgs, MissionFleetArgs, MissionLookArgs, MissionMergeArgs, MissionOrbitArgs,
    MissionPlanArgs, MissionProofArgs, MissionRevisitArgs, parse_length,
};
pub use position::{
    CalibrateArgs, CalibrateCameraArgs, CalibrateClockArgs, CalibrateCommand, CalibrateMountArgs, DemHeights,
    DemKind, GeorefArgs, LensChoice, MarkCrs, PointFormat,
};
pub use route::{
    CityArgs, ContextArg, RouteArgs, RowFormat, RulesArgs, RulesCheckArgs, RulesCommand, RulesDryRunArgs,
    Since, ZoneArg,
};
pub use serve::{ServeArgs, TokensArgs, UsersArgs};
pub use simulate::SimulateArgs;

/// Drone and CCTV video into tasks for the department responsible.
#[derive(Debug, Parser)]
#[command(name = "flyonce", version, propagate_version = true)]
pub struct Cli {
    /// Say more on standard error; twice for every detail
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// How the log on standard error is written
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// A line for people
    #[default]
    Text,
    /// A JSON object a line, with the time
    Json,
}

/// One command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Analyse video and write tasks, a report and a summary
    Analyze(AnalyzeArgs),
    /// Print the telemetry of a file as JSON lines
    Telemetry(TelemetryArgs),
    /// Validate a configuration and everything it names
    Check(CheckArgs),
    /// Score a model pack on a labelled folder
    Eval(EvalArgs),
    /// Turn pixels into positions with their errors
    Georef(GeorefArgs),
    /// Find what is constant about a camera from what it sees
    Calibrate(CalibrateArgs),
    /// Import boundary files into a zone store and list what it holds
    Zones(ZonesArgs),
    /// Send a city day with known truth through deduplication and routing, and print how well that went
    Simulate(SimulateArgs),
    /// Say which department gets each point of a table, and why
    Route(RouteArgs),
    /// Check rules and lists, and try new ones on past incidents
    Rules(RulesArgs),
    /// Look at incidents; merge, split, reject, close, reopen and undo
    Incidents(IncidentsArgs),
    /// Look at tasks and move them on
    Tasks(TasksArgs),
    /// Ingest feeds live, keep the store, and serve page, interface and event feed
    Serve(ServeArgs),
    /// Make an account of a server, or give it another password
    Users(UsersArgs),
    /// Make a token with which a machine uses a server
    Tokens(TokensArgs),
    /// Write incidents, tasks, the ground looked at and zones as a GeoPackage
    Export(ExportArgs),
    /// Write pictures too coarse to read a face or a plate in, as departments see them
    Blur(BlurArgs),
    /// Check that a store and its evidence are as they were recorded; names what changed and where
    Verify(VerifyArgs),
    /// Write store and evidence into a folder, as of one moment, while the server runs
    Backup(BackupArgs),
    /// Fill an empty folder from a backup, and verify it
    Restore(RestoreArgs),
    /// Plan joint visits: open tasks of several departments at one place and time become one
    Visits(VisitsArgs),
    /// Propose crews
    Crews(CrewsArgs),
    /// Plan flights, check and convert them
    Mission(MissionArgs),
}

/// Arguments of `analyze`.
#[derive(Debug, Clone, Args)]
pub struct AnalyzeArgs {
    /// Video files, folders of pictures, rtsp://, udp:// or srt:// addresses; the configuration's sources when none
    pub inputs: Vec<String>,
    /// Telemetry beside the video (DJI SRT or KLV); for one input
    #[arg(long, value_name = "FILE")]
    pub telemetry: Option<PathBuf>,
    /// Configuration; without one, the defaults: the shipped packs, no zones, no terrain
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Output folder, which also keeps what earlier runs into it found; out/NAME of the first source when not given
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Stop live sources after this time, as in 30s or 5m
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    pub for_time: Option<Duration>,
    /// Frames looked at each second of video, every frame when 0
    #[arg(long, value_name = "N")]
    pub fps: Option<f64>,
    /// Known truth to compare with (sample-data/truth.json)
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// Print the summary as JSON on standard output instead of tables
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `telemetry`.
#[derive(Debug, Clone, Args)]
pub struct TelemetryArgs {
    /// MISB KLV, MPEG-TS, DJI SRT, JPEG or TIFF still, MP4 with a telemetry track, MAVLink log, PX4 ULog, DJI OSD messages
    pub file: PathBuf,
    /// Kind of the file, told by its content when auto
    #[arg(long, value_name = "KIND", value_enum, default_value_t)]
    pub format: TelemetryFormat,
}

/// What `telemetry --format` may be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum TelemetryFormat {
    /// By content
    #[default]
    Auto,
    /// MISB KLV packets one after another
    Klv,
    /// MPEG transport stream with KLV
    Ts,
    /// MP4 or MOV with a telemetry track
    Mp4,
    /// JPEG or TIFF picture
    Still,
    /// DJI subtitles
    Srt,
    /// MAVLink, with a ground station's time stamps (.tlog) or without
    Mavlink,
    /// Log of a PX4 autopilot (.ulg)
    Ulog,
    /// Messages of DJI's Cloud API, one a line
    DjiOsd,
}

/// Arguments of `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
}

/// Arguments of `eval`.
#[derive(Debug, Clone, Args)]
pub struct EvalArgs {
    /// Folder of the pack
    #[arg(long, value_name = "DIR")]
    pub pack: PathBuf,
    /// Labelled folder: images/ with masks/ (0, 1, 255 = ignore) or labels/ (YOLO text; empty when there is nothing to find)
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// Print JSON on standard output
    #[arg(long)]
    pub json: bool,
    /// Write every picture with truth and prediction, worst first, into one HTML file
    #[arg(long, value_name = "FILE")]
    pub gallery: Option<PathBuf>,
    /// Variant of the pack, fp32 or int8; fp32 when not given
    #[arg(long, value_name = "NUMBERS")]
    pub precision: Option<Precision>,
}

/// Arguments of `zones`.
#[derive(Debug, Clone, Args)]
pub struct ZonesArgs {
    /// What to do with zones
    #[command(subcommand)]
    pub command: ZonesCommand,
}

/// What to do with zones.
#[derive(Debug, Clone, Subcommand)]
pub enum ZonesCommand {
    /// Read a boundary file into the zone store, all of it or nothing
    Import(ZonesImportArgs),
    /// Print the zones of the zone store, or which of them hold a place
    List(ZonesListArgs),
}

/// Arguments of `zones import`.
#[derive(Debug, Clone, Args)]
pub struct ZonesImportArgs {
    /// GeoJSON, Shapefile (.shp), GeoPackage, KML or KMZ
    pub file: PathBuf,
    /// Coordinates of the file: wgs84, cgcs2000, gcj02, bd09 or an EPSG code such as EPSG:4549
    #[arg(long, value_name = "CRS")]
    pub crs: Crs,
    /// Level of its zones: city, district, township, community, grid or special; when not given, of each its property
    /// `level`, else what the length of its code tells
    #[arg(long, value_name = "LEVEL")]
    pub level: Option<ZoneLevel>,
    /// Property that holds the code; `code` when not given
    #[arg(long, value_name = "KEY")]
    pub code_key: Option<String>,
    /// Property that holds the Chinese name; `name_zh` when not given
    #[arg(long, value_name = "KEY")]
    pub name_zh_key: Option<String>,
    /// Property that holds the English name; `name_en` when not given
    #[arg(long, value_name = "KEY")]
    pub name_en_key: Option<String>,
    /// Property that holds the code of the parent, dots for nesting; `parent` when not given, none when empty
    #[arg(long, value_name = "KEY")]
    pub parent_key: Option<String>,
    /// Kind of special areas, as in arterial_road
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// Zone store: a folder, which then holds zones.sqlite, or a .sqlite file
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub store: PathBuf,
}

/// Arguments of `zones list`.
#[derive(Debug, Clone, Args)]
pub struct ZonesListArgs {
    /// Zone store: the folder of zones.sqlite, or a .sqlite file
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub store: PathBuf,
    /// Only say which zones hold a place of WGS-84, as in 30.745,120.908; may be given several times
    #[arg(long, value_name = "LAT,LON", value_parser = parse_place, allow_hyphen_values = true)]
    pub at: Vec<LatLon>,
    /// Print JSON on standard output
    #[arg(long)]
    pub json: bool,
}

fn parse_place(text: &str) -> Result<LatLon, String> {
    let numbers = text
        .split_once(',')
        .and_then(|(lat, lon)| Some((lat.trim().parse().ok()?, lon.trim().parse().ok()?)));
    let (lat_deg, lon_deg) = numbers.ok_or("give latitude and longitude as in 30.745,120.908")?;
    LatLon::new(lat_deg, lon_deg)
        .ok_or_else(|| format!("latitude {lat_deg} longitude {lon_deg} is not on the globe"))
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let span: jiff::SignedDuration = text.parse().map_err(|e| format!("{e}; give it as in 30s or 5m"))?;
    Duration::try_from(span).map_err(|_| format!("{text} is negative"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_are_read_with_their_unit_and_refused_without() {
        assert_eq!(parse_duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_duration("5m"), Ok(Duration::from_mins(5)));
        assert!(parse_duration("30").is_err());
        assert!(parse_duration("-3s").is_err());
    }
}
