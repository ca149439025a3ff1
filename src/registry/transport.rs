//! HTTP and TLS: clients that are built when a host first needs them.

use std::collections::HashMap;
use std::error::Error as _;
use std::io;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use camino::Utf8PathBuf;
use reqwest::{Certificate, redirect};
use url::{Host, Url};

use super::Times;
use super::body::printable;
use super::error::{Asked, Error};
use crate::limits;

const REASON_MAX: usize = 200;

/// Makes connections; knows which hosts may be spoken to without TLS.
#[derive(Debug)]
pub(crate) struct Transport {
    ca_files: Vec<Utf8PathBuf>,
    in_flight: usize,
    plain_http: Vec<String>,
    times: Times,
    user_agent: String,
    clients: Mutex<HashMap<Kind, reqwest::Client>>,
}

/// One kind of connection.
///
/// Loading the system's root certificates takes tens of milliseconds and fails on a machine without any, so that plain
/// HTTP has clients of its own. Loopback hosts are never proxied.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
struct Kind {
    trust: Trust,
    loopback: bool,
}

#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Trust {
    /// The system's certificate authorities and those of the user.
    Known,
    /// None: plain HTTP.
    Nobody,
}

/// Why there is no client.
#[derive(Debug)]
pub(crate) enum SetupError {
    Ca(Utf8PathBuf),
    File(crate::fs::Error),
    Tls(reqwest::Error),
}

impl SetupError {
    pub(crate) fn about(self, asked: &Asked) -> Error {
        match self {
            Self::Ca(path) => Error::CaFile { path },
            Self::File(error) => Error::File(error),
            Self::Tls(error) => Error::Tls {
                asked: asked.clone(),
                reason: reason(&error),
            },
        }
    }
}

impl Transport {
    pub(crate) fn new(
        ca_files: Vec<Utf8PathBuf>,
        plain_http: Vec<String>,
        in_flight: usize,
        user_agent: String,
        times: Times,
    ) -> Self {
        Self {
            ca_files,
            in_flight,
            plain_http,
            times,
            user_agent,
            clients: Mutex::default(),
        }
    }

    /// The client for an address.
    pub(crate) fn client(&self, url: &Url) -> Result<reqwest::Client, SetupError> {
        let trust = if url.scheme() == "http" {
            Trust::Nobody
        } else {
            Trust::Known
        };
        self.of_kind(Kind {
            trust,
            loopback: is_loopback_url(url),
        })
    }

    /// Says whether plain HTTP may be spoken to the host of this address.
    pub(crate) fn allows_plain(&self, url: &Url) -> bool {
        is_loopback_url(url) || self.is_plain(url.authority())
    }

    /// Says whether the user named this host for plain HTTP, with its port or without.
    pub(crate) fn is_plain(&self, host: &str) -> bool {
        let name = without_port(host);
        self.plain_http
            .iter()
            .any(|plain| plain.eq_ignore_ascii_case(host) || plain.eq_ignore_ascii_case(name))
    }

    fn of_kind(&self, kind: Kind) -> Result<reqwest::Client, SetupError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&kind) {
            return Ok(client.clone());
        }
        let client = self.build(kind)?;
        clients.insert(kind, client.clone());
        Ok(client)
    }

    fn build(&self, kind: Kind) -> Result<reqwest::Client, SetupError> {
        let mut builder = reqwest::Client::builder()
            .connect_timeout(self.times.connect)
            .pool_max_idle_per_host(self.in_flight)
            .read_timeout(self.times.read)
            .redirect(redirect::Policy::none())
            .referer(false)
            .user_agent(self.user_agent.as_str());
        if kind.loopback {
            builder = builder.no_proxy();
        }
        builder = match kind.trust {
            Trust::Known => builder.tls_certs_merge(self.certificates()?),
            Trust::Nobody => builder.tls_certs_only([]),
        };
        builder.build().map_err(SetupError::Tls)
    }

    fn certificates(&self) -> Result<Vec<Certificate>, SetupError> {
        let mut all = Vec::new();
        for path in &self.ca_files {
            let pem = crate::fs::read_bytes(path, limits::CREDENTIAL_FILE_BYTES).map_err(SetupError::File)?;
            let found = Certificate::from_pem_bundle(&pem).map_err(|_| SetupError::Ca(path.clone()))?;
            if found.is_empty() {
                return Err(SetupError::Ca(path.clone()));
            }
            all.extend(found);
        }
        Ok(all)
    }
}

/// Says whether trying again cannot help: a certificate that is not trusted now will not be in a second, and who is not
/// there on this machine is not merely slow.
pub(crate) fn is_hopeless(error: &reqwest::Error, url: &Url) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|error| match error.kind() {
            // What the TLS library refuses arrives as this.
            io::ErrorKind::InvalidData => true,
            io::ErrorKind::ConnectionRefused => is_loopback_url(url),
            _ => false,
        })
}

/// Says whether a server was refused because its certificate is marked as an authority's.
///
/// The name is that of `webpki`, which TLS on all but Apple's and Microsoft's systems verifies with; its types are not
/// reached through `reqwest`.
pub(crate) fn is_ca_certificate(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| cause.to_string().contains("CaUsedAsEndEntity"))
}

/// What is at the bottom of an error, safe to print.
pub(crate) fn reason(error: &reqwest::Error) -> String {
    let bottom = causes(error).last();
    let text = bottom.map_or_else(|| error.to_string(), ToString::to_string);
    // The TLS library's words for an error of somebody else.
    printable(text.strip_prefix("unexpected error: ").unwrap_or(&text), REASON_MAX)
}

/// All that an error is about; the source of an `io::Error` leaves out the error that it wraps.
fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    std::iter::successors(error.source(), |&cause| match cause.downcast_ref::<io::Error>() {
        Some(wrapper) => Some(wrapper.get_ref()?),
        None => cause.source(),
    })
}

/// Says whether a registry's host, with or without a port, is this machine: `localhost`, `*.localhost`, `127.0.0.0/8` or
/// `[::1]` (RFC 6761, 6.3).
pub(crate) fn is_loopback(host: &str) -> bool {
    Url::parse(&format!("http://{host}/")).is_ok_and(|url| is_loopback_url(&url))
}

pub(crate) fn is_loopback_url(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The address of a host that is written as one.
pub(crate) fn address(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4)),
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_this_machine() {
        for host in [
            "localhost",
            "LOCALHOST:5000",
            "a.localhost:1",
            "127.0.0.1",
            "127.9.9.9:80",
            "[::1]:5000",
        ] {
            assert!(is_loopback(host), "{host}");
        }
        for host in [
            "localhost.example.com",
            "notlocalhost",
            "10.0.0.1",
            "[::2]",
            "127.0.0.1.example.com",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn plain_http_is_named_with_or_without_port() {
        let transport = Transport::new(
            Vec::new(),
            vec!["a.test".to_owned(), "b.test:5000".to_owned()],
            1,
            String::new(),
            Times::default(),
        );
        let allowed =
            ["a.test", "A.test:80", "b.test:5000", "b.test", "b.test:1", "c.test"].map(|h| transport.is_plain(h));
        assert_eq!(allowed, [true, true, true, false, false, false]);
    }
}
