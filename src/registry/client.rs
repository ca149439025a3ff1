//! The client: what is asked of a registry over HTTP, and what answers are believed.

use reqwest::header::CONTENT_LENGTH;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::ask::{Found, Question};
use super::error::Error;
use super::exchange::Exchange;
use super::host::Hosts;
use super::mirrors::Mirrors;
use super::token::Tokens;
use super::transport::Transport;
use super::{Answer, Keychain, ManifestBytes, Options, Registry, Resolved, Target};
use crate::limits;
use crate::oci::{Descriptor, Digest, MediaType, PinnedReference, Repository};

/// A registry over HTTP: the OCI distribution specification, version 1.1.
///
/// It asks as little as it can: one HEAD for a tag, one token for a repository, and never `/v2/`. The first request to a
/// host goes alone, so that what it learns (TLS or not, which token server) is learnt once.
#[derive(Debug)]
pub struct Client {
    pub(super) exchange: Exchange,
    pub(super) hosts: Hosts,
    pub(super) keychain: Keychain,
    pub(super) mirrors: Mirrors,
    pub(super) tokens: Tokens,
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
        let manifest = self.fetch_manifest(repository, target).await?;
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
    pub(crate) async fn fetch_manifest(
        &self,
        repository: &Repository,
        target: &Target,
    ) -> Result<ManifestBytes, Error> {
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
}

impl Registry for Client {
    fn resolve<'a>(&'a self, repository: &'a Repository, target: &'a Target) -> Answer<'a, Resolved> {
        Box::pin(self.resolve_target(repository, target))
    }

    fn manifest<'a>(&'a self, reference: &'a PinnedReference) -> Answer<'a, ManifestBytes> {
        Box::pin(async move {
            let target = Target::Digest(reference.digest().clone());
            self.fetch_manifest(reference.repository(), &target).await
        })
    }

    fn fetch<'a>(&'a self, repository: &'a Repository, target: &'a Target) -> Answer<'a, ManifestBytes> {
        Box::pin(self.fetch_manifest(repository, target))
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
