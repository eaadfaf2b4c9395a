//! Where streams that people add may lie: names are looked up, and every address that they lead to has to be in a network of the list.

use std::net::{IpAddr, ToSocketAddrs};

use ipnet::IpNet;
use pipeline_gst::{Endpoint, SourceUri};

/// Why a stream is not gone to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NetworkError {
    /// It is a file.
    #[error("a file cannot be added here, only rtsp://, rtsps://, udp:// and srt://")]
    File,
    /// Nothing is allowed.
    #[error("no stream may be added: `stream_networks` of [serve] names no network")]
    NoNetworks,
    /// Its name leads nowhere.
    #[error("{host} cannot be looked up: {reason}")]
    Unknown {
        /// Host of the stream.
        host: String,
        /// Why.
        reason: String,
    },
    /// It lies elsewhere.
    #[error("{host} leads to {address}, which is in no network of `stream_networks`")]
    Outside {
        /// Host of the stream.
        host: String,
        /// The first address that is not allowed.
        address: IpAddr,
    },
}

/// Returns a stream whose host is an address that was looked up now and is allowed, so that its name cannot lead elsewhere later.
///
/// # Errors
/// [`NetworkError`].
pub fn pinned(uri: &SourceUri, allowed: &[IpNet]) -> Result<SourceUri, NetworkError> {
    let Endpoint { host, port } = uri.endpoint().ok_or(NetworkError::File)?;
    if allowed.is_empty() {
        return Err(NetworkError::NoNetworks);
    }
    let unknown = |reason: String| NetworkError::Unknown { host: host.clone(), reason };
    let found = (host.as_str(), *port).to_socket_addrs().map_err(|error| unknown(error.to_string()))?;
    let found: Vec<IpAddr> = found.map(|address| address.ip().to_canonical()).collect();
    let outside = found.iter().find(|address| !allowed.iter().any(|network| network.contains(*address)));
    if let Some(address) = outside {
        return Err(NetworkError::Outside { host: host.clone(), address: *address });
    }
    let first = found.first().ok_or_else(|| unknown("it has no address".to_owned()))?;
    Ok(uri.at(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn led(uri: &str, allowed: &[&str]) -> Result<String, String> {
        let allowed: Vec<IpNet> = allowed.iter().map(|network| network.parse().unwrap()).collect();
        let uri = SourceUri::parse(uri).unwrap();
        pinned(&uri, &allowed).map(|uri| uri.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_stream_in_an_allowed_network_is_gone_to_by_its_address() {
        let cameras = ["10.20.0.0/16", "fd00::/8", "239.0.0.0/8"];
        for uri in ["rtsp://10.20.1.2/live", "srt://10.20.1.2:9000", "udp://239.1.2.3:5000"] {
            assert_eq!(led(uri, &cameras).unwrap(), uri.replace("2/live", "2:554/live"));
        }
        assert_eq!(led("udp://[fd00::1]:5000", &cameras).unwrap(), "udp://[fd00::1]:5000");
        let local = led("srt://localhost:9000", &["127.0.0.0/8", "::1/128"]).unwrap();
        assert!(["srt://127.0.0.1:9000", "srt://[::1]:9000"].contains(&local.as_str()), "{local}");
    }

    #[test]
    fn a_stream_elsewhere_is_refused_and_told_where_it_leads() {
        let refused = led("rtsp://127.0.0.1/live", &["10.20.0.0/16"]).unwrap_err();
        assert_eq!(refused, "127.0.0.1 leads to 127.0.0.1, which is in no network of `stream_networks`");
        for uri in [
            "rtsp://localhost/live",
            "rtsp://127.1/live",
            "rtsp://2130706433/live",
            "rtsp://[::ffff:127.0.0.1]/live",
            "udp://:5000",
            "srt://169.254.169.254:9000",
        ] {
            assert!(led(uri, &["10.20.0.0/16"]).unwrap_err().contains("no network of"), "{uri}");
        }
        assert!(led("rtsp://10.20.1.2/live", &[]).unwrap_err().contains("names no network"));
        assert!(led("rtsp://no-such-host.invalid/live", &["0.0.0.0/0"]).unwrap_err().contains("looked up"));
    }
}
