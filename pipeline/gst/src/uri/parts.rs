//! The parts of an address: `user:password@host:port/path?query`.
//!
//! # References
//! RFC 3986, sections 3.2 (authority), 2.1 (percent encoding).

/// The parts, credentials and host decoded, path and query as written.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub user: Option<String>,
    pub password: Option<String>,
    pub host: String,
    pub port: Option<u16>,
    pub path: String,
    pub query: String,
}

impl Parts {
    /// Reads what follows `scheme://`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (authority, resource) = split_before(text, &['/', '?']);
        let (path, query) = split_before(resource, &['?']);
        let (user_info, host_port) =
            authority.rsplit_once('@').map_or((None, authority), |(u, h)| (Some(u), h));
        let (user, password) = match user_info.filter(|info| !info.is_empty()) {
            None => (None, None),
            Some(info) => {
                let (user, password) = info.split_once(':').map_or((info, None), |(u, p)| (u, Some(p)));
                (Some(decoded(user)?), password.map(decoded).transpose()?)
            }
        };
        let (host, port) = host_and_port(host_port)?;
        let query = query.strip_prefix('?').unwrap_or(query).to_owned();
        Ok(Self { user, password, host, port, path: path.to_owned(), query })
    }
}

fn split_before<'t>(text: &'t str, marks: &[char]) -> (&'t str, &'t str) {
    text.split_at(text.find(marks).unwrap_or(text.len()))
}

fn host_and_port(text: &str) -> Result<(String, Option<u16>), String> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(bracketed) => bracketed.split_once(']').ok_or("its IPv6 address has no closing bracket")?,
        None => split_before(text, &[':']),
    };
    let odd = |c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%'));
    if let Some(odd) = host.chars().find(|&c| odd(c)) {
        return Err(format!("its host holds {odd:?}"));
    }
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        Some("") => None,
        Some(digits) => Some(digits.parse().ok().filter(|&p: &u16| p > 0)),
        None => Some(None),
    };
    let port = port.map(|port| port.ok_or(format!("port {} is not 1-65535", rest.trim_start_matches(':'))));
    Ok((host.to_owned(), port.transpose()?))
}

/// Decodes `%41` to `A`.
pub fn decoded(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let hex = |digit: Option<u8>| digit.and_then(|d| char::from(d).to_digit(16));
        match byte {
            b'%' => match (hex(rest.next()), hex(rest.next())) {
                (Some(high), Some(low)) => bytes.push((high * 16 + low) as u8),
                _ => return Err("it holds a % without two hexadecimal digits".to_owned()),
            },
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).map_err(|_| "its percent encoding is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let parts = Parts::parse("us%40er:s%3Ac:t@[fe80::1]:8554/a?b=c?d").unwrap();
        assert_eq!((parts.user.as_deref(), parts.password.as_deref()), (Some("us@er"), Some("s:c:t")));
        assert_eq!((parts.host.as_str(), parts.port), ("fe80::1", Some(8554)));
        assert_eq!((parts.path.as_str(), parts.query.as_str()), ("/a", "b=c?d"));
        assert_eq!(Parts::parse("host").unwrap(), Parts { host: "host".into(), ..Parts::default() });
    }

    #[test]
    fn broken_addresses_are_refused_with_the_part_that_is_wrong() {
        for (text, reason) in [
            ("[::1", "no closing bracket"),
            ("host:99999", "port 99999"),
            ("host:0", "port 0"),
            ("ho!st", "'!'"),
            ("us%4:x@host", "without two hexadecimal"),
            ("%ff@host", "not UTF-8"),
        ] {
            let error = Parts::parse(text).unwrap_err();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }
}
