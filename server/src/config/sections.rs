//! The sections of a configuration and their defaults.

use std::path::PathBuf;

use dispatch::flood::FloodConfig;
use gis::LatLon;
use gis::dedupe::DedupeConfig;
use gis::terrain::TerrainKind;
use gis::zones::{ContextFile, ZoneFile};
use jiff::Timestamp;
use models::Precision;
use serde::Deserialize;
use store::Retention;

use super::keeping::{EvidenceEntry, ReviewEntry};

use super::feeds::{CapEntry, CotEntry, MqttEntry};
use super::serving::{ServeEntry, TracesEntry};

/// Everything a run needs to know, paths made absolute or relative to the working directory.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Where models run.
    pub runtime: Runtime,
    /// What is looked at and how often.
    pub analysis: Analysis,
    /// Model packs.
    pub packs: Vec<PackEntry>,
    /// Ground heights.
    pub terrain: TerrainEntry,
    /// Zone files.
    pub zones: Vec<ZoneEntry>,
    /// Zone store beside the files: the folder of `zones.sqlite`, or a `.sqlite` file.
    pub zone_store: Option<PathBuf>,
    /// Layers of what the ground is licensed for.
    pub context: Vec<ContextEntry>,
    /// File of departments.
    pub departments: Option<PathBuf>,
    /// File of rules.
    pub rules: Option<PathBuf>,
    /// Incidents out of sightings.
    pub dedupe: DedupeConfig,
    /// When many tasks are asked about as one.
    pub flood: FloodConfig,
    /// Where incidents and tasks are kept; in the output folder when absent.
    pub store: Option<StoreEntry>,
    /// Who is told of every event by a request of its own.
    pub webhooks: Vec<WebhookEntry>,
    /// Brokers that every event is published to.
    pub mqtt: Vec<MqttEntry>,
    /// Where events are sent as Cursor on Target.
    pub cot: Vec<CotEntry>,
    /// Alerts to the public.
    pub cap: CapEntry,
    /// How evidence is proved, and how much room it may take.
    pub evidence: EvidenceEntry,
    /// How decisions are checked.
    pub review: ReviewEntry,
    /// How long closed incidents are kept.
    pub retention: Retention,
    /// How the server is reached, by whom, and how often.
    pub serve: ServeEntry,
    /// Where traces go; nowhere when absent.
    pub traces: Option<TracesEntry>,
    /// Feeds.
    pub sources: Vec<SourceEntry>,
    /// What flies missions.
    pub vehicles: Vec<VehicleEntry>,
}

/// A dock or an aircraft that flies missions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VehicleEntry {
    /// Name in the interface.
    pub id: String,
    /// Chinese name.
    #[serde(default)]
    pub name_zh: Option<String>,
    /// English name.
    #[serde(default)]
    pub name_en: Option<String>,
    /// `dji-dock:mqtt://user@broker:1883/SERIAL`, `mqtts://` with TLS; or `mavlink:udp://HOST:PORT` and the like, for which the keys of
    /// docks mean nothing.
    pub uri: String,
    /// File that holds the password at the broker and nothing else.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Certificates of the broker's authorities, PEM; needed with `mqtts://`.
    #[serde(default)]
    pub ca: Option<PathBuf>,
    /// Serial number of the aircraft; what the dock says when absent.
    #[serde(default)]
    pub aircraft: Option<String>,
    /// Profile of the aircraft, as `m3td`, or a file such as `quad.toml`; plans for another are not launched.
    #[serde(default)]
    pub profile: Option<String>,
    /// Organization id that is typed in at the dock to bind it.
    #[serde(default)]
    pub organization: Option<String>,
    /// Code that is typed in at the dock to bind it; without one it cannot be bound.
    #[serde(default)]
    pub binding_code: Option<String>,
    /// Where the dock gets its plans: address to listen on, a free port of every address when absent.
    #[serde(default)]
    pub resource_listen: Option<std::net::SocketAddr>,
    /// The same as the dock reaches it, as `https://city.example/plans` of a proxy.
    #[serde(default)]
    pub resource_url: Option<String>,
    /// Video of its flights, as of `[[sources]]`: it is looked at while it flies.
    #[serde(default)]
    pub video: Option<String>,
    /// Telemetry beside the video.
    #[serde(default)]
    pub telemetry: Option<PathBuf>,
    /// The video is a recording that stands for what a flight shows, as for a simulated dock: its clock is set to the time of the flight.
    #[serde(default)]
    pub recorded: bool,
    /// Where it takes off and lands; missions for which nobody says where begin there.
    #[serde(default)]
    pub home: Option<PlaceEntry>,
}

/// Where incidents and tasks are kept: a database server or a file.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreEntry {
    /// `postgresql://user:password@host:port/database`.
    pub url: Option<String>,
    /// SQLite file.
    pub path: Option<PathBuf>,
}

/// Who is told of every event by a request of its own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookEntry {
    /// Name; the place that it has read up to is kept under it.
    pub id: String,
    /// `https://` or `http://`, without user and password.
    pub url: String,
    /// File that holds the secret, as in `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw`.
    pub secret_file: PathBuf,
    /// Only events of tasks that this department leads or assists.
    #[serde(default)]
    pub department: Option<String>,
    /// Addresses that are no public ones and may be sent to all the same.
    #[serde(default)]
    pub allow: Vec<std::net::IpAddr>,
}

impl WebhookEntry {
    /// Returns why it cannot be used, as far as its text tells.
    pub fn unusable(&self) -> Option<String> {
        let scheme = self.url.starts_with("https://") || self.url.starts_with("http://");
        let host = self.url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
        if self.id.is_empty() || self.id.len() > 100 {
            Some("its id is empty or longer than 100 bytes".to_owned())
        } else if !scheme || host.is_empty() || host.contains('@') {
            Some("its url is not http:// or https:// with a host, without user and password".to_owned())
        } else {
            None
        }
    }
}

impl std::fmt::Debug for StoreEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let url = self.url.as_deref().map(masked);
        f.debug_struct("StoreEntry").field("url", &url).field("path", &self.path).finish()
    }
}

/// Returns a text in which every address that holds a user and a password shows neither.
pub fn masked(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let ends = |c: char| c.is_whitespace() || "\"'/?`".contains(c);
        let host = after.find(ends).unwrap_or(after.len());
        // A password that is not written as it should be may hold any of these: what stands before the last `@` of the word is a secret.
        let word = after.find(char::is_whitespace).unwrap_or(after.len());
        let secret = after.get(..word).and_then(|word| word.rfind('@'));
        rest = match secret
            .filter(|at| *at <= host || after.get(..host).is_some_and(|part| part.contains(':')))
        {
            Some(at) => {
                shown.push_str("***");
                after.get(at..).unwrap_or_default()
            }
            None => after,
        };
    }
    shown.push_str(rest);
    shown
}

/// Where models run.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Runtime {
    /// ONNX Runtime's shared library; found where set-up puts it when absent.
    pub onnxruntime: Option<PathBuf>,
    /// Execution provider.
    pub provider: ProviderName,
    /// Variant of the packs; a pack without it is an error.
    pub precision: Precision,
    /// Detector threads; as many as there are cores when absent.
    pub workers: Option<usize>,
}

impl Default for Runtime {
    fn default() -> Self {
        Self { onnxruntime: None, provider: ProviderName::Cpu, precision: Precision::Fp32, workers: None }
    }
}

/// Execution provider of ONNX Runtime. One that cannot start is an error, never a silent fall-back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderName {
    /// The processor.
    Cpu,
    /// NVIDIA CUDA.
    Cuda,
    /// NVIDIA TensorRT.
    Tensorrt,
    /// Intel OpenVINO.
    Openvino,
}

/// What is looked at and what is believed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Analysis {
    /// Frames looked at each second of video; every frame when 0.
    pub fps: f64,
    /// Tiles looked at beside the whole frame, at most, where a card asks for a finer scale; none when 0.
    pub most_tiles: usize,
    /// Oldest pose that may still place a frame, seconds.
    pub max_pose_age_secs: f64,
    /// Least angle of a ray below the horizon that is still placed, degrees.
    pub min_depression_deg: f64,
    /// Error of an outline in the picture, one standard deviation, pixels.
    pub outline_sigma_px: f64,
    /// Distance in pixels that an outline may be simplified by.
    pub simplify_px: f64,
}

impl Default for Analysis {
    fn default() -> Self {
        Self {
            fps: 2.0,
            most_tiles: 16,
            max_pose_age_secs: 1.0,
            min_depression_deg: 5.0,
            outline_sigma_px: 4.0,
            simplify_px: 1.5,
        }
    }
}

/// A model pack.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackEntry {
    /// Folder of the pack.
    pub path: PathBuf,
}

/// Ground heights.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TerrainEntry {
    /// GeoTIFF tiles; the first that covers a place gives its height.
    pub files: Vec<TerrainFile>,
    /// Height of the ground above the ellipsoid where no tile covers it, metres.
    pub flat_ellipsoid_height_m: Option<f64>,
    /// Geoid above the ellipsoid in this city, metres; EGM96 when absent.
    pub undulation_m: Option<f64>,
    /// Memory for the heights of all files together, MiB; files beyond their equal share are read by blocks.
    pub cache_mib: Option<u64>,
}

impl TerrainEntry {
    /// Memory for terrain where the configuration says nothing, MiB.
    pub const USUAL_CACHE_MIB: u64 = 1024;

    /// Returns the bytes of memory for the heights of one file.
    pub fn cache_bytes_each(&self) -> u64 {
        let mib = self.cache_mib.unwrap_or(Self::USUAL_CACHE_MIB);
        mib.saturating_mul(1 << 20) / (self.files.len() as u64).max(1)
    }
}

/// One terrain tile.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TerrainFile {
    /// GeoTIFF.
    pub path: PathBuf,
    /// Datum of its heights; most files do not state it.
    pub heights: HeightDatumName,
    /// What its heights belong to: `surface` (roofs and crowns), `ground` (bare earth), `unknown`.
    #[serde(default)]
    pub kind: TerrainKind,
    /// One standard deviation of its heights, metres; the usual one of the kind when absent.
    #[serde(default)]
    pub sigma_m: Option<f64>,
}

impl TerrainFile {
    /// Returns the standard deviation of its heights, metres.
    pub fn sigma_m(&self) -> f64 {
        self.sigma_m.unwrap_or_else(|| self.kind.usual_sigma_m())
    }
}

/// Datum of a terrain file's heights.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeightDatumName {
    /// Above the WGS-84 ellipsoid.
    Ellipsoidal,
    /// Above the geoid.
    Geoid,
}

/// A boundary file.
#[derive(Debug, Clone)]
pub struct ZoneEntry {
    /// GeoJSON, Shapefile, GeoPackage, KML or KMZ.
    pub path: PathBuf,
    /// How to read it.
    pub file: ZoneFile,
}

/// A file of a context layer.
#[derive(Debug, Clone)]
pub struct ContextEntry {
    /// GeoJSON.
    pub path: PathBuf,
    /// How to read it.
    pub file: ContextFile,
}

/// A place given in the configuration.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlaceEntry {
    /// Latitude, degrees.
    pub lat_deg: f64,
    /// Longitude, degrees.
    pub lon_deg: f64,
}

impl PlaceEntry {
    /// Returns the place, or `None` when it is not on the globe.
    pub fn lat_lon(self) -> Option<LatLon> {
        LatLon::new(self.lat_deg, self.lon_deg)
    }
}

/// One feed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceEntry {
    /// Path of the entry in the configuration, for messages.
    #[serde(skip)]
    pub key: String,
    /// Name used in tasks and reports.
    pub id: String,
    /// File, folder, `rtsp://`, `udp://` or `srt://`.
    pub uri: String,
    /// Telemetry beside the video.
    #[serde(default)]
    pub telemetry: Option<PathBuf>,
    /// `camera.toml` of a fixed camera.
    #[serde(default)]
    pub camera: Option<PathBuf>,
    /// Where the camera says that it looks, if it pans, tilts and zooms.
    #[serde(default)]
    pub ptz: Option<PtzEntry>,
    /// `profile.toml` of the aircraft, as `flyonce calibrate mount` writes it.
    #[serde(default)]
    pub aircraft: Option<PathBuf>,
    /// Picture that the fixed camera took when it was calibrated: where the view differs from it, the camera was moved.
    #[serde(default)]
    pub reference_still: Option<PathBuf>,
    /// Where the source stands or flies, for what cannot be located.
    #[serde(default)]
    pub place: Option<PlaceEntry>,
    /// Capture time of the first frame, where the feed does not tell it.
    #[serde(default)]
    pub start_time: Option<Timestamp>,
    /// A recording that stands for what is seen now: its first frame is of the moment it is looked at.
    #[serde(skip)]
    pub as_now: bool,
    /// Frames looked at each second; the value of `analysis.fps` when absent.
    #[serde(default)]
    pub fps: Option<f64>,
    /// Rings in shares of the picture; only what lies inside one counts.
    #[serde(default)]
    pub regions_of_interest: Vec<Vec<(f64, f64)>>,
    /// Rings in shares of the picture where water always stands.
    #[serde(default)]
    pub permanent_water: Vec<Vec<(f64, f64)>>,
}

/// Where the reports of a pan-tilt-zoom camera come from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PtzEntry {
    /// Address of the camera's ONVIF PTZ service, `http://`.
    #[serde(default)]
    pub onvif: Option<String>,
    /// Token of the media profile.
    #[serde(default)]
    pub profile: Option<String>,
    /// Name to ask as.
    #[serde(default)]
    pub user: Option<String>,
    /// File that holds the password and nothing else.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// Table of positions by time instead: CSV or JSON lines.
    #[serde(default)]
    pub positions: Option<PathBuf>,
    /// Time between two questions, seconds.
    #[serde(default = "default_poll_secs")]
    pub poll_secs: f64,
    /// How far a report may lie from a frame, seconds.
    #[serde(default = "default_max_age_secs")]
    pub max_age_secs: f64,
}

fn default_poll_secs() -> f64 {
    0.5
}

fn default_max_age_secs() -> f64 {
    1.0
}

impl SourceEntry {
    /// Returns a source with nothing known but its name and address.
    pub fn bare(id: String, uri: String) -> Self {
        Self {
            key: format!("input {id}"),
            id,
            uri,
            telemetry: None,
            camera: None,
            ptz: None,
            aircraft: None,
            reference_still: None,
            place: None,
            start_time: None,
            as_now: false,
            fps: None,
            regions_of_interest: Vec::new(),
            permanent_water: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_masked_wherever_an_address_stands() {
        for (text, shown) in [
            ("postgresql://city:se:cr@et@db:5432/fly", "postgresql://***@db:5432/fly"),
            ("bad \"postgres://city:a/b@db/fly\" here", "bad \"postgres://***@db/fly\" here"),
            ("postgresql://db/fly and http://x@y/z", "postgresql://db/fly and http://***@y/z"),
            ("mail me@home", "mail me@home"),
        ] {
            assert_eq!(masked(text), shown);
        }
        let entry = StoreEntry { url: Some("postgres://u:secret@h/d".to_owned()), path: None };
        assert!(!format!("{entry:?}").contains("secret"));
    }
}
