//! Where a member of etcd listens.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use url::{Host, Url};

/// The port where clients are served, if the address names none.
const PORT: u16 = 2379;

/// The address of one member: `https://etcd-0.example.com:2379`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    host: Host<String>,
    port: u16,
    tls: bool,
}

/// Why a text is no address of a member.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is no address of etcd, expected `https://HOST:PORT` or `http://HOST:PORT`")]
pub struct EndpointError {
    /// The text.
    pub text: String,
}

impl Endpoint {
    /// Says whether the connection is encrypted.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.tls
    }

    /// Says whether it is on this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match &self.host {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => IpAddr::V6(*address).to_canonical().is_loopback(),
        }
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        let refuse = || EndpointError {
            text: without_login(text),
        };
        let url = Url::parse(text.trim()).map_err(|_| refuse())?;
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(refuse()),
        };
        let plain = url.username().is_empty() && url.password().is_none();
        if !plain || url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(refuse());
        }
        Ok(Self {
            host: url.host().ok_or_else(refuse)?.to_owned(),
            port: url.port().unwrap_or_else(|| default_port(text, tls)),
            tls,
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// The port of an address where `Url` gives none: it leaves out the default one of the scheme even where it was written.
fn default_port(text: &str, tls: bool) -> u16 {
    let text = text.trim().trim_end_matches('/');
    match tls {
        true if text.ends_with(":443") => 443,
        false if text.ends_with(":80") => 80,
        _ => PORT,
    }
}

/// A text without what stands before an `@`, which may be a password.
fn without_login(text: &str) -> String {
    text.rsplit_once('@')
        .map_or_else(|| text.to_owned(), |(_, tail)| format!("…@{tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, String> {
        text.parse::<Endpoint>()
            .map(|endpoint| endpoint.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn reads_addresses() {
        for (text, expected) in [
            ("https://etcd.example.com", "https://etcd.example.com:2379"),
            ("https://etcd.example.com:443/", "https://etcd.example.com:443"),
            ("http://127.0.0.1:80", "http://127.0.0.1:80"),
            (" http://[::1]:12379 ", "http://[::1]:12379"),
        ] {
            assert_eq!(read(text).unwrap(), expected);
        }
    }

    #[test]
    fn refuses_what_is_none() {
        for text in [
            "",
            "etcd:2379",
            "127.0.0.1:2379",
            "ftp://a",
            "https://a/v3",
            "https://a?b",
            "https://",
        ] {
            assert_eq!(
                read(text).unwrap_err(),
                format!("`{text}` is no address of etcd, expected `https://HOST:PORT` or `http://HOST:PORT`")
            );
        }
        let error = read("https://root:hunter2@etcd.example.com").unwrap_err();
        assert!(error.starts_with("`…@etcd.example.com` is no address"), "{error}");
    }

    #[test]
    fn knows_this_machine() {
        for (text, expected) in [
            ("http://localhost", true),
            ("http://127.8.0.1", true),
            ("http://[::1]", true),
            ("http://10.0.0.1", false),
            ("http://localhost.example.com", false),
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().is_loopback(), expected, "{text}");
        }
    }
}
