//! How the server is reached, by whom, and how often.

use std::num::NonZeroU32;
use std::path::PathBuf;

use ipnet::IpNet;
use serde::Deserialize;

use crate::serve::accounts::Role;

/// How the server is reached, by whom, and how often.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServeEntry {
    /// Address that people type, as `https://flood.city.example`, where it is another than the one listened on.
    pub public_url: Option<String>,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Networks that streams added while the server runs may lie in; with none, no stream can be added.
    pub stream_networks: Vec<IpNet>,
    /// How many requests are answered.
    pub limits: LimitsEntry,
    /// Certificate and key, where the server speaks TLS itself.
    pub tls: Option<TlsEntry>,
    /// Who vouches for people, beside the accounts of the server.
    pub oidc: Option<OidcEntry>,
}

/// Where traces go.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TracesEntry {
    /// OTLP over HTTP, as `http://collector:4318/v1/traces`.
    pub endpoint: String,
    /// As what the server is known there.
    #[serde(default = "usual_service_name")]
    pub service_name: String,
    /// File that holds a bearer token and nothing else.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
}

impl TracesEntry {
    /// Returns why it cannot be used, as far as its text tells.
    pub fn unusable(&self) -> Option<String> {
        let uri = self.endpoint.parse::<axum::http::Uri>().ok();
        let fits = uri.as_ref().is_some_and(|uri| {
            let plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
            plain && matches!(uri.scheme_str(), Some("http" | "https"))
        });
        let reason = if !fits {
            "its endpoint is no http:// or https:// address without user and password"
        } else if self.service_name.trim().is_empty() {
            "its service_name is empty"
        } else {
            return None;
        };
        Some(reason.to_owned())
    }
}

fn usual_service_name() -> String {
    "flyonce".to_owned()
}

/// A provider of OpenID Connect that vouches for people.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcEntry {
    /// Its address, as its `/.well-known/openid-configuration` states it.
    pub issuer: String,
    /// As whom the server is known to it.
    pub client_id: String,
    /// File that holds the secret of the client and nothing else; none for a public client.
    #[serde(default)]
    pub client_secret_file: Option<PathBuf>,
    /// Certificates of the authorities of the provider's own, PEM; those of the public internet when absent.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// What is asked for beside `openid`.
    #[serde(default = "usual_scopes")]
    pub scopes: Vec<String>,
    /// Claim that names a person.
    #[serde(default = "usual_name_claim")]
    pub name_claim: String,
    /// Claim that lists the groups of a person; dots lead into it, as in `realm_access.roles`.
    #[serde(default = "usual_roles_claim")]
    pub roles_claim: String,
    /// Chinese words of the button.
    #[serde(default)]
    pub label_zh: Option<String>,
    /// English words of the button.
    #[serde(default)]
    pub label_en: Option<String>,
    /// What each group may do; the first that a person is in counts.
    #[serde(default)]
    pub roles: Vec<RoleEntry>,
}

/// What a group may do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleEntry {
    /// Name of the group, as the provider has it.
    pub group: String,
    /// What its members do in the city.
    pub role: Role,
    /// Department of the role department.
    #[serde(default)]
    pub department: Option<String>,
}

fn usual_scopes() -> Vec<String> {
    vec!["profile".to_owned()]
}

fn usual_name_claim() -> String {
    "preferred_username".to_owned()
}

fn usual_roles_claim() -> String {
    "groups".to_owned()
}

impl OidcEntry {
    /// Returns why it cannot be used, with its key.
    fn unusable(&self) -> Option<(&'static str, String)> {
        let host =
            self.issuer.strip_prefix("http://").map(|rest| rest.split(['/', ':']).next().unwrap_or_default());
        let here = host.is_some_and(|host| ["127.0.0.1", "localhost"].contains(&host));
        if self.issuer.contains(['@', '?', '#']) || !(here || self.issuer.starts_with("https://")) {
            let shown = super::masked(&self.issuer);
            return Some((
                "oidc.issuer",
                format!("must begin with https:// (http:// on this machine), is {shown:?}"),
            ));
        }
        if self.roles.is_empty() {
            return Some(("oidc.roles", "names no group, so nobody could sign in".to_owned()));
        }
        let odd = self.roles.iter().find(|one| (one.role == Role::Department) != one.department.is_some())?;
        Some((
            "oidc.roles",
            format!("{:?}: a department is for the role department, and for no other", odd.group),
        ))
    }
}

/// Certificate and key of a server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsEntry {
    /// Certificate and what leads from it to its authority, PEM.
    pub certificate: PathBuf,
    /// Private key, PEM.
    pub key: PathBuf,
}

impl ServeEntry {
    /// Tells whether people reach the server by TLS, so that cookies may be kept to it.
    pub fn encrypted(&self) -> bool {
        self.tls.is_some() || self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }

    /// Returns what cannot be used, with its key.
    pub fn unusable(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        if let Some(url) = &self.public_url
            && !is_origin(url)
        {
            let shown = super::masked(url);
            found.push(("public_url", format!("must be http:// or https:// and a host alone, is {shown:?}")));
        }
        if let Some(oidc) = &self.oidc {
            found.extend(oidc.unusable());
            if self.public_url.is_none() {
                let message = "missing: the provider of `serve.oidc` sends people back there";
                found.push(("public_url", message.to_owned()));
            }
        }
        found
    }
}

/// Tells whether a text is scheme, host and port, and nothing else.
fn is_origin(url: &str) -> bool {
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    host.is_some_and(|host| !host.is_empty() && !host.contains(['/', '@', '?', '#', ' ']))
}

/// How many requests are answered: so many lasting, and so many at once by who was quiet before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsEntry {
    /// Requests of one account or token, a second.
    pub caller_per_second: NonZeroU32,
    /// Requests of one account or token at once.
    pub caller_burst: NonZeroU32,
    /// Requests of one address by nobody who is known, a second.
    pub address_per_second: NonZeroU32,
    /// Requests of one address by nobody who is known, at once.
    pub address_burst: NonZeroU32,
    /// Attempts of one address to sign in, a minute.
    pub sign_in_per_minute: NonZeroU32,
    /// Attempts of one address to sign in, at once.
    pub sign_in_burst: NonZeroU32,
}

impl Default for LimitsEntry {
    /// The page at its busiest sends some twenty requests a second, a consumer that reads the feed from its beginning a hundred;
    /// a shift of thirty behind one address signs in at once, and each loads the page.
    fn default() -> Self {
        const fn of(count: u32) -> NonZeroU32 {
            NonZeroU32::MIN.saturating_add(count - 1)
        }
        Self {
            caller_per_second: of(200),
            caller_burst: of(2_000),
            address_per_second: of(50),
            address_burst: of(1_000),
            sign_in_per_minute: of(30),
            sign_in_burst: of(30),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_people_type_has_no_path() {
        for (url, fits) in [
            ("https://flood.city.example", true),
            ("http://127.0.0.1:8080", true),
            ("https://", false),
            ("flood.city.example", false),
            ("https://flood.city.example/desk", false),
            ("https://u:p@flood.city.example", false),
        ] {
            let entry = ServeEntry { public_url: Some(url.to_owned()), ..ServeEntry::default() };
            assert_eq!(entry.unusable().is_empty(), fits, "{url}");
            assert!(!format!("{:?}", entry.unusable()).contains("u:p"));
        }
    }

    #[test]
    fn traces_go_to_an_address_without_secrets() {
        for (text, fits) in [
            ("endpoint = \"http://collector:4318/v1/traces\"", true),
            ("endpoint = \"https://otel.city.example/v1/traces\"", true),
            ("endpoint = \"http://u:p@collector:4318\"", false),
            ("endpoint = \"collector:4318\"", false),
            ("endpoint = \"grpc://collector:4317\"", false),
            ("endpoint = \"http://collector:4318\"\nservice_name = \" \"", false),
        ] {
            let entry: TracesEntry = toml::from_str(text).unwrap();
            assert_eq!(entry.unusable().is_none(), fits, "{text}");
        }
    }

    #[test]
    fn a_provider_of_identities_needs_tls_groups_and_a_way_back() {
        let entry = |text: &str| -> ServeEntry {
            let text = format!("public_url = \"https://c.example\"\n[oidc]\nclient_id = \"f\"\n{text}");
            toml::from_str(&text).unwrap()
        };
        let group = "roles = [{ group = \"desk\", role = \"duty\" }]";
        let fine = entry(&format!("issuer = \"https://id.example/realms/city\"\n{group}"));
        assert!(fine.unusable().is_empty(), "{:?}", fine.unusable());
        assert_eq!(ServeEntry { public_url: None, ..fine }.unusable()[0].0, "public_url");
        let keys =
            |text: &str| -> Vec<&str> { entry(text).unusable().into_iter().map(|(key, _)| key).collect() };
        assert!(keys(&format!("issuer = \"http://127.0.0.1:9400\"\n{group}")).is_empty());
        assert_eq!(keys(&format!("issuer = \"http://id.example\"\n{group}")), ["oidc.issuer"]);
        assert_eq!(keys(&format!("issuer = \"http://127.0.0.1.example\"\n{group}")), ["oidc.issuer"]);
        assert_eq!(keys("issuer = \"https://id.example\""), ["oidc.roles"]);
        let crew = "issuer = \"https://id.example\"\nroles = [{ group = \"crew\", role = \"department\" }]";
        assert_eq!(keys(crew), ["oidc.roles"]);
    }

    #[test]
    fn a_limit_of_nothing_is_no_limit_but_a_mistake() {
        assert!(toml::from_str::<LimitsEntry>("caller_burst = 0").is_err());
        assert_eq!(toml::from_str::<LimitsEntry>("").unwrap(), LimitsEntry::default());
    }
}
