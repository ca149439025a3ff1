//! What stops a registry from answering.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use camino::Utf8PathBuf;

use super::keychain::KeychainError;
use super::layout::LayoutError;
use crate::oci::{Digest, ManifestError};

/// A reference, and the host that was asked for it where that is not its registry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asked {
    /// The full reference: registry, repository, and tag or digest.
    pub reference: String,
    /// The host and port that were asked: a mirror, or Docker Hub's API host.
    pub host: String,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.reference)?;
        if self.reference.split('/').next() == Some(&self.host) {
            Ok(())
        } else {
            write!(f, " (asked {})", self.host)
        }
    }
}

/// An answer that is no success.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// What the registry said about it, if anything.
    pub detail: Option<Detail>,
}

/// The first entry of a registry's error body (distribution-spec, "Error Codes"), safe to print.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Detail {
    /// `NAME_UNKNOWN`, `DENIED`, ...
    pub code: String,
    /// The registry's words.
    pub message: String,
}

impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        let reason = reqwest::StatusCode::from_u16(self.status)
            .ok()
            .and_then(|status| status.canonical_reason());
        reason.iter().try_for_each(|reason| write!(f, " {reason}"))?;
        match &self.detail {
            Some(Detail { code, message }) if message.is_empty() => write!(f, ", {code}"),
            Some(Detail { code, message }) => write!(f, ", {code}: {message}"),
            None => Ok(()),
        }
    }
}

/// Why a registry's answer is not known.
///
/// Only [`Error::NotFound`] is an answer: the registry says that it has no such thing. No message has a password, a token
/// or the query of an address in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// `registries.conf` says so.
    #[error("registries.conf blocks `{reference}`")]
    Blocked {
        /// The full reference.
        reference: String,
    },
    /// A server with an authority's certificate, as self-signed ones often are: it is refused even where it is trusted
    /// (RFC 5280, 4.2.1.9, has the mark).
    #[error("no connection to {asked}, for its certificate is that of an authority (CA:TRUE): expected a server's own")]
    CaCertificate {
        /// What was asked for.
        asked: Asked,
    },
    /// A file that was named as certificate authority.
    #[error("{path} is no CA file: expected certificates in PEM form")]
    CaFile {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The credentials, or the lack of them, are not enough.
    #[error("registry denies access to {asked}: {answered}")]
    Denied {
        /// What was asked for.
        asked: Asked,
        /// What it answered.
        answered: Answered,
    },
    /// The registry names one digest where another was asked for or sent.
    #[error("registry names digest {found} for {asked}: expected {expected}")]
    DigestHeader {
        /// What was asked for.
        asked: Asked,
        /// The digest that was asked for, or that of the bytes.
        expected: Digest,
        /// The registry's `Docker-Content-Digest`.
        found: Digest,
    },
    /// The bytes are not those that the digest names.
    #[error("registry sent other bytes for {asked}: their digest is {found}")]
    DigestMismatch {
        /// What was asked for.
        asked: Asked,
        /// The digest of what came.
        found: Digest,
    },
    /// A file of certificate authorities that cannot be read.
    #[error(transparent)]
    File(#[from] crate::fs::Error),
    /// A registry's name that is no address, such as one with port 99999.
    #[error("registry of {asked} is no address: expected a host name or address, and a port")]
    Host {
        /// What was to be asked for.
        asked: Asked,
    },
    /// An answer that breaks the protocol.
    #[error("registry answered {asked} with {found}: expected {expected}")]
    Invalid {
        /// What was asked for.
        asked: Asked,
        /// What came.
        found: String,
        /// What should have come.
        expected: &'static str,
    },
    /// The user's credentials cannot be read.
    #[error(transparent)]
    Keychain(#[from] Arc<KeychainError>),
    /// The folder of image layouts cannot be read.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A document that is no manifest or index.
    #[error("registry has `{reference}`, which is no index")]
    Manifest {
        /// The full reference.
        reference: String,
        /// Why not.
        #[source]
        source: ManifestError,
    },
    /// The registry has no such manifest, blob or repository.
    #[error("registry has no {asked}{}", words(answered.as_ref()))]
    NotFound {
        /// What was asked for.
        asked: Asked,
        /// What it answered; a folder of layouts says nothing.
        answered: Option<Answered>,
    },
    /// A redirect that is not followed.
    #[error("registry redirects {asked} {problem}")]
    Redirect {
        /// What was asked for.
        asked: Asked,
        /// Why not.
        problem: &'static str,
    },
    /// Docker's schema 1, whose digest is not that of its bytes.
    #[error("registry has {asked} in Docker's schema 1 only, which has no dependable digest")]
    Schema1 {
        /// What was asked for.
        asked: Asked,
    },
    /// Any other status.
    #[error("registry failed to answer {asked}: {answered}")]
    Status {
        /// What was asked for.
        asked: Asked,
        /// What it answered.
        answered: Answered,
    },
    /// Too many requests, after all tries and waits.
    #[error("registry allows no more requests now, at {asked}: {answered}")]
    Throttled {
        /// What was asked for.
        asked: Asked,
        /// What it answered.
        answered: Answered,
    },
    /// The limit of [`super::Times::request`].
    #[error("registry did not answer {asked} within {} seconds", limit.as_secs_f32())]
    TimedOut {
        /// What was asked for.
        asked: Asked,
        /// The limit.
        limit: Duration,
    },
    /// TLS cannot be set up, as on a machine without certificate authorities.
    #[error("no connection to {asked}, for TLS cannot be set up: {reason}")]
    Tls {
        /// What was to be asked for.
        asked: Asked,
        /// What is at the bottom of it.
        reason: String,
    },
    /// The token server, which the registry named, gave no token.
    #[error("no token for {asked}")]
    Token {
        /// What was to be asked for.
        asked: Asked,
        /// What the token server did.
        #[source]
        source: Arc<Self>,
    },
    /// A limit of [`crate::limits`].
    #[error("answer to {asked} is larger than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        asked: Asked,
        /// The limit.
        limit: u64,
    },
    /// No connection, or one that broke.
    #[error("no answer to {asked}: {reason}")]
    Transport {
        /// What was asked for.
        asked: Asked,
        /// What is at the bottom of it; the layers above say no more. It has no address in it.
        reason: String,
    },
    /// A media type that is none of the four.
    #[error("registry has {asked} as `{media_type}`: expected an image manifest or index")]
    UnknownMediaType {
        /// What was asked for.
        asked: Asked,
        /// The answer's `Content-Type`.
        media_type: String,
    },
    /// A token server that credentials are not sent to.
    #[error("token server `{realm}`, named for {asked}, is not asked: {problem}")]
    UnsafeRealm {
        /// What was asked for.
        asked: Asked,
        /// Host of the realm, or what stands in its place.
        realm: String,
        /// Why not.
        problem: &'static str,
    },
    /// The registry wants another kind of authentication.
    #[error("registry wants an unknown kind of authentication for {asked}: expected Bearer or Basic")]
    UnsupportedChallenge {
        /// What was asked for.
        asked: Asked,
    },
}

fn words(answered: Option<&Answered>) -> String {
    answered.map_or_else(String::new, |answered| format!(": {answered}"))
}
