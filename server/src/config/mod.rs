//! The configuration: one TOML file, paths relative to it, every problem told with its key path.

mod keeping;
mod load;
mod sections;

pub use keeping::{EvidenceEntry, ReviewEntry};
pub use load::{ConfigError, Problem, load, read};
pub use sections::{
    Analysis, Config, ContextEntry, HeightDatumName, PackEntry, PlaceEntry, ProviderName, PtzEntry, Runtime,
    SourceEntry, StoreEntry, TerrainEntry, TerrainFile, WebhookEntry, ZoneEntry, masked,
};
