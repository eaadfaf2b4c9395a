//! Addresses of feeds: parsed once, from an allow-list of schemes, never shown with their secrets.

mod parts;

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use parts::{Parts, decoded};

/// Where a feed is.
#[derive(Clone, PartialEq, Eq)]
pub enum SourceUri {
    /// A file or folder.
    File(PathBuf),
    /// A camera or server that speaks RTSP.
    Rtsp(RtspUri),
    /// MPEG-TS in datagrams sent to this address.
    Udp(Endpoint),
    /// MPEG-TS over SRT.
    Srt(SrtUri),
}

/// Host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// An RTSP address, its credentials apart.
#[derive(Clone, PartialEq, Eq)]
pub struct RtspUri {
    /// Whether TLS is used.
    pub tls: bool,
    /// Host and port.
    pub endpoint: Endpoint,
    /// Path and query as written, with the leading slash.
    pub resource: String,
    /// User name, decoded.
    pub user: Option<String>,
    /// Password, decoded.
    pub password: Option<String>,
}

/// An SRT address, its passphrase apart.
#[derive(Clone, PartialEq, Eq)]
pub struct SrtUri {
    /// Host and port.
    pub endpoint: Endpoint,
    /// Other side waits (`caller`) or this side waits (`listener`).
    pub mode: SrtMode,
    /// Stream id sent to the other side.
    pub stream_id: Option<String>,
    /// Passphrase.
    pub passphrase: Option<String>,
}

/// Which side of an SRT connection waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SrtMode {
    /// Connects to the other side.
    Caller,
    /// Waits for the other side.
    Listener,
}

/// An address that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot use {uri} as a source: {reason}")]
pub struct UriError {
    /// What was given, credentials masked.
    pub uri: String,
    /// Why not.
    pub reason: String,
}

const RTSP_PORT: u16 = 554;
const RTSPS_PORT: u16 = 322;
const ANY_HOST: &str = "0.0.0.0";

impl SourceUri {
    /// Reads an address or a path.
    ///
    /// # Errors
    /// When the scheme is not one of rtsp, rtsps, udp and srt, or the address has no host or port.
    pub fn parse(text: &str) -> Result<Self, UriError> {
        let refuse = |reason: &str| UriError { uri: mask(text), reason: reason.to_owned() };
        let Some((scheme, rest)) = text.split_once("://") else {
            return if text.is_empty() { Err(refuse("it is empty")) } else { Ok(Self::File(text.into())) };
        };
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(refuse("an address holds no spaces or control characters"));
        }
        let scheme = scheme.to_ascii_lowercase();
        if !matches!(scheme.as_str(), "rtsp" | "rtsps" | "udp" | "srt") {
            return Err(refuse(&format!("scheme {scheme} is not one of rtsp, rtsps, udp, srt")));
        }
        let parsed = Parts::parse(rest).and_then(|parts| match scheme.as_str() {
            "rtsp" | "rtsps" => rtsp(parts, scheme == "rtsps").map(Self::Rtsp),
            "udp" => udp(parts).map(Self::Udp),
            _ => srt(parts).map(Self::Srt),
        });
        parsed.map_err(|reason| refuse(&reason))
    }

    /// Returns whether the feed runs by itself and cannot wait for its reader.
    pub fn live(&self) -> bool {
        !matches!(self, Self::File(_))
    }

    /// Returns the host and port that it leads to or is awaited at; none for a file.
    pub fn endpoint(&self) -> Option<&Endpoint> {
        match self {
            Self::File(_) => None,
            Self::Rtsp(rtsp) => Some(&rtsp.endpoint),
            Self::Udp(endpoint) => Some(endpoint),
            Self::Srt(srt) => Some(&srt.endpoint),
        }
    }

    /// Returns the same feed at an address that its host was looked up to. With TLS the name stays: the certificate is held against it.
    #[must_use]
    pub fn at(&self, address: IpAddr) -> Self {
        let there = |endpoint: &Endpoint| Endpoint { host: address.to_string(), port: endpoint.port };
        match self {
            Self::Rtsp(rtsp) if !rtsp.tls => {
                Self::Rtsp(RtspUri { endpoint: there(&rtsp.endpoint), ..rtsp.clone() })
            }
            Self::Udp(endpoint) => Self::Udp(there(endpoint)),
            Self::Srt(srt) => Self::Srt(SrtUri { endpoint: there(&srt.endpoint), ..srt.clone() }),
            other => other.clone(),
        }
    }

    /// Returns the secrets of the address, so that messages can be cleared of them.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Rtsp(rtsp) => rtsp.password.as_deref().into_iter().collect(),
            Self::Srt(srt) => srt.passphrase.as_deref().into_iter().collect(),
            Self::File(_) | Self::Udp(_) => Vec::new(),
        }
    }
}

impl RtspUri {
    /// Returns the address without credentials.
    pub fn location(&self) -> String {
        let scheme = if self.tls { "rtsps" } else { "rtsp" };
        format!("{scheme}://{}{}", self.endpoint, self.resource)
    }
}

impl SrtUri {
    /// Returns the address without passphrase and stream id.
    pub fn location(&self) -> String {
        format!("srt://{}", self.endpoint)
    }
}

fn rtsp(parts: Parts, tls: bool) -> Result<RtspUri, String> {
    let default_port = if tls { RTSPS_PORT } else { RTSP_PORT };
    let endpoint = Endpoint { host: stated(parts.host)?, port: parts.port.unwrap_or(default_port) };
    let query = if parts.query.is_empty() { String::new() } else { format!("?{}", parts.query) };
    let resource = format!("{}{query}", parts.path);
    Ok(RtspUri { tls, endpoint, resource, user: parts.user, password: parts.password })
}

fn udp(parts: Parts) -> Result<Endpoint, String> {
    let host = stated(parts.host).unwrap_or_else(|_| ANY_HOST.to_owned());
    Ok(Endpoint { host, port: parts.port.ok_or("it has no port")? })
}

fn srt(parts: Parts) -> Result<SrtUri, String> {
    let (mut mode, mut stream_id, mut passphrase) = (SrtMode::Caller, None, None);
    for pair in parts.query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded(value)?;
        match (key, value.as_str()) {
            ("mode", "caller") => mode = SrtMode::Caller,
            ("mode", "listener") => mode = SrtMode::Listener,
            ("streamid", _) => stream_id = Some(value),
            ("passphrase", _) if (10..=79).contains(&value.len()) => passphrase = Some(value),
            ("passphrase", _) => return Err("an SRT passphrase has 10 to 79 bytes".to_owned()),
            ("mode", other) => return Err(format!("SRT mode {other} is not caller or listener")),
            (other, _) => return Err(format!("SRT option {other} is not mode, streamid or passphrase")),
        }
    }
    let host = match (mode, stated(parts.host)) {
        (SrtMode::Listener, Err(_)) => ANY_HOST.to_owned(),
        (_, host) => host?,
    };
    let endpoint = Endpoint { host, port: parts.port.ok_or("it has no port")? };
    Ok(SrtUri { endpoint, mode, stream_id, passphrase })
}

fn stated(host: String) -> Result<String, String> {
    if host.is_empty() { Err("it has no host".to_owned()) } else { Ok(host) }
}

/// Returns an address of unknown shape with whatever may be a secret replaced.
pub(crate) fn mask(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let (before_query, query) = rest.split_once('?').map_or((rest, ""), |(a, b)| (a, b));
    let shown =
        before_query.rsplit_once('@').map_or(before_query.to_owned(), |(_, host)| format!("***@{host}"));
    let query = if query.is_empty() { String::new() } else { "?***".to_owned() };
    format!("{scheme}://{shown}{query}")
}

impl FromStr for SourceUri {
    type Err = UriError;

    fn from_str(text: &str) -> Result<Self, UriError> {
        Self::parse(text)
    }
}

impl From<&Path> for SourceUri {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

impl fmt::Display for SourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Udp(endpoint) => write!(f, "udp://{endpoint}"),
            Self::Srt(srt) => f.write_str(&srt.location()),
            Self::Rtsp(rtsp) => {
                let location = rtsp.location();
                let location = location.split_once('?').map_or(location.clone(), |(a, _)| format!("{a}?***"));
                match (&rtsp.user, location.split_once("://")) {
                    (Some(_), Some((scheme, rest))) => write!(f, "{scheme}://***@{rest}"),
                    _ => f.write_str(&location),
                }
            }
        }
    }
}

impl fmt::Debug for SourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(text: &str, reason: &str) {
        let error = SourceUri::parse(text).expect_err(text).to_string();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn a_feed_is_led_to_an_address_and_keeps_all_else() {
        let at = |text: &str| SourceUri::parse(text).unwrap().at("10.1.2.3".parse().unwrap());
        let SourceUri::Rtsp(rtsp) = at("rtsp://u:p@camera:8554/live?a=b") else { panic!("no RTSP") };
        assert_eq!(rtsp.location(), "rtsp://10.1.2.3:8554/live?a=b");
        assert_eq!((rtsp.user.as_deref(), rtsp.password.as_deref()), (Some("u"), Some("p")));
        assert_eq!(at("udp://camera:5000").to_string(), "udp://10.1.2.3:5000");
        assert_eq!(at("srt://camera:9000?streamid=x").to_string(), "srt://10.1.2.3:9000");
        assert_eq!(at("rtsps://camera/live").endpoint().unwrap().host, "camera");
        assert!(SourceUri::parse("/video.mp4").unwrap().endpoint().is_none());
    }

    #[test]
    fn an_address_outside_the_allow_list_is_refused() {
        refused("file:///etc/passwd", "scheme file is not one of");
        refused("http://10.0.0.1/video", "scheme http is not one of");
        refused("rtsp://camera/x ! filesink location=x", "no spaces");
        refused("rtsp:///stream", "it has no host");
        refused("udp://127.0.0.1", "it has no port");
        refused("udp://127.0.0.1:0", "port 0 is not 1-65535");
        refused("rtsp://camera:99999/x", "cannot use rtsp://camera:99999/x as a source: port 99999");
        refused("srt://host:9000?localaddress=1.2.3.4", "SRT option localaddress");
        refused("srt://host:9000?mode=rendezvous", "SRT mode rendezvous");
        refused("", "it is empty");
    }

    #[test]
    fn credentials_are_taken_apart_and_never_shown() {
        let uri = SourceUri::parse("rtsp://us%40er:s%3Acret@10.0.0.7:8554/a/b?token=abc").unwrap();
        assert_eq!(uri.to_string(), "rtsp://***@10.0.0.7:8554/a/b?***");
        assert_eq!(format!("{uri:?}"), uri.to_string());
        let SourceUri::Rtsp(rtsp) = uri else { panic!("not RTSP") };
        assert_eq!(rtsp.user.as_deref(), Some("us@er"));
        assert_eq!(rtsp.password.as_deref(), Some("s:cret"));
        assert_eq!(rtsp.location(), "rtsp://10.0.0.7:8554/a/b?token=abc");
    }

    #[test]
    fn a_bad_address_is_named_without_its_credentials() {
        let error = SourceUri::parse("rtsp://user:secret@cam era/x").unwrap_err().to_string();
        assert!(!error.contains("secret"), "{error}");
        let error = SourceUri::parse("ftp://user:se@cret@camera/x?pw=hidden").unwrap_err().to_string();
        assert!(!error.contains("cret@") && !error.contains("hidden"), "{error}");
    }

    #[test]
    fn ports_and_addresses_have_their_defaults() {
        let SourceUri::Rtsp(rtsp) = SourceUri::parse("rtsp://camera/live").unwrap() else {
            panic!("not RTSP")
        };
        assert_eq!(rtsp.endpoint, Endpoint { host: "camera".into(), port: 554 });
        assert_eq!(SourceUri::parse("udp://:5000").unwrap().to_string(), "udp://0.0.0.0:5000");
        assert_eq!(SourceUri::parse("udp://@239.1.1.1:5000").unwrap().to_string(), "udp://239.1.1.1:5000");
        let SourceUri::Srt(srt) =
            SourceUri::parse("srt://:9000?mode=listener&passphrase=long%20enough%21").unwrap()
        else {
            panic!("not SRT")
        };
        assert_eq!((srt.mode, srt.passphrase.as_deref()), (SrtMode::Listener, Some("long enough!")));
        assert_eq!(
            SourceUri::parse("flight 1/clip.mp4").unwrap(),
            SourceUri::File("flight 1/clip.mp4".into())
        );
    }
}
