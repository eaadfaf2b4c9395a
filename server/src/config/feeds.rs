//! Sections for those who are told of events by other ways than HTTP.

use std::path::PathBuf;

use axum::http::Uri;
use serde::Deserialize;

/// An MQTT 5 broker that every event is published to.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MqttEntry {
    /// Name; the place that it has been told up to is kept under it.
    pub id: String,
    /// `mqtts://host:port`, or `mqtt://host:port` without encryption; 8883 and 1883 when the port is not given.
    pub url: String,
    /// First level of all topics.
    #[serde(default = "default_prefix")]
    pub prefix: String,
    /// User at the broker.
    #[serde(default)]
    pub user: Option<String>,
    /// File that holds the user's password.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// PEM file of the authorities that the broker's certificate is checked against; those of the system when absent.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Only events of tasks that this department leads or assists.
    #[serde(default)]
    pub department: Option<String>,
}

fn default_prefix() -> String {
    "flyonce".to_owned()
}

/// Where a broker is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl MqttEntry {
    /// Returns where the broker is; none when the address is none, or holds a user.
    pub fn broker(&self) -> Option<Broker> {
        let uri: Uri = self.url.parse().ok()?;
        let tls = match uri.scheme_str()? {
            "mqtts" => true,
            "mqtt" => false,
            _ => return None,
        };
        let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'))
            && matches!(uri.path(), "" | "/")
            && uri.query().is_none();
        let port = uri.port_u16().unwrap_or(if tls { 8883 } else { 1883 });
        plain.then_some(Broker { tls, host: uri.host()?.to_owned(), port })
    }

    /// Returns why it cannot be used, as far as its text tells.
    pub fn unusable(&self) -> Option<String> {
        let level = |text: &str| !text.is_empty() && !text.contains(['+', '#', '$', '\0']);
        let reason = if self.id.is_empty() || self.id.len() > 100 {
            "its id is empty or longer than 100 bytes"
        } else if self.broker().is_none() {
            "its url is not mqtt://host:port or mqtts://host:port, without user, password and path"
        } else if !self.prefix.split('/').all(level) {
            "its prefix has an empty level, or one with +, # or $"
        } else if self.user.is_some() != self.password_file.is_some() {
            "user and password_file belong together"
        } else if self.user.is_some() && self.broker().is_some_and(|broker| !broker.tls) && !self.near() {
            "a password goes to another machine by mqtts:// only"
        } else {
            return None;
        };
        Some(reason.to_owned())
    }

    /// Tells whether the broker is on this machine.
    fn near(&self) -> bool {
        let host = self.broker().map(|broker| broker.host).unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

/// How alerts to the public are signed and meant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CapEntry {
    /// Who sends them, as receivers know it: a domain name or the like, without spaces, commas, `<` and `&`.
    pub sender: String,
    /// Name of the sender for people.
    pub sender_name: String,
    /// How they are meant; `test` unless the city says otherwise, so that no server warns the public by accident.
    pub status: CapStatus,
}

/// How an alert is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CapStatus {
    /// It is one.
    Actual,
    /// Of an exercise.
    Exercise,
    /// To be passed over.
    Test,
}

impl CapStatus {
    /// Returns the name in an alert.
    pub fn name(self) -> &'static str {
        match self {
            Self::Actual => "Actual",
            Self::Exercise => "Exercise",
            Self::Test => "Test",
        }
    }
}

impl Default for CapEntry {
    fn default() -> Self {
        Self {
            sender: "flyonce".to_owned(),
            sender_name: "flyonce 综合飞一次".to_owned(),
            status: CapStatus::Test,
        }
    }
}

impl CapEntry {
    /// Returns why it cannot be used.
    pub fn unusable(&self) -> Option<String> {
        let bad = |c: char| c.is_whitespace() || ",<&".contains(c);
        (self.sender.is_empty() || self.sender.contains(bad))
            .then(|| format!("sender {:?} is empty or has spaces, commas, < or &", self.sender))
    }
}

/// Where events are sent as Cursor on Target.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CotEntry {
    /// Name; the place that it has been told up to is kept under it.
    pub id: String,
    /// `udp://host:port`, as in `udp://239.2.3.1:6969`, or `tcp://host:port`.
    pub to: String,
    /// Only events of tasks that this department leads or assists.
    #[serde(default)]
    pub department: Option<String>,
}

impl CotEntry {
    /// Returns whether it is TCP, and host and port; none when the address is none.
    pub fn address(&self) -> Option<(bool, &str)> {
        let (scheme, address) = self.to.split_once("://")?;
        let (host, port) = address.rsplit_once(':')?;
        let fits = !host.is_empty() && !address.contains(['@', '/']) && port.parse::<u16>().is_ok();
        (fits && ["tcp", "udp"].contains(&scheme)).then_some((scheme == "tcp", address))
    }

    /// Returns why it cannot be used.
    pub fn unusable(&self) -> Option<String> {
        if self.id.is_empty() || self.id.len() > 100 {
            return Some("its id is empty or longer than 100 bytes".to_owned());
        }
        self.address().is_none().then(|| format!("{:?} is not udp://host:port or tcp://host:port", self.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(url: &str) -> MqttEntry {
        toml::from_str(&format!("id = \"b\"\nurl = \"{url}\"")).unwrap()
    }

    #[test]
    fn a_broker_has_the_port_of_its_scheme_unless_it_says_another() {
        let broker = |url: &str| entry(url).broker().map(|b| (b.tls, b.host, b.port));
        assert_eq!(broker("mqtts://b.example"), Some((true, "b.example".to_owned(), 8883)));
        assert_eq!(broker("mqtt://127.0.0.1:18830"), Some((false, "127.0.0.1".to_owned(), 18_830)));
        for url in ["https://b.example", "b.example:1883", "mqtt://u:p@b.example", "mqtt://b.example/x"] {
            assert_eq!(broker(url), None, "{url}");
        }
    }

    #[test]
    fn a_password_leaves_the_machine_encrypted_only() {
        let with = |url: &str| MqttEntry {
            user: Some("u".to_owned()),
            password_file: Some("p".into()),
            ..entry(url)
        };
        assert!(with("mqtt://b.example").unusable().is_some());
        assert!(with("mqtts://b.example").unusable().is_none());
        assert!(with("mqtt://127.0.0.1:1").unusable().is_none());
    }

    #[test]
    fn a_prefix_is_no_wildcard() {
        for prefix in ["", "a//b", "a/#", "+"] {
            let entry = MqttEntry { prefix: prefix.to_owned(), ..entry("mqtt://b.example") };
            assert!(entry.unusable().is_some(), "{prefix:?}");
        }
    }
}
