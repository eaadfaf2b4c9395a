//! Addresses of vehicles as they are written.

use std::fmt;
use std::str::FromStr;

/// Usual speed of a telemetry radio, bits a second.
const USUAL_BAUD: u32 = 57_600;

/// How a vehicle is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// UDP: the vehicle sends first, to this place of ours.
    UdpListen(String),
    /// UDP: we send first, to this place.
    UdpSend(String),
    /// TCP: we connect to this place.
    Tcp(String),
    /// A serial line and its speed, bits a second.
    Serial(String, u32),
}

/// Why an address is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no vehicle: give udp://:14550 to listen, udp://HOST:PORT or tcp://HOST:PORT to connect, or serial:///dev/ttyUSB0:57600"
)]
pub struct AddressError(String);

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let bad = || AddressError(text.to_owned());
        let (scheme, rest) = text.split_once("://").ok_or_else(bad)?;
        let place = rest.trim_end_matches('/');
        match scheme {
            "serial" => {
                let (path, baud) = match place.rsplit_once(':') {
                    Some((path, baud)) => (path, baud.parse().map_err(|_| bad())?),
                    None => (place, USUAL_BAUD),
                };
                if path.is_empty() { Err(bad()) } else { Ok(Self::Serial(path.to_owned(), baud)) }
            }
            "udp" | "udpin" | "udpout" | "tcp" => {
                let (host, port) = place.rsplit_once(':').ok_or_else(bad)?;
                let _: u16 = port.parse().map_err(|_| bad())?;
                let any = matches!(host, "" | "0.0.0.0" | "[::]");
                match (scheme, any) {
                    ("udp", true) | ("udpin", _) => {
                        let host = if host.is_empty() { "0.0.0.0" } else { host };
                        Ok(Self::UdpListen(format!("{host}:{port}")))
                    }
                    (_, true) => Err(bad()),
                    ("tcp", false) => Ok(Self::Tcp(place.to_owned())),
                    _ => Ok(Self::UdpSend(place.to_owned())),
                }
            }
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UdpListen(place) => write!(f, "udpin://{place}"),
            Self::UdpSend(place) => write!(f, "udpout://{place}"),
            Self::Tcp(place) => write!(f, "tcp://{place}"),
            Self::Serial(path, baud) => write!(f, "serial://{path}:{baud}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_who_sends_first() {
        let read = |text: &str| text.parse::<Address>();
        assert_eq!(read("udp://:14550"), Ok(Address::UdpListen("0.0.0.0:14550".to_owned())));
        assert_eq!(read("udp://10.0.0.7:14540"), Ok(Address::UdpSend("10.0.0.7:14540".to_owned())));
        assert_eq!(read("udpin://127.0.0.1:9"), Ok(Address::UdpListen("127.0.0.1:9".to_owned())));
        assert_eq!(read("tcp://[::1]:5760"), Ok(Address::Tcp("[::1]:5760".to_owned())));
        assert_eq!(read("serial:///dev/ttyUSB0"), Ok(Address::Serial("/dev/ttyUSB0".to_owned(), 57_600)));
        assert_eq!(read("serial:///dev/x:9600"), Ok(Address::Serial("/dev/x".to_owned(), 9600)));
        for bad in ["", "14550", "udp://here", "udp://h:99999", "http://h:80", "tcp://:5760", "serial://:9"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
