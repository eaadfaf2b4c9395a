//! Where a dock is found: a broker and a serial number.

use std::fmt;
use std::str::FromStr;

use missions::link::dock::topic::is_serial;

/// Port of MQTT without encryption, and with it.
const PORTS: [u16; 2] = [1883, 8883];

/// `mqtt://[user@]host[:port]/SERIAL`, or `mqtts://` with TLS; `dji-dock:` may stand before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Account at the broker; its password is in a file, never in an address.
    pub user: Option<String>,
    /// Host of the broker.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// Serial number of the dock.
    pub serial: String,
}

/// Why an address is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no dock: {why}; give it as in dji-dock:mqtt://broker:1883/SERIAL")]
pub struct AddressError {
    text: String,
    why: &'static str,
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let bad = |why| AddressError { text: masked(text), why };
        let bare = text.strip_prefix("dji-dock:").unwrap_or(text);
        let (scheme, rest) = bare.split_once("://").ok_or_else(|| bad("it has no mqtt:// or mqtts://"))?;
        let tls = match scheme {
            "mqtt" => false,
            "mqtts" => true,
            _ => return Err(bad("it has no mqtt:// or mqtts://")),
        };
        let (place, serial) = rest.split_once('/').ok_or_else(|| bad("it has no serial number"))?;
        if !is_serial(serial) {
            return Err(bad("its serial number is empty or has other signs than letters, digits, - and _"));
        }
        let (user, host) = match place.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => {
                return Err(bad("passwords do not belong into addresses: put it into a file"));
            }
            Some((user, host)) => (Some(user.to_owned()), host),
            None => (None, place),
        };
        let (host, port) = match host.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| bad("its port is no number up to 65535"))?)
            }
            _ => (host, PORTS[usize::from(tls)]),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(bad("it has no host"));
        }
        Ok(Self { user, host: host.to_owned(), port, tls, serial: serial.to_owned() })
    }
}

fn masked(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(start), Some(end)) if start + 3 < end => format!("{}***{}", &text[..start + 3], &text[end..]),
        _ => text.to_owned(),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        write!(f, "dji-dock:{scheme}://{}:{}/{}", self.host, self.port, self.serial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_docks_are_read() {
        let address: Address = "dji-dock:mqtt://flyonce@broker:2883/7CTD".parse().unwrap();
        assert_eq!(address.user.as_deref(), Some("flyonce"));
        assert_eq!((address.host.as_str(), address.port, address.tls), ("broker", 2883, false));
        assert_eq!(address.to_string(), "dji-dock:mqtt://broker:2883/7CTD");
        let plain: Address = "mqtts://[::1]/7CTD".parse().unwrap();
        assert_eq!((plain.host.as_str(), plain.port, plain.tls), ("::1", 8883, true));
    }

    #[test]
    fn nonsense_is_refused_and_passwords_are_not_repeated() {
        for text in [
            "",
            "7CTD",
            "http://broker/7CTD",
            "mqtt://broker",
            "mqtt://broker/",
            "mqtt:///7CTD",
            "mqtt://b:x/7CTD",
            "mqtt://b/+",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
        let told = "mqtt://li:secret@broker/7CTD".parse::<Address>().unwrap_err().to_string();
        assert!(!told.contains("secret") && told.contains("file"), "{told}");
    }
}
