//! One request and its answer: redirects are followed, failures that pass are tried again, at the pace of the host.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Method, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::Times;
use super::body::{self, BodyError};
use super::error::{Asked, Error};
use super::host::{Failure, Host};
use super::retry;
use super::secret::Secret;
use super::transport::{Transport, is_ca_certificate, is_hopeless, reason};
use crate::limits;

/// Sends requests.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) transport: Transport,
    pub(crate) times: Times,
    pub(crate) tries: u32,
}

/// A request.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) accept: &'static str,
    pub(crate) authorization: Option<HeaderValue>,
    /// An encoded form, for POST.
    pub(crate) form: Option<Secret>,
    /// Largest body of a success, in bytes.
    pub(crate) limit: u64,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Where it came from, after redirects.
    pub(crate) url: Url,
    /// Whether that is the host that was asked: only then may its challenge be believed.
    pub(crate) home: bool,
}

impl Reply {
    /// A header as text.
    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// What stopped one try.
enum Fault {
    /// Trying again would not help.
    Final(Error),
    /// It might.
    Broken(reqwest::Error),
}

enum Trouble {
    Answer(Box<Reply>),
    Broken(reqwest::Error),
}

impl Exchange {
    /// Sends a request until it is answered, the tries are used up, or the time is over.
    ///
    /// An answer is returned whatever its status, but 429 and the 5xx that pass.
    pub(crate) async fn send(&self, host: &Host, call: &Call<'_>) -> Result<Reply, Error> {
        let mut left = self.times.request;
        let mut attempt = 1;
        loop {
            let pass = host.enter().await;
            if let Some(failure) = host.failure() {
                return Err(failure.about(call.asked));
            }
            let (started, away) = (Instant::now(), AtomicBool::new(false));
            let outcome = tokio::time::timeout(left, self.follow(host, call, &away)).await;
            left = left.saturating_sub(started.elapsed());
            let trouble = match outcome {
                Ok(Ok(reply)) => {
                    if !is_temporary(reply.status) {
                        return Ok(reply);
                    }
                    Trouble::Answer(Box::new(reply))
                }
                Ok(Err(Fault::Final(error))) => return Err(error),
                Ok(Err(Fault::Broken(error))) => Trouble::Broken(error),
                Err(_) => {
                    let failure = Failure::TimedOut(self.times.request);
                    return Err(fail(host, call, &failure, !away.load(Ordering::Relaxed)));
                }
            };
            let hopeless = matches!(&trouble, Trouble::Broken(error) if is_hopeless(error, &call.url));
            let wait = retry::delay(attempt, asked_wait(&trouble), &self.times, retry::random());
            if attempt >= self.tries || wait >= left || hopeless {
                return Err(give_up(host, call, trouble, away.into_inner()));
            }
            attempt += 1;
            left = left.saturating_sub(wait);
            if matches!(&trouble, Trouble::Answer(reply) if reply.status == StatusCode::TOO_MANY_REQUESTS) {
                host.slow_down(wait);
            } else {
                drop(pass);
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// Sends a request once, and again where the answer says that the thing is elsewhere; `away` says that it is on
    /// another host, whose failures are not this one's.
    async fn follow(&self, host: &Host, call: &Call<'_>, away: &AtomicBool) -> Result<Reply, Fault> {
        let mut url = call.url.clone();
        let mut home = true;
        for _ in 0..=limits::REDIRECTS {
            let response = self.request(call, &url, home).await?;
            if home {
                host.note_answer();
            }
            let status = response.status();
            let headers = response.headers().clone();
            if !is_redirect(status) {
                let body = if call.method == Method::HEAD {
                    Vec::new()
                } else if status.is_success() {
                    body::read(response, call.limit).await.map_err(|error| match error {
                        BodyError::Broken(error) => Fault::Broken(error.without_url()),
                        BodyError::TooLarge => Fault::Final(Error::TooLarge {
                            asked: call.asked.clone(),
                            limit: call.limit,
                        }),
                    })?
                } else {
                    body::read_error(response).await
                };
                return Ok(Reply {
                    status,
                    headers,
                    body,
                    url,
                    home,
                });
            }
            let next = self
                .next(call, &url, headers.get(header::LOCATION))
                .map_err(|problem| {
                    Fault::Final(Error::Redirect {
                        asked: call.asked.clone(),
                        problem,
                    })
                })?;
            // Once away from home, credentials stay away: the way back was chosen by a stranger (CVE-2020-15157).
            home = home && next.origin() == url.origin();
            away.store(!home, Ordering::Relaxed);
            url = next;
        }
        Err(Fault::Final(Error::Redirect {
            asked: call.asked.clone(),
            problem: "more often than is followed, perhaps in a circle",
        }))
    }

    async fn request(&self, call: &Call<'_>, url: &Url, home: bool) -> Result<reqwest::Response, Fault> {
        let client = self
            .transport
            .client(url)
            .map_err(|error| Fault::Final(error.about(call.asked)))?;
        let mut request = client
            .request(call.method.clone(), url.clone())
            .header(header::ACCEPT, call.accept)
            .header(header::ACCEPT_ENCODING, "identity");
        if let Some(authorization) = call.authorization.as_ref().filter(|_| home) {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        if let Some(form) = &call.form {
            request = request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.expose().to_owned());
        }
        request.send().await.map_err(|error| Fault::Broken(error.without_url()))
    }

    /// Where a redirect leads, if it may be followed.
    fn next(&self, call: &Call<'_>, from: &Url, location: Option<&HeaderValue>) -> Result<Url, &'static str> {
        if call.form.is_some() {
            return Err("where a refresh token was sent: such a request is not repeated elsewhere");
        }
        let to = location
            .and_then(|location| location.to_str().ok())
            .and_then(|location| from.join(location).ok())
            .ok_or("without saying where to")?;
        match to.scheme() {
            "https" => {}
            "http" if from.scheme() == "https" => return Err("from https to http"),
            "http" if !self.transport.allows_plain(&to) => {
                return Err("to another host without TLS");
            }
            "http" => {}
            _ => return Err("to an address that is neither https nor http"),
        }
        if to.username().is_empty() && to.password().is_none() {
            Ok(to)
        } else {
            Err("to an address with a user name in it")
        }
    }
}

const fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Statuses that may pass.
const fn is_temporary(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504)
}

fn asked_wait(trouble: &Trouble) -> Option<Duration> {
    let Trouble::Answer(reply) = trouble else { return None };
    let now = reply
        .header(header::DATE)
        .and_then(retry::parse_date)
        .unwrap_or_else(Timestamp::now);
    // `23.7µs` is not ASCII.
    let text = std::str::from_utf8(reply.headers.get(header::RETRY_AFTER)?.as_bytes()).ok()?;
    retry::parse_retry_after(text, now)
}

fn give_up(host: &Host, call: &Call<'_>, trouble: Trouble, away: bool) -> Error {
    match trouble {
        Trouble::Answer(reply) => {
            let answered = body::answered(reply.status.as_u16(), &reply.body);
            if reply.status == StatusCode::TOO_MANY_REQUESTS {
                return fail(host, call, &Failure::Throttled(answered), !away);
            }
            Error::Status {
                asked: call.asked.clone(),
                answered,
            }
        }
        Trouble::Broken(error) => {
            let whole_host = error.is_connect() || error.is_timeout() || !host.has_answered();
            let failure = if is_ca_certificate(&error) {
                Failure::CaCertificate
            } else {
                Failure::Transport(reason(&error))
            };
            fail(host, call, &failure, whole_host && !away)
        }
    }
}

/// Makes an error; what is wrong with the whole host is not tried again for other references.
fn fail(host: &Host, call: &Call<'_>, failure: &Failure, whole_host: bool) -> Error {
    if whole_host {
        host.give_up(failure);
    }
    failure.about(call.asked)
}
