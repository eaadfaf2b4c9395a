//! Where a request comes from, past the proxies that are believed.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// Header in which each proxy adds whom it was asked by.
const FORWARDED: &str = "x-forwarded-for";

/// Tells whether an address is that of a proxy which is believed.
pub fn believed(address: IpAddr, trusted: &[IpNet]) -> bool {
    trusted.iter().any(|network| network.contains(&address.to_canonical()))
}

/// Returns the address that a request comes from: that of the connection, or what the proxies in front say, as far as they are believed.
pub fn of(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let Some(peer) = peer.map(|peer| peer.to_canonical()) else {
        // Without a connection there is one caller, which is inside this process.
        return IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    };
    if !believed(peer, trusted) {
        return peer;
    }
    let lines = headers.get_all(FORWARDED).iter().filter_map(|value| value.to_str().ok());
    let told: Vec<Option<IpAddr>> =
        lines.flat_map(|line| line.split(',')).map(|part| part.trim().parse().ok()).collect();
    let mut nearest = peer;
    for address in told.into_iter().rev() {
        // What is no address, and all before it, was written by who knows whom.
        let Some(address) = address else { return nearest };
        nearest = address.to_canonical();
        if !believed(nearest, trusted) {
            return nearest;
        }
    }
    nearest
}

/// Returns what stands for all addresses that one party has: of IPv6 the network of 64 bits, which one household gets.
pub fn party(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(peer: &str, forwarded: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED, line.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "127.0.0.1/32".parse().unwrap()];
        of(Some(peer.parse().unwrap()), &headers, &trusted).to_string()
    }

    #[test]
    fn a_proxy_is_believed_and_nobody_else() {
        assert_eq!(told("10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(told("::ffff:127.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(told("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(told("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_a_client_writes_before_the_proxy_does_not_count() {
        assert_eq!(told("10.0.0.1", &["198.51.100.1, 203.0.113.7"]), "203.0.113.7");
        assert_eq!(told("10.0.0.1", &["198.51.100.1", "203.0.113.7, 10.0.0.2"]), "203.0.113.7");
        assert_eq!(told("10.0.0.1", &["198.51.100.1, nonsense"]), "10.0.0.1");
    }

    #[test]
    fn addresses_of_one_network_of_ipv6_are_one_party() {
        let one = |text: &str| party(text.parse().unwrap());
        assert_eq!(one("2001:db8:1:2::3"), one("2001:db8:1:2:ffff::"));
        assert_ne!(one("2001:db8:1:2::3"), one("2001:db8:1:3::3"));
        assert_eq!(one("::ffff:203.0.113.7"), one("203.0.113.7"));
    }
}
