//! Arguments of flights on docks.

use std::path::PathBuf;

use clap::Args;
use gis::LatLon;

use super::parse_place;

/// How a dock's broker lets us in.
#[derive(Debug, Clone, Args)]
pub struct BrokerArgs {
    /// File that holds the password at the broker and nothing else; the account stands in the address, as in mqtt://li@broker/SERIAL
    #[arg(long, value_name = "FILE")]
    pub mqtt_password_file: Option<PathBuf>,
    /// Certificates of the broker's authorities, PEM; needed with mqtts://
    #[arg(long, value_name = "FILE")]
    pub mqtt_ca: Option<PathBuf>,
}

/// Arguments of `mission simulate-dock`.
#[derive(Debug, Clone, Args)]
pub struct MissionSimulateDockArgs {
    /// Broker and serial number, as in mqtt://127.0.0.1:1883/7CTDM3D00BRT8K
    pub dock: missions_link::dock::Address,
    /// Where it stands, as in 28.97,118.87
    #[arg(long, value_name = "LAT,LON", value_parser = parse_place, allow_hyphen_values = true)]
    pub home: LatLon,
    /// Height of its pad above the ellipsoid, metres
    #[arg(long, value_name = "METRES", default_value_t = 100.0, allow_hyphen_values = true)]
    pub height: f64,
    /// Serial number of its aircraft; that of the dock with -A when not given
    #[arg(long, value_name = "SERIAL")]
    pub aircraft: Option<String>,
    /// Organization typed in at it
    #[arg(long, value_name = "ID", default_value = "flyonce")]
    pub organization: String,
    /// Binding code typed in at it
    #[arg(long, value_name = "CODE")]
    pub binding_code: Option<String>,
    /// How many times faster than a clock it flies
    #[arg(long, value_name = "TIMES", default_value_t = 1.0)]
    pub pace: f64,
    /// Wind that it measures, metres a second
    #[arg(long, value_name = "MPS", default_value_t = 2.0)]
    pub wind: f64,
    /// End after so many flights; goes on for ever when not given
    #[arg(long, value_name = "N")]
    pub flights: Option<usize>,
    /// The broker
    #[command(flatten)]
    pub broker: BrokerArgs,
}

/// What `mission launch` asks of a dock besides.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Docks")]
pub struct DockLaunchArgs {
    /// Launch although `mission check` finds something
    #[arg(long)]
    pub accept_warnings: bool,
    /// Only simulate the flight inside the dock
    #[arg(long)]
    pub simulate: bool,
    /// Print JSON lines on standard output instead of words
    #[arg(long)]
    pub json: bool,
    /// The broker
    #[command(flatten)]
    pub broker: BrokerArgs,
    /// The dock
    #[command(flatten)]
    pub dock: DockArgs,
    /// What looks at the video
    #[command(flatten)]
    pub look: LaunchLookArgs,
}

/// What is known of a dock.
#[derive(Debug, Clone, Args)]
pub struct DockArgs {
    /// Organization typed in at the dock
    #[arg(long, value_name = "ID", default_value = "flyonce")]
    pub organization: String,
    /// Binding code typed in at the dock; without one it cannot be bound
    #[arg(long, value_name = "CODE")]
    pub binding_code: Option<String>,
    /// Where the dock gets its plan: address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0:0")]
    pub resource_listen: std::net::SocketAddr,
    /// The same as the dock reaches it, as https://plans.city.example
    #[arg(long, value_name = "URL")]
    pub resource_url: Option<String>,
}

/// What looks at the video of a flight.
#[derive(Debug, Clone, Args)]
pub struct LaunchLookArgs {
    /// Video of the flight, as an input of `analyze`: it is analysed from when the aircraft is in the air
    #[arg(long, value_name = "INPUT")]
    pub analyze: Option<String>,
    /// Configuration of the analysis
    #[arg(long, value_name = "FILE", requires = "analyze")]
    pub config: Option<PathBuf>,
    /// Output folder of the analysis
    #[arg(long, value_name = "DIR", requires = "analyze")]
    pub analysis: Option<PathBuf>,
}
