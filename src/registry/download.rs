//! A file at an address that the user named.

use reqwest::header::LOCATION;
use url::Url;

use super::body::{self, BodyError};
use super::transport::{SetupError, Transport, reason};
use super::{Options, Times};
use crate::limits;

/// What keeps from reading a file at an address. No message has a password or a query in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// No address, or one of another scheme.
    #[error("`{url}` is no address: expected https://, http:// or file://")]
    Address {
        /// What was given.
        url: String,
    },
    /// A redirect that is not followed.
    #[error("`{url}` redirects {problem}")]
    Redirect {
        /// What was asked for.
        url: String,
        /// Why not.
        problem: &'static str,
    },
    /// Any status but 200.
    #[error("`{url}` answers {status}: expected 200 OK")]
    Status {
        /// What was asked for.
        url: String,
        /// The status, with its name.
        status: String,
    },
    /// The limit of [`limits::REQUEST`].
    #[error("`{url}` did not answer within {} seconds", limits::REQUEST.as_secs())]
    TimedOut {
        /// What was asked for.
        url: String,
    },
    /// A limit of [`limits`].
    #[error("`{url}` answers with more than {limit} bytes")]
    TooLarge {
        /// What was asked for.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// No connection, or one that broke.
    #[error("no answer from `{url}`: {reason}")]
    Transport {
        /// What was asked for.
        url: String,
        /// What is at the bottom of it.
        reason: String,
    },
}

/// Reads a file over HTTP, directly or over the proxy that the environment names.
///
/// # Errors
/// The address cannot be used, the answer is not 200, or it has more than `limit` bytes.
pub async fn download(address: &str, limit: u64) -> Result<Vec<u8>, DownloadError> {
    let url = Url::parse(address).map_err(|_| DownloadError::Address {
        url: address.to_owned(),
    })?;
    let shown = shown(&url);
    let work = fetch(url, limit, &shown);
    match tokio::time::timeout(limits::REQUEST, work).await {
        Ok(result) => result,
        Err(_) => Err(DownloadError::TimedOut { url: shown }),
    }
}

async fn fetch(mut url: Url, limit: u64, shown: &str) -> Result<Vec<u8>, DownloadError> {
    let broken = |error: &reqwest::Error| DownloadError::Transport {
        url: shown.to_owned(),
        reason: reason(error),
    };
    let redirect = |problem| DownloadError::Redirect {
        url: shown.to_owned(),
        problem,
    };
    let transport = Transport::new(
        Vec::new(),
        Vec::new(),
        1,
        Options::default().user_agent,
        Times::default(),
    );
    for _ in 0..=limits::REDIRECTS {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(DownloadError::Address { url: shown.to_owned() });
        }
        let client = transport.client(&url).map_err(|error| match error {
            SetupError::Tls(error) => broken(&error),
            SetupError::Ca(_) | SetupError::File(_) => DownloadError::Address { url: shown.to_owned() },
        })?;
        let response = client.get(url.clone()).send().await.map_err(|error| broken(&error))?;
        let status = response.status();
        if status.is_redirection() {
            let target = response.headers().get(LOCATION).and_then(|target| target.to_str().ok());
            let next = target
                .and_then(|target| url.join(target).ok())
                .ok_or_else(|| redirect("to no address"))?;
            if url.scheme() == "https" && next.scheme() != "https" {
                return Err(redirect("to an address without TLS"));
            }
            url = next;
            continue;
        }
        if status != reqwest::StatusCode::OK {
            return Err(DownloadError::Status {
                url: shown.to_owned(),
                status: status.to_string(),
            });
        }
        return body::read(response, limit).await.map_err(|error| match error {
            BodyError::TooLarge => DownloadError::TooLarge {
                url: shown.to_owned(),
                limit,
            },
            BodyError::Broken(error) => broken(&error),
        });
    }
    Err(redirect("too often"))
}

/// The address without what may be secret.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // An address without a host has neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_no_secret_of_an_address() {
        let url = Url::parse("https://user:hunter2@example.com/c.pem?token=hunter2#x").unwrap();
        assert_eq!(shown(&url), "https://example.com/c.pem");
    }
}
