//! Fetches the metrics of an API server.

use std::error::Error as _;

use camino::{Utf8Path, Utf8PathBuf};
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderValue};
use reqwest::{Certificate, redirect};
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::cli::Failure;
use crate::{fs, limits};

/// How API servers are asked.
pub(super) struct Client {
    client: reqwest::Client,
    token: Option<HeaderValue>,
}

impl Client {
    /// Reads the token and the certificate authorities; nothing is sent yet.
    pub(super) fn new(token: Option<&Utf8Path>, authorities: &[Utf8PathBuf]) -> Result<Self, Failure> {
        let mut builder = reqwest::Client::builder()
            .connect_timeout(limits::CONNECT)
            .read_timeout(limits::READ)
            .timeout(limits::REQUEST)
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .user_agent(concat!("kship/", env!("CARGO_PKG_VERSION")));
        // As with kubectl, the cluster's own authority stands in place of the system's.
        if !authorities.is_empty() {
            let mut certificates = Vec::new();
            for path in authorities {
                let pem = fs::read_bytes(path, limits::CREDENTIAL_FILE_BYTES)?;
                let found = Certificate::from_pem_bundle(&pem).unwrap_or_default();
                if found.is_empty() {
                    return Err(NoCertificate { path: path.clone() }.into());
                }
                certificates.extend(found);
            }
            builder = builder.tls_certs_only(certificates);
        }
        Ok(Self {
            client: builder.build().map_err(Setup)?,
            token: token.map(read_token).transpose()?,
        })
    }

    /// Fetches the text behind an address.
    pub(super) async fn fetch(&self, url: &Url) -> Result<String, ScrapeError> {
        let broken = |error: reqwest::Error| ScrapeError::Broken { reason: reason(&error) };
        let mut request = self.client.get(url.clone()).header(ACCEPT, "text/plain");
        if let Some(token) = &self.token {
            if url.scheme() != "https" && !is_loopback(url) {
                return Err(ScrapeError::TokenInClear);
            }
            request = request.header(AUTHORIZATION, token.clone());
        }
        let mut response = request.send().await.map_err(broken)?;
        if !response.status().is_success() {
            return Err(ScrapeError::Status {
                status: response.status().as_u16(),
            });
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            let length = u64::try_from(bytes.len() + chunk.len()).unwrap_or(u64::MAX);
            if length > limits::METRICS_BYTES {
                return Err(ScrapeError::TooLarge);
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// Reads a bearer token; a service account's file ends without a line feed, one that somebody wrote with one.
fn read_token(path: &Utf8Path) -> Result<HeaderValue, Failure> {
    let text = Zeroizing::new(fs::read_text(path, limits::CREDENTIAL_FILE_BYTES)?);
    let bearer = Zeroizing::new(format!("Bearer {}", text.trim()));
    let mut value = HeaderValue::from_str(&bearer).map_err(|_| NoToken { path: path.to_owned() })?;
    value.set_sensitive(true);
    Ok(value)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// The innermost cause, which says more than those around it.
fn reason(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if error.source().is_some() {
        cause.to_string()
    } else {
        "the request failed".to_owned()
    }
}

/// Why there are no metrics.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(in crate::cli) enum ScrapeError {
    /// The connection fails.
    #[error("{reason}")]
    Broken {
        /// Why.
        reason: String,
    },
    /// The server says no.
    #[error("the server answers with status {status}")]
    Status {
        /// The status.
        status: u16,
    },
    /// The token would be sent without TLS.
    #[error("the token is not sent without TLS: expected an https address")]
    TokenInClear,
    /// The limit of [`limits`].
    #[error("the answer is larger than {} bytes", limits::METRICS_BYTES)]
    TooLarge,
}

#[derive(Debug, thiserror::Error)]
#[error("{path} holds no certificate in PEM")]
struct NoCertificate {
    path: Utf8PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[error("{path} holds no token: expected one line")]
struct NoToken {
    path: Utf8PathBuf,
}

#[derive(Debug, thiserror::Error)]
#[error("TLS cannot be set up")]
struct Setup(#[source] reqwest::Error);
