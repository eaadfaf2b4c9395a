//! The configuration: one TOML file, paths relative to it, every problem told with its key path.

mod feeds;
mod keeping;
mod load;
mod sections;
mod serving;

pub use feeds::{Broker, CapEntry, CapStatus, CotEntry, MqttEntry};
pub use keeping::{EvidenceEntry, ReviewEntry};
pub use load::{ConfigError, Problem, load, read};
pub use sections::{
    Analysis, Config, ContextEntry, HeightDatumName, PackEntry, PlaceEntry, ProviderName, PtzEntry, Runtime,
    SourceEntry, StoreEntry, TerrainEntry, TerrainFile, VehicleEntry, WebhookEntry, ZoneEntry, masked,
};
pub use serving::{LimitsEntry, OidcEntry, RoleEntry, ServeEntry, TlsEntry, TracesEntry};
