//! One request to the API server, with its retries and limits.

use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jiff::Timestamp;
use kube::client::{AuthError, Body};
use kube::config::{Context, KubeConfigOptions, Kubeconfig, NamedAuthInfo, NamedCluster, NamedContext};
use tokio::time::Instant;
use url::Url;

use super::kubeconfig::{Chosen, choose};
use super::{Access, Answered, Asked, Error};
use crate::limits;
use crate::registry::{Times, delay, parse_date, parse_retry_after, printable, random};

/// What a message keeps of an answer's words, in characters.
const WORDS: usize = 300;

/// A connection to the API server of a cluster.
pub struct Client {
    client: kube::Client,
    server: String,
    limit: Duration,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Client({})", self.server)
    }
}

/// A request.
#[derive(Debug)]
pub struct Question {
    /// GET or POST.
    pub method: http::Method,
    /// The path under the API server's address.
    pub path: String,
    /// What is understood.
    pub accept: &'static str,
    /// What is sent; JSON.
    pub body: Vec<u8>,
}

/// An answer, whatever its status, but 429.
#[derive(Debug)]
pub struct Answer {
    /// What was asked.
    pub asked: Asked,
    /// The HTTP status.
    pub status: u16,
    /// The bytes.
    pub body: Vec<u8>,
    /// The API server's own words: then it is not the service behind it that answered.
    pub message: Option<String>,
}

impl Answer {
    /// The error that this answer is.
    #[must_use]
    pub fn into_error(self) -> Error {
        let text = String::from_utf8_lossy(&self.body);
        // A web page explains nothing on a terminal.
        let text = (!text.trim_start().starts_with('<')).then(|| printable(&text, WORDS));
        let answered = Answered {
            status: self.status,
            message: self.message,
            text,
        };
        let asked = self.asked;
        match StatusCode::from_u16(self.status) {
            Ok(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => Error::Denied { asked, answered },
            Ok(StatusCode::NOT_FOUND) => Error::NotFound { asked, answered },
            _ => Error::Status { asked, answered },
        }
    }
}

impl Client {
    /// Prepares a connection: reads kubeconfig and credentials, and runs the exec plugin if there is one.
    ///
    /// # Errors
    /// No cluster is configured, or what is configured cannot be used.
    pub async fn connect(access: &Access) -> Result<Self, Error> {
        let chosen = choose(access)?;
        let server = chosen.cluster.server.clone().unwrap_or_default();
        let user = chosen.user_name.clone();
        let is_plain = server.starts_with("http://");
        let proxy = chosen.cluster.proxy_url.clone();
        let failed = |reason: String| Error::Setup {
            server: server.clone(),
            reason,
        };
        let mut config = kube::Config::from_custom_kubeconfig(single(chosen), &KubeConfigOptions::default())
            .await
            .map_err(|error| failed(printable(&error.to_string(), WORDS)))?;
        config.proxy_url = proxy.and_then(|proxy| proxy.parse().ok());
        config.default_retry = false;
        config.connect_timeout = Some(limits::CONNECT);
        config.read_timeout = Some(limits::READ);
        config.reset_reader_on_write = true;
        if is_plain && config.root_cert.is_none() {
            // The system's authorities are not needed, and a container may have none.
            config.root_cert = Some(Vec::new());
        }
        let client = kube::Client::try_from(config).map_err(|error| match error {
            kube::Error::Auth(error) => Error::Credentials {
                user,
                reason: credentials_reason(&error),
            },
            // This one names the file.
            kube::Error::InferKubeconfig(error) => failed(printable(&error.to_string(), WORDS)),
            error => failed(printable(&bottom(&error), WORDS)),
        })?;
        Ok(Self {
            client,
            server,
            limit: access.request_timeout.unwrap_or(limits::REQUEST),
        })
    }

    /// Sends a request until it is answered; after 429, and after 5xx with a `Retry-After`, again.
    ///
    /// # Errors
    /// There is no answer, it is too large, or 429 is the last one.
    pub async fn ask(&self, question: &Question) -> Result<Answer, Error> {
        let times = Times::default();
        let deadline = Instant::now() + self.limit;
        let mut attempt = 1;
        loop {
            let asked = self.asked(question);
            let timed_out = || Error::TimedOut {
                asked: self.asked(question),
                limit: self.limit,
            };
            let sent = tokio::time::timeout_at(deadline, self.send(question, asked));
            let (answer, wait) = sent.await.map_err(|_| timed_out())??;
            let throttled = answer.status == StatusCode::TOO_MANY_REQUESTS.as_u16();
            if !throttled && (answer.status < 500 || wait.is_none()) {
                return Ok(answer);
            }
            let wait = delay(attempt, wait, &times, random());
            if attempt >= limits::CONTROLLER_TRIES || Instant::now() + wait >= deadline {
                return if throttled {
                    Err(Error::Throttled {
                        asked: answer.asked,
                        answered: Answered {
                            status: answer.status,
                            message: answer.message,
                            text: None,
                        },
                        tries: attempt,
                    })
                } else {
                    Ok(answer)
                };
            }
            attempt += 1;
            tokio::time::sleep(wait).await;
        }
    }

    fn asked(&self, question: &Question) -> Asked {
        Asked::new(question.method.as_str(), &self.server, &question.path)
    }

    async fn send(&self, question: &Question, asked: Asked) -> Result<(Answer, Option<Duration>), Error> {
        let broken = |error: &(dyn std::error::Error + 'static)| Error::Transport {
            asked: asked.clone(),
            reason: printable(&bottom(error), WORDS),
        };
        let mut builder = http::Request::builder()
            .method(question.method.clone())
            .uri(&question.path)
            .header(ACCEPT, question.accept);
        if !question.body.is_empty() {
            builder = builder.header(CONTENT_TYPE, "application/json");
        }
        let request = builder
            .body(Body::from(question.body.clone()))
            .map_err(|error| broken(&error))?;
        let response = self.client.send(request).await.map_err(|error| match &error {
            kube::Error::Auth(error) => Error::Credentials {
                user: String::new(),
                reason: credentials_reason(error),
            },
            error => broken(error),
        })?;
        let status = response.status();
        let wait = wait(response.headers());
        let limit = usize::try_from(limits::CLUSTER_BYTES).unwrap_or(usize::MAX);
        let body = Limited::new(response.into_body(), limit).collect().await;
        let body = body.map_err(|error| match error.downcast_ref::<LengthLimitError>() {
            Some(_) => Error::TooLarge {
                asked: asked.clone(),
                limit: limits::CLUSTER_BYTES,
            },
            None => broken(error.as_ref()),
        })?;
        let body = body.to_bytes().to_vec();
        let message = message(&body);
        let answer = Answer {
            asked,
            status: status.as_u16(),
            body,
            message,
        };
        Ok((answer, wait))
    }
}

/// What the API server asks to wait.
fn wait(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok();
    // Without a date of the answer only seconds are understood.
    let now = text(DATE).and_then(parse_date).unwrap_or(Timestamp::MAX);
    parse_retry_after(text(RETRY_AFTER)?, now)
}

/// The words of the API server's `Status` (`meta/v1`), if the body is one.
fn message(body: &[u8]) -> Option<String> {
    let json: serde_json::Value = serde_json::from_slice(body).ok()?;
    if json.get("kind")?.as_str()? != "Status" {
        return None;
    }
    let message = json.get("message").and_then(serde_json::Value::as_str);
    Some(printable(message.unwrap_or_default(), WORDS))
}

/// A kubeconfig with nothing in it but what was chosen.
fn single(chosen: Chosen) -> Kubeconfig {
    const NAME: &str = "kship";
    Kubeconfig {
        clusters: vec![NamedCluster {
            name: NAME.to_owned(),
            cluster: Some(chosen.cluster),
            ..NamedCluster::default()
        }],
        auth_infos: vec![NamedAuthInfo {
            name: NAME.to_owned(),
            auth_info: Some(chosen.user),
            ..NamedAuthInfo::default()
        }],
        contexts: vec![NamedContext {
            name: NAME.to_owned(),
            context: Some(Context {
                cluster: NAME.to_owned(),
                user: Some(NAME.to_owned()),
                ..Context::default()
            }),
            ..NamedContext::default()
        }],
        current_context: Some(NAME.to_owned()),
        ..Kubeconfig::default()
    }
}

/// Why credentials cannot be used, without what a plugin printed to standard output: that may be a token.
fn credentials_reason(error: &AuthError) -> String {
    let text = match error {
        AuthError::AuthExecRun { out, .. } => {
            let said = String::from_utf8_lossy(&out.stderr);
            format!("its plugin failed ({}): {}", out.status, said.trim())
        }
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => {
            "its plugin printed no ExecCredential with a status".to_owned()
        }
        AuthError::AuthExecStart(source) => format!("its plugin cannot be run: {source}"),
        AuthError::InvalidBearerToken(_) => "its token cannot stand in a header".to_owned(),
        AuthError::ParseTokenKey(_) => "its plugin printed no JSON".to_owned(),
        error => error.to_string(),
    };
    printable(&text, WORDS)
}

/// What is at the bottom of an error; the layers above say no more.
fn bottom(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&cause| match cause.downcast_ref::<std::io::Error>() {
        // The source of an `io::Error` leaves out the error that it wraps.
        Some(wrapper) => wrapper
            .get_ref()
            .map(|inner| -> &(dyn std::error::Error + 'static) { inner }),
        None => cause.source(),
    });
    causes.last().map_or_else(|| error.to_string(), ToString::to_string)
}

/// An address as messages may show it.
pub(super) fn without_secrets(url: &Url) -> String {
    let mut url = url.clone();
    // An address without a host has neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.to_string()
}
