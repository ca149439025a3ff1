//! What a client needs to know.

use std::time::Duration;

use camino::Utf8PathBuf;

use super::{Keychain, Mirrors};
use crate::limits;

/// The settings of a [`super::Client`].
#[derive(Debug)]
pub struct Options {
    /// Files of certificate authorities (PEM) that are trusted beside those of the system.
    pub ca_files: Vec<Utf8PathBuf>,
    /// Requests in flight to one host.
    pub in_flight: usize,
    /// Where credentials come from.
    pub keychain: Keychain,
    /// What `registries.conf` says.
    pub mirrors: Mirrors,
    /// Hosts, with or without a port, that are spoken to without TLS. Loopback hosts need not be named.
    pub plain_http: Vec<String>,
    /// How long is waited for what.
    pub times: Times,
    /// Tries of one request after 429, 5xx or a broken connection.
    pub tries: u32,
    /// The `User-Agent`.
    pub user_agent: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ca_files: Vec::new(),
            in_flight: limits::IN_FLIGHT,
            keychain: Keychain::default(),
            mirrors: Mirrors::default(),
            plain_http: Vec::new(),
            times: Times::default(),
            tries: limits::TRIES,
            user_agent: concat!("kship/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// The waits of a client; [`limits`] has the reasons.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// For a connection.
    pub connect: Duration,
    /// For a credential helper.
    pub helper: Duration,
    /// For the next byte of an answer.
    pub read: Duration,
    /// For a request with all its tries, redirects and waits. Waiting for its turn does not count.
    pub request: Duration,
    /// Longest wait that a `Retry-After` can ask for.
    pub retry_after: Duration,
    /// Shortest wait before a request is tried again.
    pub retry_floor: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            connect: limits::CONNECT,
            helper: limits::HELPER,
            read: limits::READ,
            request: limits::REQUEST,
            retry_after: limits::RETRY_AFTER,
            retry_floor: limits::RETRY_FLOOR,
        }
    }
}
