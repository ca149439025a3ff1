//! The one place that knows the `sigstore-verify` crate: certificates, logs and timestamps against a trusted root.
//!
//! The crate (of the Sigstore organisation) rebuilds the path to the certificate authority, the certificate's own log proof,
//! the inclusion proof, the checkpoint, the promise and the timestamps, each at every proven time, and compares the log's
//! entry with the bundle (CVE-2022-36056). It says nothing about who may sign: any identity passes here, and
//! [`super::Identity`] decides afterwards.
//!
//! The crate reads the clock to refuse times that lie in the future; nothing else depends on the moment of the run.

use std::fmt;

use jiff::Timestamp;
use sigstore_verify::trust_root::{SIGSTORE_PRODUCTION_TRUSTED_ROOT, TrustedRoot};
use sigstore_verify::types::{Artifact, ArtifactDigest, DerPublicKey, HashAlgorithm, KindVersion, TimeRange};
use sigstore_verify::{Error, PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult, Verifier};

use super::bundle::Bundle;
use super::key::PublicKey;
use super::{LogRule, Message, Rejection, json};
use crate::oci::Algorithm;

/// Whom to believe: certificate authorities, transparency logs and timestamp authorities, with the times of each.
pub struct TrustRoot {
    verifier: Verifier,
    parsed: TrustedRoot,
}

impl fmt::Debug for TrustRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustRoot").finish_non_exhaustive()
    }
}

/// When the trusted root that is built in was taken from the public instance; the root itself does not say it.
///
/// It comes with the crate `sigstore-trust-root`, whose version 0.15.1 renewed it on this day.
pub const EMBEDDED_SINCE: jiff::civil::Date = jiff::civil::date(2026, 10, 23);

impl TrustRoot {
    /// The root of the public instance that is built in, as it was on [`EMBEDDED_SINCE`].
    ///
    /// # Errors
    /// None, unless kship was built with a root that its own library cannot read.
    pub fn embedded() -> Result<Self, TrustRootError> {
        Self::parse(SIGSTORE_PRODUCTION_TRUSTED_ROOT.as_bytes())
    }

    /// Reads a `trusted_root.json` (protobuf-specs, `sigstore_trustroot.proto`).
    ///
    /// # Errors
    /// It is none, or a key or certificate of it cannot be used.
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustRootError> {
        let unusable = |error: Error| TrustRootError::Unusable { why: error.to_string() };
        let parsed: TrustedRoot = json::parse(bytes).map_err(TrustRootError::Json)?;
        let verifier = Verifier::new(&parsed).map_err(unusable)?;
        Ok(Self { verifier, parsed })
    }

    /// Everybody that the root believes, in its own order.
    #[must_use]
    pub fn authorities(&self) -> Vec<Authority> {
        let root = &self.parsed;
        let logs = root
            .tlogs
            .iter()
            .map(|log| Authority::new("transparency log", &log.base_url, log.public_key.valid_for));
        let certificates = root
            .certificate_authorities
            .iter()
            .map(|ca| Authority::new("certificate authority", &ca.uri, ca.valid_for));
        let certificate_logs = root
            .ctlogs
            .iter()
            .map(|log| Authority::new("certificate log", &log.base_url, log.public_key.valid_for));
        let timestamps = root
            .timestamp_authorities
            .iter()
            .map(|tsa| Authority::new("timestamp authority", tsa.uri.as_deref().unwrap_or(""), tsa.valid_for));
        logs.chain(certificates)
            .chain(certificate_logs)
            .chain(timestamps)
            .collect()
    }

    /// Says whether every log of a bundle is one that the root knows.
    pub(super) fn knows_logs_of(&self, bundle: &Bundle) -> bool {
        let known = |id: &[u8]| self.parsed.tlogs.iter().any(|log| log.log_id.key_id.as_bytes() == id);
        bundle.entries.iter().all(|entry| known(&entry.log))
    }

    /// Verifies a bundle with a certificate, its log entries and its times.
    pub(super) fn verify_certificate(
        &self,
        bundle: &Bundle,
        artifact: Message<'_>,
        log: LogRule,
    ) -> Result<Evidence, Rejection> {
        match log {
            LogRule::Auto | LogRule::Required if bundle.entries.is_empty() => return Err(Rejection::NotLogged),
            LogRule::Off if bundle.entries.is_empty() && bundle.timestamps == 0 => {
                return Err(Rejection::Time {
                    why: "there is neither a log entry nor a timestamp".to_owned(),
                });
            }
            _ => {}
        }
        let parsed = library_bundle(bundle)?;
        let mut policy = VerificationPolicy::any_identity();
        if log == LogRule::Off {
            policy = policy.skip_tlog_unsafe();
        }
        let result = self
            .verifier
            .verify(library_artifact(artifact)?, &parsed, &policy)
            .map_err(rejection)?;
        let logged = log == LogRule::Off || result.tlog_verified() && !bundle.entries.is_empty();
        if !(result.certificate_verified() && result.sct_verified() && logged) {
            return Err(Rejection::Certificate {
                why: "a check was left out".to_owned(),
            });
        }
        Ok(evidence(&parsed, &result, TimeSource::Timestamp))
    }

    /// Verifies the log entries and timestamps of a bundle that was made with a key.
    pub(super) fn verify_evidence(
        &self,
        bundle: &Bundle,
        artifact: Message<'_>,
        key: &PublicKey,
    ) -> Result<Evidence, Rejection> {
        let parsed = library_bundle(bundle)?;
        let mut policy = PublicKeyVerificationPolicy::new(DerPublicKey::from_bytes(key.der()));
        if bundle.entries.is_empty() {
            policy = policy.skip_tlog_unsafe();
        }
        let result = self
            .verifier
            .verify(library_artifact(artifact)?, &parsed, &policy)
            .map_err(rejection)?;
        if !(bundle.entries.is_empty() || result.tlog_verified()) {
            return Err(Rejection::Log {
                why: "a check was left out".to_owned(),
            });
        }
        Ok(evidence(&parsed, &result, TimeSource::Log))
    }
}

/// Somebody whom a trusted root believes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Authority {
    /// What it does.
    pub role: &'static str,
    /// Its address, which names it.
    pub name: String,
    /// Since when it is believed.
    pub from: Option<Timestamp>,
    /// Until when; it may go on.
    pub to: Option<Timestamp>,
}

impl Authority {
    fn new(role: &'static str, name: &str, window: Option<TimeRange>) -> Self {
        Self {
            role,
            name: name.to_owned(),
            from: window.map(|window| window.start),
            to: window.and_then(|window| window.end),
        }
    }
}

/// What was proven beside the signature.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Evidence {
    /// Entries of transparency logs.
    pub log: Vec<LogEntry>,
    /// Times at which the signature existed.
    pub times: Vec<ProvenTime>,
}

/// An entry that is in a log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogEntry {
    /// The log's identifier, in hex.
    pub log: String,
    /// The entry's number in it.
    pub index: u64,
    /// What kind of entry it is: `dsse 0.0.1`.
    pub kind: String,
}

/// A time that somebody trusted vouches for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProvenTime {
    /// Who.
    pub source: TimeSource,
    /// When.
    pub at: Timestamp,
}

/// Who vouches for a time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TimeSource {
    /// A transparency log, by its promise.
    Log,
    /// A timestamp authority (RFC 3161).
    Timestamp,
}

impl TimeSource {
    /// The stable name for JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Timestamp => "timestamp",
        }
    }
}

/// Why a trusted root cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustRootError {
    /// Not JSON of a trusted root.
    #[error("it is no trusted root")]
    Json(#[source] serde_json::Error),
    /// A key, certificate or time of it is not right.
    #[error("it cannot be used: {why}")]
    Unusable {
        /// What is wrong.
        why: String,
    },
}

/// The library's own reading of a bundle.
fn library_bundle(bundle: &Bundle) -> Result<sigstore_verify::types::Bundle, Rejection> {
    sigstore_verify::types::Bundle::from_json(&bundle.text)
        .map_err(|error| Rejection::Malformed { why: error.to_string() })
}

fn library_artifact(artifact: Message<'_>) -> Result<Artifact<'_>, Rejection> {
    match artifact {
        Message::Bytes(bytes) => Ok(Artifact::from_blob(bytes)),
        Message::Digest(digest) => {
            let algorithm = match digest.algorithm() {
                Algorithm::Sha256 => HashAlgorithm::Sha2256,
                Algorithm::Sha512 => HashAlgorithm::Sha2512,
            };
            let digest = ArtifactDigest::new(algorithm, digest.bytes());
            digest
                .map(Artifact::from_digest)
                .map_err(|error| Rejection::Malformed { why: error.to_string() })
        }
    }
}

/// `first` is the source whose times the library lists first.
fn evidence(bundle: &sigstore_verify::types::Bundle, result: &VerificationResult, first: TimeSource) -> Evidence {
    let material = &bundle.verification_material;
    let entries = if result.tlog_verified() {
        material.tlog_entries.as_slice()
    } else {
        &[]
    };
    let stamps = material.timestamp_verification_data.rfc3161_timestamps.len();
    let times = result.verified_timestamps();
    let from_log = times.len().saturating_sub(stamps);
    let source = |at: usize| match first {
        TimeSource::Timestamp if at < stamps => TimeSource::Timestamp,
        TimeSource::Log if at >= from_log => TimeSource::Timestamp,
        _ => TimeSource::Log,
    };
    let number = |entry: &sigstore_verify::types::TransparencyLogEntry| LogEntry {
        log: entry
            .log_id
            .key_id
            .as_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
        index: entry.log_index.get(),
        kind: kind(entry.kind_version),
    };
    Evidence {
        log: entries.iter().map(number).collect(),
        times: times
            .iter()
            .enumerate()
            .map(|(at, &time)| ProvenTime {
                source: source(at),
                at: time,
            })
            .collect(),
    }
}

fn kind(kind: KindVersion) -> String {
    format!("{} {}", kind.kind(), kind.version())
}

/// The library's reasons in our words; the text behind the colon is the library's.
fn rejection(error: Error) -> Rejection {
    match error {
        Error::Certificate(error) => Rejection::Certificate { why: error.to_string() },
        Error::TransparencyLog(error) => Rejection::Log { why: error.to_string() },
        Error::Timestamp(error) => Rejection::Time { why: error.to_string() },
        Error::SignatureInvalid(why) => Rejection::SignatureOfCertificate { why },
        Error::ArtifactMismatch(_) => Rejection::Artifact {
            found: "something else".to_owned(),
        },
        Error::UnsupportedArtifact(_) => Rejection::NeedsArtifact,
        Error::UnsupportedBundle(why) => Rejection::Unsupported { why },
        other => Rejection::Malformed { why: other.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_that_is_built_in_can_be_used() {
        let root = TrustRoot::embedded().unwrap();
        let roles: Vec<_> = root.authorities().into_iter().map(|one| one.role).collect();
        for role in [
            "transparency log",
            "certificate authority",
            "certificate log",
            "timestamp authority",
        ] {
            assert!(roles.contains(&role), "{role}");
        }
        let newest = root.authorities().into_iter().filter_map(|one| one.from).max().unwrap();
        assert!(newest < EMBEDDED_SINCE.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp());
    }

    #[test]
    fn what_is_no_root_is_told() {
        let error = |text: &str| TrustRoot::parse(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error("{}"), "it is no trusted root");
        assert_eq!(
            error(r#"{"mediaType": "a", "mediaType": "b"}"#),
            "it is no trusted root"
        );
    }
}
