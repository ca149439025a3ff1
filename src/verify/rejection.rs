//! Why a piece of evidence proves nothing.

use crate::oci::Digest;

/// The reason for which a signature or attestation was refused: the answer is no, and this is why.
///
/// Whoever can write to a registry can cause each of these, so none is a failure of the run.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// An annotation that was asked for is missing, or has another value.
    #[error("it does not say `{key}={value}`")]
    Annotation {
        /// The annotation's key.
        key: String,
        /// The value asked for.
        value: String,
    },
    /// The signed thing is another one.
    #[error("it is about {found}, not about this digest")]
    Artifact {
        /// What it is about.
        found: String,
    },
    /// The certificate, or its chain, does not hold.
    #[error("its certificate does not hold: {why}")]
    Certificate {
        /// What is wrong with it.
        why: String,
    },
    /// It was made with a key and carries no certificate.
    #[error("it was signed with a key and has no certificate: an identity cannot be verified")]
    HasNoCertificate,
    /// It was made with a certificate, which a bundle does not let a key stand in for.
    #[error("it was signed with a certificate: a key cannot verify it")]
    HasNoKey,
    /// The certificate is somebody else's.
    #[error("it was signed by {found}")]
    Identity {
        /// Who signed.
        found: String,
    },
    /// The entry of the transparency log does not hold, or belongs to something else.
    #[error("its log entry does not hold: {why}")]
    Log {
        /// What is wrong with it.
        why: String,
    },
    /// Something of it is no valid form.
    #[error("it is malformed: {why}")]
    Malformed {
        /// What is wrong.
        why: String,
    },
    /// The registry lists it and does not have it.
    #[error("the registry lists it and does not have it")]
    Missing,
    /// The signature is over the whole artifact, of which only the digest is known.
    #[error("its key signs whole artifacts: a digest is not enough to verify it")]
    NeedsArtifact,
    /// There is no entry of a transparency log, and one is required.
    #[error("it is in no transparency log")]
    NotLogged,
    /// It is signed, but it says something else.
    #[error("it states `{found}`, not `{wanted}`")]
    OtherPredicate {
        /// The type of what it states.
        found: String,
        /// The type that was asked for.
        wanted: String,
    },
    /// The signature is not by the key.
    #[error("it is not signed by key {key}")]
    Signature {
        /// The fingerprint of the key.
        key: Digest,
    },
    /// The signature does not belong to the certificate.
    #[error("its signature does not fit its certificate: {why}")]
    SignatureOfCertificate {
        /// What is wrong.
        why: String,
    },
    /// A timestamp does not hold, or none is there where one is needed.
    #[error("the time of signing is not proven: {why}")]
    Time {
        /// What is wrong.
        why: String,
    },
    /// It is beyond a limit.
    #[error("it is too large: {what}")]
    TooLarge {
        /// Which limit, and what it allows.
        what: String,
    },
    /// It uses something that cannot be verified here.
    #[error("it cannot be verified: {why}")]
    Unsupported {
        /// What it uses.
        why: String,
    },
}

impl Rejection {
    /// The stable name for JSON.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Annotation { .. } => "annotation",
            Self::Artifact { .. } => "artifact",
            Self::Certificate { .. } => "certificate",
            Self::HasNoCertificate => "no-certificate",
            Self::HasNoKey => "no-key",
            Self::Identity { .. } => "identity",
            Self::Log { .. } => "log",
            Self::Malformed { .. } => "malformed",
            Self::Missing => "missing",
            Self::NeedsArtifact => "needs-artifact",
            Self::NotLogged => "not-logged",
            Self::OtherPredicate { .. } => "other-predicate",
            Self::Signature { .. } => "signature",
            Self::SignatureOfCertificate { .. } => "signature",
            Self::Time { .. } => "time",
            Self::TooLarge { .. } => "too-large",
            Self::Unsupported { .. } => "unsupported",
        }
    }

    /// How near to a proof it came: of several signers' reasons the nearest one is told.
    pub(super) const fn nearness(&self) -> u8 {
        match self {
            Self::HasNoCertificate | Self::HasNoKey => 0,
            Self::Malformed { .. } | Self::TooLarge { .. } | Self::Missing => 1,
            Self::Unsupported { .. } | Self::NeedsArtifact => 2,
            Self::Signature { .. } | Self::SignatureOfCertificate { .. } => 3,
            Self::Artifact { .. } | Self::OtherPredicate { .. } => 4,
            Self::Certificate { .. } | Self::Log { .. } | Self::Time { .. } | Self::NotLogged => 5,
            Self::Identity { .. } => 6,
            Self::Annotation { .. } => 7,
        }
    }
}
