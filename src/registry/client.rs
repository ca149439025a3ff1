//! The client: what is asked of a registry over HTTP, and what answers are believed.

use std::sync::Arc;

use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, LINK, WWW_AUTHENTICATE};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::IgnoredAny;
use tokio::sync::MutexGuard;
use url::Url;

use super::challenge::Challenge;
use super::error::{Asked, Error};
use super::exchange::{Call, Exchange, Reply};
use super::host::{Failure, Host, Hosts};
use super::mirrors::{Mirrors, Place};
use super::token::{Applicant, Authorization, Tokens};
use super::transport::{ProbeError, Scheme, Transport, is_loopback};
use super::{Answer, Keychain, ManifestBytes, Options, Registry, Resolved, Target, body};
use crate::limits;
use crate::oci::{DOCKER_HUB, Descriptor, Digest, MediaType, PinnedReference, Repository};

/// Docker Hub's API does not live under the name that references use.
const DOCKER_HUB_API: &str = "registry-1.docker.io";

const CONTENT_DIGEST: &str = "docker-content-digest";

/// A registry over HTTP: the OCI distribution specification, version 1.1.
///
/// It asks as little as it can: one HEAD for a tag, one token for a repository, and never `/v2/`. The first request to a
/// host goes alone, so that what it learns (TLS or not, which token server) is learnt once.
#[derive(Debug)]
pub struct Client {
    exchange: Exchange,
    hosts: Hosts,
    keychain: Keychain,
    mirrors: Mirrors,
    tokens: Tokens,
}

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
    place: Place,
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
    fn digest(&self) -> Option<Digest> {
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
    fn known(&self, media_type: MediaType) -> Result<MediaType, Error> {
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
    /// Makes a client; nothing is read or connected before it is needed.
    #[must_use]
    pub fn new(options: Options) -> Self {
        let Options {
            ca_files,
            in_flight,
            keychain,
            mirrors,
            plain_http,
            times,
            tries,
            user_agent,
        } = options;
        Self {
            exchange: Exchange {
                transport: Transport::new(ca_files, plain_http, in_flight, user_agent, times),
                times,
                tries,
            },
            hosts: Hosts::new(in_flight),
            keychain,
            mirrors,
            tokens: Tokens::default(),
        }
    }

    async fn resolve_target(&self, repository: &Repository, target: &Target) -> Result<Resolved, Error> {
        let text = target_text(target);
        let found = self
            .ask(&manifest_question(
                repository,
                target,
                Method::HEAD,
                &["manifests", &text],
            ))
            .await?;
        match found.status() {
            200 => {}
            405 | 501 => return self.hash(repository, target).await,
            _ => return Err(found.error()),
        }
        let Some(media_type) = found.content_type() else {
            return self.hash(repository, target).await;
        };
        let media_type = found.known(media_type)?;
        let Some(digest) = found.digest() else {
            return self.hash(repository, target).await;
        };
        if let Target::Digest(expected) = target
            && *expected != digest
        {
            if expected.algorithm() != digest.algorithm() {
                return self.hash(repository, target).await;
            }
            return Err(Error::DigestHeader {
                asked: found.asked,
                expected: expected.clone(),
                found: digest,
            });
        }
        Ok(Resolved {
            digest,
            media_type,
            size: found
                .reply
                .header(CONTENT_LENGTH)
                .and_then(|length| length.parse().ok()),
        })
    }

    /// Fetches a manifest to hash it, where HEAD does not say its digest.
    async fn hash(&self, repository: &Repository, target: &Target) -> Result<Resolved, Error> {
        let manifest = self.fetch(repository, target).await?;
        let digest = match target {
            Target::Digest(digest) => digest.clone(),
            Target::Tag(_) => Digest::of(&manifest.bytes),
        };
        Ok(Resolved {
            digest,
            media_type: manifest.media_type,
            size: u64::try_from(manifest.bytes.len()).ok(),
        })
    }

    /// Fetches a manifest; its bytes have the digest that was asked for, and the one that the registry names.
    pub(crate) async fn fetch(&self, repository: &Repository, target: &Target) -> Result<ManifestBytes, Error> {
        let text = target_text(target);
        let found = self
            .ask(&manifest_question(
                repository,
                target,
                Method::GET,
                &["manifests", &text],
            ))
            .await?;
        if found.reply.status != StatusCode::OK {
            return Err(found.error());
        }
        if let Target::Digest(expected) = target {
            check(expected, &found)?;
        }
        if let Some(named) = found.digest()
            && !named.matches(&found.reply.body)
        {
            return Err(Error::DigestHeader {
                expected: Digest::with(named.algorithm(), &found.reply.body),
                asked: found.asked,
                found: named,
            });
        }
        if found.digest().is_none() && serde_json::from_slice::<IgnoredAny>(&found.reply.body).is_err() {
            // Nothing else shows that the bytes were cut short.
            return Err(found.invalid("something that is no JSON", "a manifest"));
        }
        let media_type = match found.content_type() {
            // Proxies drop or flatten the header; the document says what it is.
            None => media_type_of(&found)?,
            Some(flat)
                if matches!(
                    flat.as_str(),
                    "application/json" | "application/octet-stream" | "text/plain"
                ) =>
            {
                media_type_of(&found)?
            }
            Some(media_type) => media_type,
        };
        Ok(ManifestBytes {
            media_type: found.known(media_type)?,
            bytes: found.reply.body,
        })
    }

    async fn fetch_blob(&self, reference: &PinnedReference) -> Result<Vec<u8>, Error> {
        let digest = reference.digest().to_string();
        let found = self
            .ask(&Question {
                repository: reference.repository(),
                reference: reference.to_string(),
                method: Method::GET,
                path: &["blobs", &digest],
                query: None,
                accept: "*/*",
                limit: limits::BLOB_BYTES,
                by_digest: true,
            })
            .await?;
        if found.reply.status != StatusCode::OK {
            return Err(found.error());
        }
        check(reference.digest(), &found)?;
        Ok(found.reply.body)
    }

    async fn list_tags(&self, repository: &Repository) -> Result<Vec<String>, Error> {
        #[derive(Deserialize)]
        struct Page {
            // Registries that are written in Go say `null` for an empty list.
            tags: Option<Vec<String>>,
        }
        let mut tags = Vec::new();
        let first = self
            .ask(&Question {
                repository,
                reference: repository.to_string(),
                method: Method::GET,
                path: &["tags", "list"],
                query: Some("n=1000"),
                accept: "application/json",
                limit: limits::MANIFEST_BYTES,
                by_digest: false,
            })
            .await?;
        self.pages(first, "application/json", |found| {
            if found.reply.status != StatusCode::OK {
                return Err(found.error());
            }
            let page: Page = serde_json::from_slice(&found.reply.body)
                .map_err(|_| found.invalid("something that is no JSON list of tags", "a list of tags"))?;
            tags.extend(page.tags.into_iter().flatten());
            Ok(())
        })
        .await?;
        Ok(tags)
    }

    /// Takes an answer and all that follow it (distribution-spec, `Link` with `rel="next"`).
    pub(crate) async fn pages(
        &self,
        first: Found,
        accept: &'static str,
        mut take: impl FnMut(&Found) -> Result<(), Error> + Send,
    ) -> Result<(), Error> {
        let mut found = first;
        for _ in 0..limits::PAGES {
            take(&found)?;
            let Some(next) = next_page(&found)? else {
                return Ok(());
            };
            let Found { asked, place, .. } = found;
            let reply = self.page(&place, &asked, next, accept).await?;
            found = Found { reply, asked, place };
        }
        Err(found.invalid("a list without end", "a list of at most 100 pages"))
    }

    async fn page(&self, place: &Place, asked: &Asked, url: Url, accept: &'static str) -> Result<Reply, Error> {
        let host = self.hosts.host(&place.host);
        let call = Call {
            asked,
            method: Method::GET,
            url,
            accept,
            authorization: None,
            form: None,
            limit: limits::MANIFEST_BYTES,
        };
        self.authorized(&host, place, call, None).await
    }

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
        let scheme = self.scheme(&host, &place, &asked).await?;
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
    async fn authorized(
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
            let reply = self.exchange.send(host, &call).await?;
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
            path: &place.path,
            asked: call.asked,
            credential: credential.as_deref(),
        };
        self.tokens
            .authorize(&self.exchange, &self.hosts, challenge, &applicant, stale)
            .await
    }

    /// How a host is spoken to: over TLS, but to loopback hosts that have none, and to those that the user names.
    async fn scheme(&self, host: &Host, place: &Place, asked: &Asked) -> Result<Scheme, Error> {
        let transport = &self.exchange.transport;
        if transport.is_plain(&place.host) {
            return Ok(Scheme::Http);
        }
        if !place.insecure && !is_loopback(&place.host) {
            return Ok(Scheme::Https);
        }
        if let Some(failure) = host.failure() {
            return Err(failure.about(asked));
        }
        let scheme = host.scheme.get_or_try_init(|| transport.probe(&place.host)).await;
        scheme.copied().map_err(|error| match error {
            ProbeError::Address => Error::Host { asked: asked.clone() },
            ProbeError::Setup(error) => error.about(asked),
            ProbeError::Transport(error) => {
                let failure = Failure::Transport(Arc::new(error));
                host.give_up(&failure);
                failure.about(asked)
            }
        })
    }
}

impl Registry for Client {
    fn resolve<'a>(&'a self, repository: &'a Repository, target: &'a Target) -> Answer<'a, Resolved> {
        Box::pin(self.resolve_target(repository, target))
    }

    fn manifest<'a>(&'a self, reference: &'a PinnedReference) -> Answer<'a, ManifestBytes> {
        Box::pin(async move {
            let target = Target::Digest(reference.digest().clone());
            self.fetch(reference.repository(), &target).await
        })
    }

    fn blob<'a>(&'a self, reference: &'a PinnedReference) -> Answer<'a, Vec<u8>> {
        Box::pin(self.fetch_blob(reference))
    }

    fn referrers<'a>(&'a self, reference: &'a PinnedReference) -> Answer<'a, Vec<Descriptor>> {
        Box::pin(self.list_referrers(reference))
    }

    fn tags<'a>(&'a self, repository: &'a Repository) -> Answer<'a, Vec<String>> {
        Box::pin(self.list_tags(repository))
    }
}

fn manifest_question<'a>(
    repository: &'a Repository,
    target: &Target,
    method: Method,
    path: &'a [&'a str],
) -> Question<'a> {
    Question {
        repository,
        reference: target.of(repository),
        method,
        path,
        query: None,
        accept: MediaType::ACCEPT,
        limit: limits::MANIFEST_BYTES,
        by_digest: matches!(target, Target::Digest(_)),
    }
}

fn target_text(target: &Target) -> String {
    match target {
        Target::Digest(digest) => digest.to_string(),
        Target::Tag(tag) => tag.clone(),
    }
}

/// Checks that the bytes are those that were asked for.
fn check(expected: &Digest, found: &Found) -> Result<(), Error> {
    let actual = Digest::with(expected.algorithm(), &found.reply.body);
    if actual == *expected {
        Ok(())
    } else {
        Err(Error::DigestMismatch {
            asked: found.asked.clone(),
            found: actual,
        })
    }
}

/// What a document says it is, or what its fields show it to be.
fn media_type_of(found: &Found) -> Result<MediaType, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Document {
        media_type: Option<MediaType>,
        manifests: Option<IgnoredAny>,
        layers: Option<IgnoredAny>,
    }
    let document: Document = serde_json::from_slice(&found.reply.body)
        .map_err(|_| found.invalid("something that is no JSON object", "a manifest"))?;
    match document {
        Document {
            media_type: Some(media_type),
            ..
        } => Ok(media_type),
        Document { manifests: Some(_), .. } => Ok(MediaType::new(MediaType::OCI_INDEX)),
        Document { layers: Some(_), .. } => Ok(MediaType::new(MediaType::OCI_MANIFEST)),
        Document { .. } => Err(found.invalid("JSON of no media type", "a manifest")),
    }
}

/// The address of the next page; it must be on the same host, for it gets the same credentials.
fn next_page(found: &Found) -> Result<Option<Url>, Error> {
    let links = found.reply.headers.get_all(LINK);
    let next = links.iter().filter_map(|line| line.to_str().ok()).find_map(next_link);
    let Some(next) = next else { return Ok(None) };
    let origin = found.reply.url.origin();
    match found.reply.url.join(next) {
        Ok(url) if url.origin() == origin && found.reply.home => Ok(Some(url)),
        _ => Err(Error::Redirect {
            asked: found.asked.clone(),
            problem: "to a next page on another host",
        }),
    }
}

/// The target of `<target>; rel="next"` (RFC 8288, 3).
fn next_link(line: &str) -> Option<&str> {
    let (target, parameters) = line.trim().strip_prefix('<')?.split_once('>')?;
    let next = parameters.split(';').any(|parameter| {
        let parameter = parameter.split(',').next().unwrap_or("");
        parameter.split_once('=').is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case("rel") && value.trim().trim_matches('"') == "next"
        })
    });
    next.then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_link_to_the_next_page() {
        assert_eq!(
            next_link(r#"</v2/a/tags/list?n=1&last=b>; rel="next""#),
            Some("/v2/a/tags/list?n=1&last=b")
        );
        assert_eq!(next_link("<x>;title=a; REL=next"), Some("x"));
        for line in ["", "<x>", r#"<x>; rel="prev""#, "x; rel=next", "<x; rel=next"] {
            assert_eq!(next_link(line), None, "{line}");
        }
    }
}
