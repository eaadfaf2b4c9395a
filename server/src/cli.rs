//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use models::Precision;

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
    /// Turn pixels into positions with their errors
    Georef(GeorefArgs),
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

/// Arguments of `georef`.
#[derive(Debug, Clone, Args)]
pub struct GeorefArgs {
    /// Pictures that tell their pose (XMP, EXIF); none with --pose or a fixed --camera
    pub stills: Vec<PathBuf>,
    /// camera.toml: the lens; with place and direction that of a fixed camera
    #[arg(long, value_name = "FILE")]
    pub camera: Option<PathBuf>,
    /// Poses, CSV: image, lat_deg, lon_deg, heading_deg, pitch_deg, roll_deg of the camera, and ellipsoid_height_m, geoid_height_m,
    /// above_takeoff_m or unknown_datum_height_m; sigma_east_m, sigma_north_m, sigma_up_m if known
    #[arg(long, value_name = "FILE")]
    pub pose: Option<PathBuf>,
    /// Pixels, CSV: image (path given or base name), u, v; (0, 0) is the outer corner of the top-left pixel
    #[arg(long, value_name = "FILE")]
    pub points: PathBuf,
    /// Terrain, GeoTIFF; may be given several times, the first that covers a place counts
    #[arg(long, value_name = "FILE")]
    pub dem: Vec<PathBuf>,
    /// What the heights of the terrain count from; told by the heights above take-off when not given
    #[arg(long, value_enum)]
    pub dem_heights: Option<DemHeights>,
    /// Coordinate reference system of terrain files that state none
    #[arg(long, value_name = "EPSG:n", value_parser = parse_epsg)]
    pub dem_crs: Option<u32>,
    /// Geoid above the ellipsoid, metres; by the model when not given
    #[arg(long, value_name = "METRES")]
    pub undulation: Option<f64>,
    /// One standard deviation of the pixels
    #[arg(long, value_name = "PIXELS", default_value_t = crate::commands::georef::PIXEL_SIGMA_PX)]
    pub pixel_sigma: f64,
    /// How to print
    #[arg(long, value_enum, default_value_t = PointFormat::Csv)]
    pub format: PointFormat,
}

/// What the heights of a terrain file count from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DemHeights {
    /// The WGS-84 ellipsoid
    Ellipsoidal,
    /// The geoid of EGM96
    Egm96,
    /// The geoid of EGM2008
    Egm2008,
}

/// How positions are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PointFormat {
    /// A table
    Csv,
    /// RFC 7946
    Geojson,
}

fn parse_epsg(text: &str) -> Result<u32, String> {
    let code = text.trim().strip_prefix("EPSG:").or(text.trim().strip_prefix("epsg:")).unwrap_or(text.trim());
    code.parse().map_err(|_| format!("{text:?} is no EPSG code; give it as in EPSG:32651"))
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
