//! Whether a proxy stands between: the rules of Go's `net/http`, which kubectl and kubeseal follow.

use std::net::IpAddr;

/// The proxies of the environment.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    /// `HTTP_PROXY`, for addresses without TLS.
    pub http: Option<String>,
    /// `HTTPS_PROXY`.
    pub https: Option<String>,
    /// `NO_PROXY`: hosts, domains and networks that are reached directly.
    pub no: Option<String>,
}

impl Proxies {
    /// The proxy for an address; this machine is always reached directly.
    #[must_use]
    pub fn for_address(&self, tls: bool, host: &str, port: Option<u16>) -> Option<&str> {
        let proxy = if tls { &self.https } else { &self.http };
        let proxy = proxy.as_deref()?;
        let host = host.trim_matches(['[', ']']).trim_end_matches('.').to_ascii_lowercase();
        let address = host.parse::<IpAddr>().ok();
        let is_here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        let port = port.unwrap_or(if tls { 443 } else { 80 });
        let direct = is_here
            || self
                .no
                .iter()
                .flat_map(|list| list.split(','))
                .any(|entry| covers(entry.trim(), &host, address, port));
        (!direct).then_some(proxy)
    }
}

/// Says whether an entry of `NO_PROXY` names a host (`golang.org/x/net/http/httpproxy`).
fn covers(entry: &str, host: &str, address: Option<IpAddr>, port: u16) -> bool {
    if entry == "*" {
        return true;
    }
    if let (Some((network, bits)), Some(address)) = (entry.split_once('/'), address) {
        return within(network, bits, address).unwrap_or(false);
    }
    let (name, only) = match entry.rsplit_once(':') {
        Some((name, only)) if entry.parse::<IpAddr>().is_err() => (name, only.parse::<u16>().ok()),
        _ => (entry, None),
    };
    if only.is_some_and(|only| only != port) {
        return false;
    }
    let name = name.trim_matches(['[', ']']).to_ascii_lowercase();
    if let Some(address) = address {
        return name.parse() == Ok(address);
    }
    let name = name.strip_prefix('*').unwrap_or(&name);
    match name.strip_prefix('.') {
        Some(domain) => host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')),
        None if name.is_empty() => false,
        None => host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')),
    }
}

fn within(network: &str, bits: &str, address: IpAddr) -> Option<bool> {
    let bits: u32 = bits.parse().ok()?;
    let (network, address, width) = match (network.parse().ok()?, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            (u128::from(u32::from(network)), u128::from(u32::from(address)), 32)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => (u128::from(network), u128::from(address), 128),
        _ => return Some(false),
    };
    let shift = u32::checked_sub(width, bits)?;
    // A shift by all bits leaves nothing, which is what /0 means.
    Some(network.checked_shr(shift) == address.checked_shr(shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_is_read_as_go_reads_it() {
        let proxies = |no: &str| Proxies {
            http: None,
            https: Some("http://proxy.example.com:3128".to_owned()),
            no: Some(no.to_owned()),
        };
        for (no, host, direct) in [
            ("", "api.example.com", false),
            ("", "localhost", true),
            ("", "127.9.9.9", true),
            ("", "[::1]", true),
            ("*", "api.example.com", true),
            ("example.com", "api.example.com", true),
            ("example.com", "notexample.com", false),
            (".example.com", "example.com", false),
            (".example.com, x", "api.example.com", true),
            ("api.example.com:6443", "api.example.com", true),
            ("api.example.com:443", "api.example.com", false),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("0.0.0.0/0", "11.1.2.3", true),
            ("10.0.0.0/99", "10.1.2.3", false),
            ("fd00::/8", "[fd00::1]", true),
            ("10.1.2.3", "10.1.2.3", true),
        ] {
            let proxy = proxies(no);
            assert_eq!(
                proxy.for_address(true, host, Some(6443)).is_none(),
                direct,
                "{no} {host}"
            );
            assert_eq!(proxy.for_address(false, host, None), None);
        }
    }
}
