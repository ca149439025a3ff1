//! What keeps etcd from answering.

use camino::Utf8PathBuf;

use super::Endpoint;

/// Why the values of a live etcd cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EtcdError {
    /// A member sent something that is no answer to the question.
    #[error("{endpoint} does not answer as etcd does: {reason}")]
    Answer {
        /// The member.
        endpoint: Endpoint,
        /// What is wrong.
        reason: &'static str,
    },
    /// A file of certificates holds none.
    #[error("{path} holds no certificate in PEM form")]
    Certificate {
        /// The file.
        path: Utf8PathBuf,
    },
    /// A file cannot be read.
    #[error(transparent)]
    File(#[from] crate::fs::Error),
    /// The client's certificate and key cannot be used.
    #[error("{certificate} and {key} are no certificate and key for a client: {reason}")]
    Identity {
        /// The file of the certificate.
        certificate: Utf8PathBuf,
        /// The file of the key.
        key: Utf8PathBuf,
        /// What the TLS library says.
        reason: String,
    },
    /// The name and the password are not right.
    #[error("{endpoint} does not accept the user `{user}`: {reason}")]
    Login {
        /// The member.
        endpoint: Endpoint,
        /// The name.
        user: String,
        /// What etcd says.
        reason: String,
    },
    /// There is nobody to ask.
    #[error("no address of etcd is named")]
    NoEndpoint,
    /// A password would go over the network unencrypted.
    #[error("a password for {endpoint} would cross the network without TLS")]
    PlainPassword {
        /// The member.
        endpoint: Endpoint,
    },
    /// etcd has answered, and the answer is no.
    #[error("{endpoint} refuses to be read: {reason}")]
    Refused {
        /// The member.
        endpoint: Endpoint,
        /// What etcd says.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be used for {endpoint}: {reason}")]
    Tls {
        /// The member.
        endpoint: Endpoint,
        /// What the TLS library says.
        reason: String,
    },
    /// One key with its value is larger than an answer may be.
    #[error("a value of {endpoint} is larger than {limit} bytes")]
    TooLarge {
        /// The member.
        endpoint: Endpoint,
        /// The limit, in bytes.
        limit: usize,
    },
    /// No member gives an answer.
    #[error("no member of etcd answers: {}", list(tried))]
    Unreachable {
        /// Each member that was asked, and what happened.
        tried: Vec<(Endpoint, String)>,
    },
}

fn list(tried: &[(Endpoint, String)]) -> String {
    let each: Vec<_> = tried
        .iter()
        .map(|(endpoint, reason)| format!("{endpoint} ({reason})"))
        .collect();
    each.join(", ")
}
