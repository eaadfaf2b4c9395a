//! Arguments of the commands that turn pixels into places: `georef` and `calibrate`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use gis::geoid::GeoidModel;
use gis::terrain::TerrainKind;

use crate::config::HeightDatumName;

/// Arguments of `georef`.
#[derive(Debug, Clone, Args)]
pub struct GeorefArgs {
    /// Pictures that tell their pose (XMP, EXIF); none with --pose or a fixed --camera
    pub stills: Vec<PathBuf>,
    /// camera.toml: the lens; with place and direction that of a fixed camera
    #[arg(long, value_name = "FILE")]
    pub camera: Option<PathBuf>,
    /// Poses, CSV: image, lat_deg, lon_deg, heading_deg, pitch_deg, roll_deg of the camera, and ellipsoid_height_m, geoid_height_m,
    /// above_takeoff_m or unknown_datum_height_m; if known, sigma_east_m, sigma_north_m, sigma_up_m, time, and the lens instead of
    /// --camera: width_px, height_px, focal_px
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
    /// What the terrain shows; rays stop at the roofs of a surface
    #[arg(long, value_enum, default_value_t)]
    pub dem_kind: DemKind,
    /// Coordinate reference system of terrain files that state none
    #[arg(long, value_name = "EPSG:n", value_parser = parse_epsg)]
    pub dem_crs: Option<u32>,
    /// Geoid above the ellipsoid, metres; by the model when not given
    #[arg(long, value_name = "METRES")]
    pub undulation: Option<f64>,
    /// One standard deviation of the pixels
    #[arg(long, value_name = "PIXELS", default_value_t = crate::commands::georef::PIXEL_SIGMA_PX)]
    pub pixel_sigma: f64,
    /// Least angle below the horizontal at which a ray is followed, degrees; negative for rays that rise towards a slope
    #[arg(long, value_name = "DEG", default_value_t = 5.0, allow_hyphen_values = true)]
    pub min_depression: f64,
    /// How to print
    #[arg(long, value_enum, default_value_t = PointFormat::Csv)]
    pub format: PointFormat,
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
    /// Pose and lens of a fixed camera from points clicked on a still
    Camera(CalibrateCameraArgs),
    /// Constant errors of an aircraft's camera from landmarks marked in its pictures
    Mount(CalibrateMountArgs),
    /// Offset of the telemetry's clock from how the picture turns from frame to frame
    Clock(CalibrateClockArgs),
}

/// Arguments of `calibrate camera`.
#[derive(Debug, Clone, Args)]
pub struct CalibrateCameraArgs {
    /// Points, CSV: name, u, v (pixel, from the outer corner of the top-left one), x, y, z (metres, or degrees of longitude and
    /// latitude)
    #[arg(long, value_name = "FILE")]
    pub points: PathBuf,
    /// System of x and y; a local frame has x right, y ahead, z up
    #[arg(long, value_name = "EPSG:n|local")]
    pub crs: MarkCrs,
    /// What z counts from, where the system is not local
    #[arg(long, value_enum, default_value_t = DemHeights::Ellipsoidal)]
    pub heights: DemHeights,
    /// The still, for its size and to draw on
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,
    /// Size of the picture, where there is no still
    #[arg(long, value_name = "WIDTHxHEIGHT", value_parser = parse_size)]
    pub size: Option<(f64, f64)>,
    /// camera.toml with the lens, where it is known
    #[arg(long, value_name = "FILE")]
    pub camera: Option<PathBuf>,
    /// What of the lens is searched; nothing when it is known, else the focal length
    #[arg(long, value_enum)]
    pub lens: Option<LensChoice>,
    /// Terrain, GeoTIFF or SRTM, on which the rays of the points must end; may be given several times
    #[arg(long, value_name = "FILE")]
    pub dem: Vec<PathBuf>,
    /// What the heights of the terrain count from; the same as --heights when not given
    #[arg(long, value_enum)]
    pub dem_heights: Option<DemHeights>,
    /// Coordinate reference system of terrain files that state none
    #[arg(long, value_name = "EPSG:n", value_parser = parse_epsg)]
    pub dem_crs: Option<u32>,
    /// Place of the camera as surveyed, in the system of the points
    #[arg(long, value_name = "X,Y,Z", value_parser = parse_xyz, allow_hyphen_values = true)]
    pub at: Option<[f64; 3]>,
    /// One standard deviation of that place, metres
    #[arg(long, value_name = "METRES", default_value_t = 0.1)]
    pub at_sigma: f64,
    /// One standard deviation of a clicked pixel, at the least
    #[arg(long, value_name = "PIXELS", default_value_t = 1.5)]
    pub pixel_sigma: f64,
    /// Where the camera is written
    #[arg(long, value_name = "FILE", default_value = "camera.toml")]
    pub out: PathBuf,
    /// Where the residuals are drawn, PNG
    #[arg(long, value_name = "FILE")]
    pub picture: Option<PathBuf>,
}

/// Arguments of `calibrate clock`.
#[derive(Debug, Clone, Args)]
pub struct CalibrateClockArgs {
    /// Configuration that names the flight's video, its telemetry and the terrain
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The source; the only one with moving poses when not given
    #[arg(long, value_name = "ID")]
    pub source: Option<String>,
    /// Frames a second that are compared
    #[arg(long, value_name = "N", default_value_t = 5.0)]
    pub fps: f64,
    /// Offsets up to this are tried either way, seconds
    #[arg(long, value_name = "SECS", default_value_t = 1.0)]
    pub range_secs: f64,
    /// Seconds of the video that are looked at, from its start
    #[arg(long, value_name = "SECS", default_value_t = 180.0)]
    pub most_secs: f64,
    /// Write the offset to this profile, whose other figures stay; `aircraft = "profile.toml"` of a source applies it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Arguments of `calibrate mount`.
#[derive(Debug, Clone, Args)]
pub struct CalibrateMountArgs {
    /// Folders or files of stills that tell their pose, or tables of poses (CSV, the columns of `georef --pose`, with the lens)
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
    /// Geoid above the ellipsoid at the place, metres; EGM96 for the pictures when not given
    #[arg(long, value_name = "M", allow_hyphen_values = true)]
    pub undulation_m: Option<f64>,
    /// One standard deviation of a mark, pixels
    #[arg(long, value_name = "PX", default_value_t = 2.0)]
    pub mark_sigma_px: f64,
    /// Write what was found to this profile; `aircraft = "profile.toml"` of a source applies it
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// System of surveyed points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkCrs {
    /// A local metric frame.
    Local,
    /// By its EPSG code.
    Epsg(u32),
}

/// What of a lens is searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LensChoice {
    /// Nothing
    Fixed,
    /// The focal length
    Focal,
    /// Focal length, principal point and radial distortion
    Free,
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

impl DemHeights {
    /// Returns the geoid they count from; `None` from the ellipsoid.
    pub fn geoid(self) -> Option<GeoidModel> {
        match self {
            Self::Ellipsoidal => None,
            Self::Egm96 => Some(GeoidModel::Egm96),
            Self::Egm2008 => Some(GeoidModel::Egm2008),
        }
    }
}

/// What the heights of a terrain file belong to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum DemKind {
    /// Roofs and crowns where there are some
    Surface,
    /// Bare earth
    Ground,
    /// Not known
    #[default]
    Unknown,
}

impl From<DemKind> for TerrainKind {
    fn from(kind: DemKind) -> Self {
        match kind {
            DemKind::Surface => Self::Surface,
            DemKind::Ground => Self::Ground,
            DemKind::Unknown => Self::Unknown,
        }
    }
}

/// How positions are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PointFormat {
    /// A table
    Csv,
    /// RFC 7946
    Geojson,
}

fn parse_size(text: &str) -> Result<(f64, f64), String> {
    let sides =
        text.split_once('x').and_then(|(w, h)| Some((w.trim().parse().ok()?, h.trim().parse().ok()?)));
    sides
        .filter(|(width, height): &(f64, f64)| {
            *width >= 1.0 && *height >= 1.0 && (width * height).is_finite()
        })
        .ok_or_else(|| format!("{text:?} is no size; give it as in 1920x1080"))
}

fn parse_xyz(text: &str) -> Result<[f64; 3], String> {
    let numbers: Vec<f64> = text.split(',').map_while(|part| part.trim().parse().ok()).collect();
    let place: Option<[f64; 3]> = numbers.try_into().ok();
    place
        .filter(|place| place.iter().all(|value| value.is_finite()))
        .ok_or_else(|| format!("{text:?} is no place; give it as in 419169.2,6718421.3,1212.5"))
}

fn parse_epsg(text: &str) -> Result<u32, String> {
    let code = text.trim().strip_prefix("EPSG:").or(text.trim().strip_prefix("epsg:")).unwrap_or(text.trim());
    code.parse().map_err(|_| format!("{text:?} is no EPSG code; give it as in EPSG:32651"))
}

fn parse_datum(text: &str) -> Result<HeightDatumName, String> {
    match text {
        "ellipsoidal" => Ok(HeightDatumName::Ellipsoidal),
        "geoid" => Ok(HeightDatumName::Geoid),
        other => Err(format!("{other} is neither ellipsoidal nor geoid")),
    }
}
