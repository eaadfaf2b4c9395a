//! Reads a configuration section by section, so that one mistake does not hide the next.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::sections::{Config, ContextEntry, PtzEntry, SourceEntry, StoreEntry, ZoneEntry, masked};
use super::serving::TracesEntry;

/// One thing wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Full path of the key, `sources[2].uri`.
    pub path: String,
    /// What is wrong, with the value.
    pub message: String,
    /// True when the configuration still works, but probably not as meant.
    pub warning: bool,
}

impl Problem {
    /// Returns a problem that makes the configuration unusable.
    pub fn new(path: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { path: path.into(), message: message.to_string(), warning: false }
    }

    /// Returns a problem that leaves the configuration usable.
    pub fn warning(path: impl Into<String>, message: impl fmt::Display) -> Self {
        Self { warning: true, ..Self::new(path, message) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.message)
    }
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read configuration {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It is not TOML.
    #[error("{} is not valid TOML: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the parser said, with line and column.
        reason: String,
    },
    /// It says things that cannot be.
    #[error("configuration {} has {} problems:\n{}", path.display(), problems.len(), join(problems))]
    Invalid {
        /// The file.
        path: PathBuf,
        /// All of them.
        problems: Vec<Problem>,
    },
}

fn join(problems: &[Problem]) -> String {
    problems.iter().map(|p| format!("  {p}")).collect::<Vec<_>>().join("\n")
}

/// Reads a configuration file and makes its paths relative to the file's folder.
///
/// # Errors
/// When the file cannot be read or any part of it is wrong; all problems are listed.
pub fn load(path: &Path) -> Result<Config, ConfigError> {
    let (config, problems) = read(path)?;
    if problems.is_empty() {
        return Ok(config);
    }
    Err(ConfigError::Invalid { path: path.to_owned(), problems })
}

/// Reads what can be read of a configuration file, beside all of its problems: entries that make no sense are left out.
///
/// # Errors
/// When the file cannot be read or is not TOML.
pub fn read(path: &Path) -> Result<(Config, Vec<Problem>), ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    let base = path.parent().unwrap_or(Path::new(""));
    parse(&text, path, base)
}

fn parse(text: &str, path: &Path, base: &Path) -> Result<(Config, Vec<Problem>), ConfigError> {
    let table: Table = toml::from_str(text)
        .map_err(|e| ConfigError::Syntax { path: path.to_owned(), reason: masked(e.to_string().trim()) })?;
    let mut reader = Reader { table, problems: Vec::new() };
    let mut config = reader.config();
    reader.problems.extend(check_values(&config));
    let dedupe = config.dedupe.validate();
    reader.problems.extend(dedupe.into_iter().map(|p| Problem::new(format!("dedupe.{}", p.key), p.reason)));
    let unusable = config.webhooks.iter().enumerate().filter_map(|(i, hook)| Some((i, hook.unusable()?)));
    reader.problems.extend(unusable.map(|(i, reason)| Problem::new(format!("webhooks[{i}]"), reason)));
    let unusable = config.mqtt.iter().enumerate().filter_map(|(i, entry)| Some((i, entry.unusable()?)));
    reader.problems.extend(unusable.map(|(i, reason)| Problem::new(format!("mqtt[{i}]"), reason)));
    let unusable = config.cot.iter().enumerate().filter_map(|(i, entry)| Some((i, entry.unusable()?)));
    reader.problems.extend(unusable.map(|(i, reason)| Problem::new(format!("cot[{i}]"), reason)));
    reader.problems.extend(config.cap.unusable().map(|reason| Problem::new("cap", reason)));
    let traces = config.traces.as_ref().and_then(TracesEntry::unusable);
    reader.problems.extend(traces.map(|reason| Problem::new("traces", reason)));
    reader.problems.extend(same_id(&config));
    let flood = config.flood.validate();
    reader.problems.extend(flood.into_iter().map(|p| Problem::new(format!("flood.{}", p.key), p.reason)));
    let keeping = config.evidence.unusable().into_iter();
    reader.problems.extend(keeping.map(|(key, reason)| Problem::new(format!("evidence.{key}"), reason)));
    let serve = config.serve.unusable().into_iter();
    reader.problems.extend(serve.map(|(key, reason)| Problem::new(format!("serve.{key}"), reason)));
    let share = config.review.recheck_share;
    if !(0.0..=1.0).contains(&share) {
        let message = format!("must be from 0 to 1, is {share}");
        reader.problems.push(Problem::new("review.recheck_share", message));
    }
    let retention = config.retention.validate();
    reader
        .problems
        .extend(retention.into_iter().map(|p| Problem::new(format!("retention.{}", p.key), p.reason)));
    resolve_paths(&mut config, base);
    Ok((config, reader.problems))
}

struct Reader {
    table: Table,
    problems: Vec<Problem>,
}

impl Reader {
    fn config(&mut self) -> Config {
        let config = Config {
            runtime: self.section("runtime").unwrap_or_default(),
            analysis: self.section("analysis").unwrap_or_default(),
            packs: self.list("packs"),
            terrain: self.section("terrain").unwrap_or_default(),
            zones: self.zones(),
            zone_store: self.section("zone_store"),
            context: self.context(),
            departments: self.section("departments"),
            rules: self.section("rules"),
            dedupe: self.section("dedupe").unwrap_or_default(),
            flood: self.section("flood").unwrap_or_default(),
            store: self.section("store"),
            webhooks: self.list("webhooks"),
            mqtt: self.list("mqtt"),
            cot: self.list("cot"),
            cap: self.section("cap").unwrap_or_default(),
            evidence: self.section("evidence").unwrap_or_default(),
            review: self.section("review").unwrap_or_default(),
            retention: self.section("retention").unwrap_or_default(),
            serve: self.section("serve").unwrap_or_default(),
            traces: self.section("traces"),
            sources: self.sources(),
            vehicles: self.list("vehicles"),
        };
        let known = "runtime, analysis, packs, terrain, zones, zone_store, context, departments, rules, dedupe, flood, \
                     store, webhooks, mqtt, cot, cap, evidence, review, retention, serve, traces, sources, vehicles";
        for key in self.table.keys() {
            self.problems.push(Problem::new(key, format!("unknown key; known are {known}")));
        }
        config
    }

    fn section<T: DeserializeOwned>(&mut self, key: &str) -> Option<T> {
        let value = self.table.remove(key)?;
        self.value(key.to_owned(), value)
    }

    fn list<T: DeserializeOwned>(&mut self, key: &str) -> Vec<T> {
        match self.table.remove(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => items
                .into_iter()
                .enumerate()
                .filter_map(|(i, item)| self.value(format!("{key}[{i}]"), item))
                .collect(),
            Some(other) => {
                self.problems.push(Problem::new(key, format!("expected a list, found {}", other.type_str())));
                Vec::new()
            }
        }
    }

    /// Sources, each with the path of its own entry in the file.
    fn sources(&mut self) -> Vec<SourceEntry> {
        let entries: Vec<Value> = self.list("sources");
        let mut sources = Vec::new();
        for (i, entry) in entries.into_iter().enumerate() {
            let key = format!("sources[{i}]");
            if let Some(source) = self.value::<SourceEntry>(key.clone(), entry) {
                sources.push(SourceEntry { key, ..source });
            }
        }
        sources
    }

    /// A zone entry is `path` beside the keys of [`gis::zones::ZoneFile`].
    fn zones(&mut self) -> Vec<ZoneEntry> {
        let files = self.files("zones", "the boundary file");
        files.into_iter().map(|(path, file)| ZoneEntry { path, file }).collect()
    }

    /// A context entry is `path` beside the keys of [`gis::zones::ContextFile`].
    fn context(&mut self) -> Vec<ContextEntry> {
        let files = self.files("context", "the file of the layer");
        files.into_iter().map(|(path, file)| ContextEntry { path, file }).collect()
    }

    /// Entries of `path` beside the keys of how to read it.
    fn files<T: DeserializeOwned>(&mut self, key: &str, what: &str) -> Vec<(PathBuf, T)> {
        let tables: Vec<Table> = self.list(key);
        let mut entries = Vec::new();
        for (i, mut table) in tables.into_iter().enumerate() {
            let at = format!("{key}[{i}]");
            let path = match table.remove("path") {
                Some(Value::String(path)) => PathBuf::from(path),
                Some(other) => {
                    let message = format!("expected a file, found {}", other.type_str());
                    self.problems.push(Problem::new(format!("{at}.path"), message));
                    continue;
                }
                None => {
                    self.problems.push(Problem::new(format!("{at}.path"), format!("missing: {what}")));
                    continue;
                }
            };
            if let Some(file) = self.value(at, Value::Table(table)) {
                entries.push((path, file));
            }
        }
        entries
    }

    fn value<T: DeserializeOwned>(&mut self, path: String, value: Value) -> Option<T> {
        match serde_path_to_error::deserialize(value) {
            Ok(value) => Some(value),
            Err(error) => {
                let inner = error.path().to_string();
                let path = match inner.as_str() {
                    "." => path,
                    inner if inner.starts_with('[') => format!("{path}{inner}"),
                    inner => format!("{path}.{inner}"),
                };
                let message = masked(error.into_inner().to_string().trim());
                self.problems.push(Problem::new(path, message));
                None
            }
        }
    }
}

fn check_values(config: &Config) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut require = |ok: bool, path: String, message: String| {
        if !ok {
            problems.push(Problem::new(path, message));
        }
    };
    let a = &config.analysis;
    for (key, value, low) in [
        ("fps", a.fps, 0.0),
        ("max_pose_age_secs", a.max_pose_age_secs, 0.0),
        ("min_depression_deg", a.min_depression_deg, 0.5),
        ("outline_sigma_px", a.outline_sigma_px, 0.0),
        ("simplify_px", a.simplify_px, 0.0),
    ] {
        let ok = value.is_finite() && value >= low;
        require(ok, format!("analysis.{key}"), format!("must be a number of at least {low}, is {value}"));
    }
    let steep = a.min_depression_deg;
    require(steep < 90.0, "analysis.min_depression_deg".into(), format!("must be below 90, is {steep}"));
    let t = &config.terrain;
    for (key, value) in
        [("flat_ellipsoid_height_m", t.flat_ellipsoid_height_m), ("undulation_m", t.undulation_m)]
    {
        let value = value.unwrap_or(0.0);
        require(value.is_finite(), format!("terrain.{key}"), format!("must be a finite number, is {value}"));
    }
    require(t.cache_mib != Some(0), "terrain.cache_mib".into(), "must be at least 1, is 0".into());
    for (i, file) in t.files.iter().enumerate() {
        let sigma_m = file.sigma_m();
        let ok = sigma_m.is_finite() && sigma_m > 0.0;
        let message = format!("must be above 0, is {sigma_m}");
        require(ok, format!("terrain.files[{i}].sigma_m"), message);
    }
    if let Some(store) = &config.store {
        check_store(store, &mut require);
    }
    require(config.runtime.workers != Some(0), "runtime.workers".into(), "must be at least 1, is 0".into());
    for (i, source) in config.sources.iter().enumerate() {
        check_source(source, &source.key, &mut require);
        let earlier = config.sources.iter().take(i).any(|s| s.id == source.id);
        require(
            !earlier,
            format!("{}.id", source.key),
            format!("{} is used by an earlier source", source.id),
        );
    }
    check_vehicles(config, &mut require);
    problems
}

fn check_vehicles(config: &Config, require: &mut impl FnMut(bool, String, String)) {
    for (i, vehicle) in config.vehicles.iter().enumerate() {
        let key = format!("vehicles[{i}]");
        require(!vehicle.id.trim().is_empty(), format!("{key}.id"), "must not be empty".into());
        let earlier = config.vehicles.iter().take(i).any(|other| other.id == vehicle.id);
        require(!earlier, format!("{key}.id"), format!("{} is used by an earlier vehicle", vehicle.id));
        if let Err(error) = vehicle.uri.parse::<missions_link::Vehicle>() {
            require(false, format!("{key}.uri"), error.to_string());
        }
        if let Some(home) = vehicle.home {
            let at = format!("{} {}", home.lat_deg, home.lon_deg);
            require(home.lat_lon().is_some(), format!("{key}.home"), format!("{at} is not on the globe"));
        }
        let idle = vehicle.recorded && vehicle.video.is_none();
        require(!idle, format!("{key}.recorded"), "belongs to a video, and there is none".into());
    }
}

fn check_store(store: &StoreEntry, require: &mut impl FnMut(bool, String, String)) {
    let one = store.url.is_some() != store.path.is_some();
    require(one, "store".into(), "needs either url, for PostgreSQL, or path, for an SQLite file".into());
    if let Some(url) = &store.url {
        let known = url.starts_with("postgresql://") || url.starts_with("postgres://");
        let message = format!("must begin with postgresql://, is {:?}", masked(url));
        require(known, "store.url".into(), message);
    }
}

fn check_source(source: &SourceEntry, path: &str, require: &mut impl FnMut(bool, String, String)) {
    require(!source.id.trim().is_empty(), format!("{path}.id"), "must not be empty".into());
    require(!source.uri.trim().is_empty(), format!("{path}.uri"), "must not be empty".into());
    if let Some(place) = source.place {
        let at = format!("{} {}", place.lat_deg, place.lon_deg);
        require(place.lat_lon().is_some(), format!("{path}.place"), format!("{at} is not on the globe"));
    }
    let flies = source.aircraft.is_none() || source.camera.is_none();
    require(flies, format!("{path}.aircraft"), "belongs to what flies, and there is a fixed camera".into());
    let idle = source.reference_still.is_some() && source.camera.is_none();
    require(
        !idle,
        format!("{path}.reference_still"),
        "belongs to a fixed camera, and there is no camera".into(),
    );
    if let Some(ptz) = &source.ptz {
        check_ptz(ptz, source, path, require);
    }
    if let Some(fps) = source.fps {
        require(
            fps.is_finite() && fps >= 0.0,
            format!("{path}.fps"),
            format!("must be at least 0, is {fps}"),
        );
    }
    for (name, rings) in
        [("regions_of_interest", &source.regions_of_interest), ("permanent_water", &source.permanent_water)]
    {
        for (r, ring) in rings.iter().enumerate() {
            let inside = ring.iter().all(|(u, v)| (0.0..=1.0).contains(u) && (0.0..=1.0).contains(v));
            let path = format!("{path}.{name}[{r}]");
            require(ring.len() >= 3, path.clone(), format!("needs 3 corners, has {}", ring.len()));
            require(inside, path, "corners are shares of the picture, 0 to 1".into());
        }
    }
}

fn check_ptz(
    ptz: &PtzEntry,
    source: &SourceEntry,
    path: &str,
    require: &mut impl FnMut(bool, String, String),
) {
    let stands = source.camera.is_some();
    require(stands, format!("{path}.ptz"), "belongs to a fixed camera, and there is no camera".into());
    let idle = source.reference_still.is_none();
    let message = "a camera that pans shows other views than its reference still";
    require(idle, format!("{path}.reference_still"), message.into());
    for (key, value) in [("poll_secs", ptz.poll_secs), ("max_age_secs", ptz.max_age_secs)] {
        let ok = (0.05..=3600.0).contains(&value);
        require(ok, format!("{path}.ptz.{key}"), format!("must be from 0.05 to 3600, is {value}"));
    }
}

/// Two receivers under one name would share one place in the events.
fn same_id(config: &Config) -> Vec<Problem> {
    let mut known = std::collections::BTreeSet::new();
    let hooks = config.webhooks.iter().enumerate().map(|(i, hook)| (format!("webhooks[{i}].id"), &hook.id));
    let brokers = config.mqtt.iter().enumerate().map(|(i, entry)| (format!("mqtt[{i}].id"), &entry.id));
    let others = config.cot.iter().enumerate().map(|(i, entry)| (format!("cot[{i}].id"), &entry.id));
    let twice = hooks.chain(brokers).chain(others).filter(|(_, id)| !known.insert(id.as_str()));
    twice
        .map(|(key, id)| Problem::new(key, format!("{id:?} is the id of another receiver of events")))
        .collect()
}

fn resolve_paths(config: &mut Config, base: &Path) {
    let fix = |path: &mut PathBuf| *path = base.join(&*path);
    config.runtime.onnxruntime.iter_mut().for_each(fix);
    config.packs.iter_mut().for_each(|p| fix(&mut p.path));
    config.terrain.files.iter_mut().for_each(|f| fix(&mut f.path));
    config.zones.iter_mut().for_each(|z| fix(&mut z.path));
    config.zone_store.iter_mut().for_each(fix);
    config.store.iter_mut().filter_map(|store| store.path.as_mut()).for_each(fix);
    config.context.iter_mut().for_each(|c| fix(&mut c.path));
    config.webhooks.iter_mut().for_each(|hook| fix(&mut hook.secret_file));
    config.mqtt.iter_mut().for_each(|e| e.password_file.iter_mut().chain(&mut e.ca_file).for_each(fix));
    config.evidence.timestamp_ca.iter_mut().for_each(fix);
    config.traces.iter_mut().filter_map(|traces| traces.token_file.as_mut()).for_each(fix);
    config.serve.tls.iter_mut().flat_map(|tls| [&mut tls.certificate, &mut tls.key]).for_each(fix);
    let oidc = config.serve.oidc.iter_mut();
    oidc.flat_map(|oidc| oidc.client_secret_file.iter_mut().chain(&mut oidc.ca_file)).for_each(fix);
    config.departments.iter_mut().for_each(fix);
    config.rules.iter_mut().for_each(fix);
    for vehicle in &mut config.vehicles {
        vehicle.password_file.iter_mut().chain(&mut vehicle.ca).chain(&mut vehicle.telemetry).for_each(fix);
        let file = |profile: &&mut String| Path::new(profile.as_str()).extension().is_some();
        if let Some(profile) = vehicle.profile.as_mut().filter(file) {
            *profile = base.join(&*profile).to_string_lossy().into_owned();
        }
        if let Some(video) = vehicle.video.as_mut().filter(|video| !video.contains("://")) {
            *video = base.join(&*video).to_string_lossy().into_owned();
        }
    }
    for source in &mut config.sources {
        source.telemetry.iter_mut().for_each(fix);
        source.camera.iter_mut().for_each(fix);
        source.aircraft.iter_mut().for_each(fix);
        if let Some(ptz) = &mut source.ptz {
            ptz.password_file.iter_mut().chain(&mut ptz.positions).for_each(fix);
        }
        source.reference_still.iter_mut().for_each(fix);
        if !source.uri.contains("://") {
            source.uri = base.join(&source.uri).to_string_lossy().into_owned();
        }
    }
}
