//! Arguments of `mission launch`, `mission order` and `mission simulate-vehicle`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use gis::LatLon;
use missions_link::Vehicle;

use super::dock::DockLaunchArgs;
use super::mission::MissionAgainstArgs;
use super::parse_place;

/// Folder of flights where none is named.
const FLIGHTS: &str = "out/flights";

/// Arguments of `mission launch`.
#[derive(Debug, Clone, Args)]
pub struct MissionLaunchArgs {
    /// Plan: KMZ, WPML, .plan, QGC WPL 110 or GeoJSON; that of the flight with --resume
    #[arg(required_unless_present = "resume")]
    pub plan: Option<PathBuf>,
    /// Vehicle: mavlink:udp://:14550 (listen), mavlink:udp://HOST:PORT, mavlink:tcp://HOST:PORT, mavlink:serial:///dev/ttyUSB0:57600, or
    /// dji-dock:mqtt://USER@BROKER:1883/SERIAL, mqtts:// with TLS
    #[arg(long, value_name = "VEHICLE")]
    pub vehicle: Vehicle,
    /// Who launches
    #[arg(long, value_name = "NAME")]
    pub actor: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Start without asking at the terminal
    #[arg(long)]
    pub yes: bool,
    /// Id of the flight: launched once, however often it is asked for; a new one when not given
    #[arg(long, value_name = "ID", value_parser = parse_flight)]
    pub flight: Option<String>,
    /// Fly what is left of the flight that --flight names
    #[arg(long, requires = "flight")]
    pub resume: bool,
    /// Folder of flights: what was planned, ordered and answered
    #[arg(long, value_name = "DIR", default_value = FLIGHTS)]
    pub out: PathBuf,
    /// Aircraft: a name or a profile; that of the plan when it says so
    #[arg(long = "profile", alias = "aircraft", value_name = "NAME")]
    pub aircraft: Option<String>,
    /// What it is held against
    #[command(flatten)]
    pub against: MissionAgainstArgs,
    /// Place to land in need, as in 28.97,118.87; several; they go on board
    #[arg(long, value_name = "LAT,LON", value_parser = parse_place, allow_hyphen_values = true)]
    pub rally: Vec<LatLon>,
    /// What a dock is asked besides
    #[command(flatten)]
    pub at_dock: DockLaunchArgs,
}

/// What may be ordered of a flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OrderArg {
    /// Hold in the air
    Pause,
    /// Go on
    Resume,
    /// Fly another plan from here on
    Change,
    /// Fly home and land
    ReturnHome,
    /// Break off for good
    Abort,
}

/// Arguments of `mission order`.
#[derive(Debug, Clone, Args)]
pub struct MissionOrderArgs {
    /// Id of the flight
    #[arg(value_parser = parse_flight)]
    pub flight: String,
    /// What to do
    pub order: OrderArg,
    /// The plan to change to
    #[arg(long, value_name = "FILE", required_if_eq("order", "change"))]
    pub plan: Option<PathBuf>,
    /// What that plan is held against
    #[command(flatten)]
    pub against: MissionAgainstArgs,
    /// Who orders
    #[arg(long, value_name = "NAME")]
    pub actor: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Folder of flights
    #[arg(long, value_name = "DIR", default_value = FLIGHTS)]
    pub out: PathBuf,
}

/// Arguments of `mission simulate-vehicle`.
#[derive(Debug, Clone, Args)]
pub struct MissionVehicleArgs {
    /// Where it listens
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:14540")]
    pub listen: String,
    /// Where it stands
    #[arg(long, value_name = "LAT,LON", value_parser = parse_place, allow_hyphen_values = true)]
    pub home: LatLon,
    /// Seconds that it flies in one
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub pace: f64,
    /// Share of messages that its link loses, 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub loss: f64,
    /// Draws what is lost
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Charge at the start, percent
    #[arg(long, value_name = "PERCENT", default_value_t = 97.0)]
    pub battery: f64,
    /// Most items of a list
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub most_items: u16,
    /// End when it has landed
    #[arg(long)]
    pub once: bool,
}

/// Reads the id of a flight, which is a folder's name, too.
fn parse_flight(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if text.is_empty() || text.len() > 64 || !text.chars().all(plain) {
        return Err("give up to 64 letters, digits, - and _".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_flights_are_plain() {
        assert!(parse_flight("2026-06-22_a").is_ok() && parse_flight("../x").is_err());
    }
}
