//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use models::Precision;

use crate::config::HeightDatumName;

/// Drone and CCTV video into tasks for the department responsible.
#[derive(Debug, Parser)]
#[command(name = "flyonce", version, propagate_version = true)]
pub struct Cli {
    /// Say more on standard error; twice for every detail
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
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
    /// Calibrate cameras and aircraft from landmarks
    Calibrate(CalibrateArgs),
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
    /// MISB KLV, MPEG-TS, DJI SRT, JPEG or TIFF still, MP4 with a telemetry track
    pub file: PathBuf,
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

/// Arguments of `calibrate`.
#[derive(Debug, Clone, Args)]
pub struct CalibrateArgs {
    /// What to calibrate
    #[command(subcommand)]
    pub command: CalibrateCommand,
}

/// One calibration.
#[derive(Debug, Clone, Subcommand)]
pub enum CalibrateCommand {
    /// Constant errors of an aircraft's camera from landmarks marked in its pictures
    Mount(CalibrateMountArgs),
}

/// Arguments of `calibrate mount`.
#[derive(Debug, Clone, Args)]
pub struct CalibrateMountArgs {
    /// Folders or files of stills that tell their pose, or tables of poses (CSV: image, lat_deg, lon_deg, height_m above the
    /// ellipsoid, heading_deg, pitch_deg, roll_deg, width_px, height_px, focal_px, time)
    #[arg(required = true)]
    pub flights: Vec<PathBuf>,
    /// Where landmarks are seen (CSV: image, u, v, name); (0, 0) is the outer corner of the top-left pixel
    #[arg(long, value_name = "FILE")]
    pub marks: PathBuf,
    /// Surveyed landmarks (CSV: name, lat_deg, lon_deg, height_m above the WGS-84 ellipsoid)
    #[arg(long, value_name = "FILE")]
    pub points: Option<PathBuf>,
    /// Ground heights (GeoTIFF): landmarks that are not surveyed lie on it
    #[arg(long, value_name = "FILE")]
    pub dem: Option<PathBuf>,
    /// Datum of those heights
    #[arg(long, value_name = "DATUM", value_parser = parse_datum, default_value = "ellipsoidal")]
    pub dem_heights: HeightDatumName,
    /// One standard deviation of those heights, metres
    #[arg(long, value_name = "M", default_value_t = 0.5)]
    pub dem_sigma_m: f64,
    /// Geoid above the ellipsoid at the place, metres; EGM2008 for the pictures when not given
    #[arg(long, value_name = "M", allow_hyphen_values = true)]
    pub undulation_m: Option<f64>,
    /// One standard deviation of a mark, pixels
    #[arg(long, value_name = "PX", default_value_t = 2.0)]
    pub mark_sigma_px: f64,
    /// Write what was found to this profile; `aircraft = "profile.toml"` of a source applies it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

fn parse_datum(text: &str) -> Result<HeightDatumName, String> {
    match text {
        "ellipsoidal" => Ok(HeightDatumName::Ellipsoidal),
        "geoid" => Ok(HeightDatumName::Geoid),
        other => Err(format!("{other} is neither ellipsoidal nor geoid")),
    }
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
