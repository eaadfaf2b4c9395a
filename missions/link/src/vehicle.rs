//! What flies, as it is written: an aircraft that speaks MAVLink, or a dock.

use std::str::FromStr;

use crate::{Address, dock};

/// What flies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Vehicle {
    /// An aircraft that speaks MAVLink.
    Mavlink(Address),
    /// A dock of DJI's Cloud API at a broker.
    Dock(dock::Address),
}

/// Why there is no such vehicle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VehicleError {
    /// Its address is none.
    #[error(transparent)]
    Mavlink(#[from] crate::AddressError),
    /// Its address is none.
    #[error(transparent)]
    Dock(#[from] dock::AddressError),
    /// Neither.
    #[error("no vehicle of kind {0:?}: give mavlink:udp://HOST:PORT or dji-dock:mqtt://BROKER:PORT/SERIAL")]
    Kind(String),
}

impl FromStr for Vehicle {
    type Err = VehicleError;

    fn from_str(text: &str) -> Result<Self, VehicleError> {
        let (kind, rest) = text.split_once(':').unwrap_or((text, ""));
        match kind {
            "mavlink" => Ok(Self::Mavlink(rest.parse()?)),
            "dji-dock" => Ok(Self::Dock(text.parse()?)),
            other => Err(VehicleError::Kind(other.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vehicles_are_read_or_refused() {
        let refused = |text: &str| text.parse::<Vehicle>().unwrap_err().to_string();
        assert!(matches!("mavlink:udp://:14550".parse(), Ok(Vehicle::Mavlink(_))));
        assert!(matches!("dji-dock:mqtt://city/7CTDM3D00BRT8K".parse(), Ok(Vehicle::Dock(_))));
        assert!(refused("mavlink:here").contains("udp://"));
        assert!(refused("dji-dock:mqtt://city").contains("serial number"));
        assert!(refused("kite:udp://:1").contains("no vehicle of kind"));
    }
}
