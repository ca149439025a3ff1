//! What keeps from reaching a cluster, or from understanding its answer.

use std::fmt;
use std::time::Duration;

use camino::Utf8PathBuf;

use crate::text::Position;
use crate::yaml;

/// A request, as messages name it: its method and its address.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asked(String);

impl Asked {
    /// The server's address has nothing secret in it.
    pub(super) fn new(method: &str, server: &str, path: &str) -> Self {
        Self(format!("`{method} {}{path}`", server.trim_end_matches('/')))
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An answer that is no success.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// What the API server said, if it was the one that answered.
    pub message: Option<String>,
    /// The start of a text that somebody behind the API server sent.
    pub text: Option<String>,
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        let status = http::StatusCode::from_u16(self.status).ok();
        if let Some(reason) = status.and_then(|status| status.canonical_reason()) {
            write!(f, " {reason}")?;
        }
        match self.message.as_ref().or(self.text.as_ref()) {
            Some(words) if !words.is_empty() => write!(f, ", {words}"),
            _ => Ok(()),
        }
    }
}

/// Why a cluster's answer is not known. No message has a token, a key or what a plugin printed in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An address that is none.
    #[error("{name} `{value}` is no address: expected {expected}")]
    Address {
        /// What it is for.
        name: &'static str,
        /// What was given.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Two settings that exclude each other, or one that needs another.
    #[error("the cluster cannot be asked with {found}: expected {expected}")]
    Conflict {
        /// What is set.
        found: &'static str,
        /// What should be.
        expected: &'static str,
    },
    /// Credentials that cannot be used.
    #[error("the credentials of user `{user}` cannot be used: {reason}")]
    Credentials {
        /// The user of the kubeconfig.
        user: String,
        /// Why not.
        reason: String,
    },
    /// The API server denies it.
    #[error("the API server denies {asked}: {answered}")]
    Denied {
        /// What was asked.
        asked: Asked,
        /// What it answered.
        answered: Answered,
    },
    /// A file that cannot be read.
    #[error(transparent)]
    File(#[from] crate::fs::Error),
    /// A kubeconfig with a field of another type.
    #[error("{path} is no kubeconfig: {field} has another type than kubectl takes")]
    Kubeconfig {
        /// The file.
        path: Utf8PathBuf,
        /// The field.
        field: String,
    },
    /// A name that the kubeconfig does not have.
    #[error("the kubeconfig has no {kind} `{name}`: it has {}", list(known))]
    Missing {
        /// `context`, `cluster` or `user`.
        kind: &'static str,
        /// The name.
        name: String,
        /// The names that it has.
        known: Vec<String>,
    },
    /// No kubeconfig says where the cluster is.
    #[error("no cluster is configured: {reason}")]
    NoCluster {
        /// Where it was looked for.
        reason: String,
    },
    /// There is no such thing.
    #[error("the API server does not know {asked}: {answered}")]
    NotFound {
        /// What was asked.
        asked: Asked,
        /// What it answered.
        answered: Answered,
    },
    /// The connection cannot be set up.
    #[error("no connection to `{server}` can be prepared: {reason}")]
    Setup {
        /// The API server.
        server: String,
        /// Why not.
        reason: String,
    },
    /// Any other status.
    #[error("{asked} failed: {answered}")]
    Status {
        /// What was asked.
        asked: Asked,
        /// What was answered.
        answered: Answered,
    },
    /// Too many requests, after all tries and waits.
    #[error("{asked} is not allowed more often now: {answered}, {tries} times")]
    Throttled {
        /// What was asked.
        asked: Asked,
        /// What was answered.
        answered: Answered,
        /// How often it was tried.
        tries: u32,
    },
    /// The time is over.
    #[error("{asked} was not answered within {} seconds", limit.as_secs_f32())]
    TimedOut {
        /// What was asked.
        asked: Asked,
        /// The limit.
        limit: Duration,
    },
    /// A limit of [`crate::limits`].
    #[error("the answer to {asked} is larger than {limit} bytes")]
    TooLarge {
        /// What was asked.
        asked: Asked,
        /// The limit.
        limit: u64,
    },
    /// No connection, or one that broke.
    #[error("no answer to {asked}: {reason}")]
    Transport {
        /// What was asked.
        asked: Asked,
        /// What is at the bottom of it.
        reason: String,
    },
    /// A kubeconfig that is no YAML.
    #[error("{path}:{position} cannot be read as a kubeconfig")]
    Yaml {
        /// The file.
        path: Utf8PathBuf,
        /// The place.
        position: Position,
        /// Why not.
        source: Box<yaml::Error>,
    },
}

fn list(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
