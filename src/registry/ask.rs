//! A question to a registry: where it is asked, and with whose credentials.

use std::sync::Arc;

use reqwest::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use reqwest::{Method, StatusCode};
use tokio::sync::MutexGuard;
use url::Url;

use super::body;
use super::challenge::Challenge;
use super::client::Client;
use super::error::{Asked, Error};
use super::exchange::{Call, Exchange, Reply};
use super::host::Host;
use super::mirrors::Place;
use super::probe::{Scheme, probe};
use super::token::{Applicant, Authorization};
use super::transport::is_loopback;
use crate::oci::{DOCKER_HUB, Digest, MediaType, Repository};

/// Docker Hub's API does not live under the name that references use.
const DOCKER_HUB_API: &str = "registry-1.docker.io";

const CONTENT_DIGEST: &str = "docker-content-digest";

/// One question to a registry: what is asked for is the same wherever it is asked.
#[derive(Debug)]
pub(crate) struct Question<'a> {
    pub(crate) repository: &'a Repository,
    /// The full reference, for messages.
    pub(crate) reference: String,
    pub(crate) method: Method,
    /// Segments of the path after the repository.
    pub(crate) path: &'a [&'a str],
    pub(crate) query: Option<&'static str>,
    pub(crate) accept: &'static str,
    pub(crate) limit: u64,
    /// Whether the answer can be checked against a digest.
    pub(crate) by_digest: bool,
}

/// An answer, and where it came from.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) reply: Reply,
    pub(crate) asked: Asked,
    pub(crate) place: Place,
}

impl Found {
    pub(crate) fn status(&self) -> u16 {
        self.reply.status.as_u16()
    }

    /// The error that the answer's status means.
    pub(crate) fn error(&self) -> Error {
        let asked = self.asked.clone();
        let answered = body::answered(self.status(), &self.reply.body);
        match self.status() {
            401 | 403 => Error::Denied { asked, answered },
            404 => Error::NotFound {
                asked,
                answered: Some(answered),
            },
            429 => Error::Throttled { asked, answered },
            _ => Error::Status { asked, answered },
        }
    }

    pub(crate) fn content_type(&self) -> Option<MediaType> {
        self.reply
            .header(CONTENT_TYPE)
            .map(MediaType::new)
            .filter(|media_type| !media_type.as_str().is_empty())
    }

    /// The digest header, if it is a valid digest.
    pub(crate) fn digest(&self) -> Option<Digest> {
        self.reply.header(CONTENT_DIGEST)?.parse().ok()
    }

    pub(crate) fn invalid(&self, found: &str, expected: &'static str) -> Error {
        Error::Invalid {
            asked: self.asked.clone(),
            found: found.to_owned(),
            expected,
        }
    }

    /// Checks that a media type is one of the four.
    pub(crate) fn known(&self, media_type: MediaType) -> Result<MediaType, Error> {
        if media_type.is_index() || media_type.is_manifest() {
            Ok(media_type)
        } else if media_type.is_schema1() {
            Err(Error::Schema1 {
                asked: self.asked.clone(),
            })
        } else if media_type.as_str() == "text/html" {
            Err(self.invalid("an HTML page", "a manifest"))
        } else {
            Err(Error::UnknownMediaType {
                asked: self.asked.clone(),
                media_type: body::printable(media_type.as_str(), 100),
            })
        }
    }
}

impl Client {
    /// Asks a question: of the mirrors first, if there are any, then of the registry itself.
    pub(crate) async fn ask(&self, question: &Question<'_>) -> Result<Found, Error> {
        let places = self
            .mirrors
            .places(question.repository, question.by_digest)
            .ok_or_else(|| Error::Blocked {
                reference: question.reference.clone(),
            })?;
        let mut places = places.into_iter().peekable();
        loop {
            let Some(place) = places.next() else {
                // The registry itself always is one of the places.
                return Err(Error::Blocked {
                    reference: question.reference.clone(),
                });
            };
            let answer = self.ask_at(question, place).await;
            match &answer {
                Ok(found) if found.reply.status.is_success() => return answer,
                _ if places.peek().is_none() => return answer,
                // What a mirror does not have or does not say, the next place may.
                _ => {}
            }
        }
    }

    async fn ask_at(&self, question: &Question<'_>, mut place: Place) -> Result<Found, Error> {
        if place.host == DOCKER_HUB {
            DOCKER_HUB_API.clone_into(&mut place.host);
        }
        let asked = Asked {
            reference: question.reference.clone(),
            host: place.host.clone(),
        };
        let host = self.hosts.host(&place.host);
        let first = host.first().await;
        let scheme = self.scheme(&host, &place).await;
        let mut url = Url::parse(&format!("{}://{}/v2/", scheme.name(), place.host))
            .map_err(|_| Error::Host { asked: asked.clone() })?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments
                .pop_if_empty()
                .extend(place.path.split('/'))
                .extend(question.path);
        }
        url.set_query(question.query);
        let call = Call {
            asked: &asked,
            method: question.method.clone(),
            url,
            accept: question.accept,
            authorization: None,
            form: None,
            limit: question.limit,
        };
        let reply = self.authorized(&host, &place, call, first).await?;
        Ok(Found { reply, asked, place })
    }

    /// Sends a request with what the host is known to ask for, and once more with what it then asks for.
    pub(crate) async fn authorized(
        &self,
        host: &Host,
        place: &Place,
        mut call: Call<'_>,
        mut first: Option<MutexGuard<'_, ()>>,
    ) -> Result<Reply, Error> {
        let mut used = match host.challenge() {
            Some(challenge) if first.is_none() => self.authorize(place, &challenge, &call, None).await?,
            _ => None,
        };
        let mut refused = false;
        loop {
            call.authorization = used.as_ref().map(|authorization| authorization.header.clone());
            let reply = match self.exchange.send(host, &call).await {
                Ok(reply) => reply,
                Err(error) => {
                    if host.has_answered() {
                        host.greet();
                    }
                    return Err(error);
                }
            };
            // A stranger's challenge is not for this registry's credentials.
            let challenge = Challenge::choose(&reply.headers).filter(|_| reply.home);
            if reply.status == StatusCode::UNAUTHORIZED
                && let Some(challenge) = &challenge
            {
                host.remember(challenge.clone());
            }
            host.greet();
            drop(first.take());
            if reply.status != StatusCode::UNAUTHORIZED || !reply.home {
                return Ok(reply);
            }
            if refused || used.as_ref().is_some_and(|used| !used.renewable) {
                return Ok(reply);
            }
            let Some(challenge) = challenge else {
                return if reply.headers.contains_key(WWW_AUTHENTICATE) {
                    Err(Error::UnsupportedChallenge {
                        asked: call.asked.clone(),
                    })
                } else {
                    Ok(reply)
                };
            };
            refused = true;
            used = self.authorize(place, &challenge, &call, used.as_ref()).await?;
            if used.is_none() {
                return Ok(reply);
            }
        }
    }

    async fn authorize(
        &self,
        place: &Place,
        challenge: &Challenge,
        call: &Call<'_>,
        stale: Option<&Arc<Authorization>>,
    ) -> Result<Option<Arc<Authorization>>, Error> {
        let time = self.exchange.times.helper;
        let credential = self.keychain.credential(&place.name, &place.path, time).await?;
        let applicant = Applicant {
            registry: &call.url,
            name: &place.name,
            path: &place.path,
            asked: call.asked,
            credential: credential.as_deref(),
        };
        self.tokens
            .authorize(&self.exchange, &self.hosts, challenge, &applicant, stale)
            .await
    }

    /// How a host is spoken to: over TLS, but to loopback hosts that have none, and to those that the user names.
    async fn scheme(&self, host: &Host, place: &Place) -> Scheme {
        let Exchange { transport, times, .. } = &self.exchange;
        if transport.is_plain(&place.host) {
            Scheme::Http
        } else if place.insecure || is_loopback(&place.host) {
            *host.scheme.get_or_init(|| probe(&place.host, times.connect)).await
        } else {
            Scheme::Https
        }
    }
}
