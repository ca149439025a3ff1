//! What tags mean, asked once for each tag of a run.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::lock::{Lock, Locked};
use crate::limits;
use crate::oci::{
    DEFAULT_TAG, Digest, Index, Manifest, ManifestError, MediaType, PinnedReference, Platform, Reference,
};
use crate::registry::{self, Registry, RegistryMap, RegistryMapError, Target};

/// What a tag means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Resolution {
    /// The digest to pin.
    pub digest: Digest,
    /// The media type of the manifest with that digest, if it is known.
    pub media_type: Option<MediaType>,
}

/// How a pinned reference stands to what its registry says today.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Standing {
    /// The tag means this digest, or there is no tag and the registry has the digest.
    Current,
    /// The tag means something else by now, or nothing (`None`).
    Drifted(Option<Digest>),
    /// The digest is one platform of the index that the tag means.
    SinglePlatform {
        /// The index.
        index: Digest,
        /// The platform of the pinned digest.
        platform: Option<Platform>,
    },
    /// The registry does not have the digest; the tag means this one, or nothing.
    Vanished(Option<Digest>),
}

/// Asks a registry, or a lock file in its place.
pub struct Resolver<'a> {
    /// Who knows.
    pub registry: &'a dyn Registry,
    /// Where names are looked up.
    pub map: &'a RegistryMap,
    /// The platform to pick from an index; `None` takes the index.
    pub platform: Option<&'a Platform>,
    /// What is known already.
    pub lock: Option<&'a Lock>,
    /// Ask the registry even for what the lock knows.
    pub refresh: bool,
    /// Ask nobody but the lock.
    pub frozen: bool,
}

/// Answers for tags, by [`Reference::tagged`].
pub type Resolutions = BTreeMap<String, Result<Resolution, Arc<Error>>>;

/// Answers for pinned references, by [`key`].
pub type Standings = BTreeMap<String, Result<Standing, Arc<Error>>>;

/// The name under which [`Standings`] files a pinned reference: its tag counts.
#[must_use]
pub fn key(reference: &Reference) -> String {
    let tag = reference.tag().map(|tag| format!(":{tag}")).unwrap_or_default();
    let digest = reference
        .digest()
        .map(|digest| format!("@{digest}"))
        .unwrap_or_default();
    format!("{}{tag}{digest}", reference.repository())
}

impl Resolver<'_> {
    /// Resolves the tags of references, each tag once; `done` is called after each.
    pub async fn resolve_all<'r>(
        &self,
        references: impl IntoIterator<Item = &'r Reference>,
        done: impl Fn(),
    ) -> Resolutions {
        let distinct: BTreeMap<String, &Reference> = references.into_iter().map(|r| (r.tagged(), r)).collect();
        let mut pending: FuturesUnordered<_> = distinct
            .into_iter()
            .map(|(tagged, reference)| async move { (tagged, self.resolve(reference).await.map_err(Arc::new)) })
            .collect();
        let mut answers = Resolutions::new();
        while let Some((tagged, answer)) = pending.next().await {
            answers.insert(tagged, answer);
            done();
        }
        answers
    }

    /// Compares pinned references with what their registries say; `done` is called after each.
    pub async fn examine_all<'r>(
        &self,
        references: impl IntoIterator<Item = &'r Reference>,
        tags: &Resolutions,
        done: impl Fn(),
    ) -> Standings {
        let distinct: BTreeMap<String, &Reference> = references.into_iter().map(|r| (key(r), r)).collect();
        let mut pending: FuturesUnordered<_> = distinct
            .into_iter()
            .map(|(key, reference)| async move { (key, self.examine(reference, tags).await) })
            .collect();
        let mut answers = Standings::new();
        while let Some((key, answer)) = pending.next().await {
            answers.insert(key, answer);
            done();
        }
        answers
    }

    async fn resolve(&self, reference: &Reference) -> Result<Resolution, Error> {
        if let Some(locked) = self
            .lock
            .filter(|_| !self.refresh)
            .and_then(|lock| lock.find(reference, self.platform))
        {
            return Ok(Resolution {
                digest: locked.digest.clone(),
                media_type: locked.media_type.clone(),
            });
        }
        if self.frozen {
            return Err(Error::NotLocked {
                reference: reference.tagged(),
            });
        }
        let repository = self.map.target(reference.repository())?;
        let target = Target::Tag(reference.tag().unwrap_or(DEFAULT_TAG).to_owned());
        let resolved = self.registry.resolve(&repository, &target).await?;
        let pinned = PinnedReference::new(repository, resolved.digest.clone());
        let whole = Resolution {
            digest: resolved.digest,
            media_type: Some(resolved.media_type),
        };
        let Some(platform) = self.platform else {
            return Ok(whole);
        };
        if !whole.media_type.as_ref().is_some_and(MediaType::is_index) {
            return match self.platform_of(&pinned).await? {
                Some(have) if !have.covers(platform) => Err(Error::NoPlatform {
                    reference: reference.tagged(),
                    platform: platform.clone(),
                    available: have.to_string(),
                }),
                _ => Ok(whole),
            };
        }
        let index = self.index(&pinned).await?;
        let covered: Vec<_> = index
            .images()
            .filter(|entry| entry.platform.as_ref().is_some_and(|have| have.covers(platform)))
            .collect();
        match covered.as_slice() {
            [entry] => Ok(Resolution {
                digest: entry.digest.clone(),
                media_type: Some(entry.media_type.clone()),
            }),
            [] => Err(Error::NoPlatform {
                reference: reference.tagged(),
                platform: platform.clone(),
                available: platforms(index.images()),
            }),
            _ => Err(Error::SeveralPlatforms {
                reference: reference.tagged(),
                platform: platform.clone(),
                available: platforms(covered.iter().copied()),
            }),
        }
    }

    async fn examine(&self, reference: &Reference, tags: &Resolutions) -> Result<Standing, Arc<Error>> {
        let Some(digest) = reference.digest() else {
            return Ok(Standing::Current);
        };
        let repository = self
            .map
            .target(reference.repository())
            .map_err(|error| Arc::new(error.into()))?;
        let now = match reference.tag().and_then(|_| tags.get(&reference.tagged())) {
            None => None,
            Some(Ok(resolution)) if resolution.digest == *digest => return Ok(Standing::Current),
            Some(Ok(resolution)) => Some(resolution),
            Some(Err(error)) if error.is_not_found() => None,
            Some(Err(error)) => return Err(Arc::clone(error)),
        };
        if let Some(index) = now.filter(|now| now.media_type.as_ref().is_some_and(MediaType::is_index)) {
            let pinned = PinnedReference::new(repository.clone(), index.digest.clone());
            // That the tag has moved is known already; an index that cannot be read only hides why.
            let entries = self.index(&pinned).await.ok();
            let mut entries = entries.iter().flat_map(|index| &index.manifests);
            if let Some(entry) = entries.find(|entry| entry.digest == *digest) {
                return Ok(Standing::SinglePlatform {
                    index: index.digest.clone(),
                    platform: entry.platform.clone(),
                });
            }
        }
        let now = now.map(|now| now.digest.clone());
        match self
            .registry
            .resolve(&repository, &Target::Digest(digest.clone()))
            .await
        {
            Ok(_) if reference.tag().is_none() => Ok(Standing::Current),
            Ok(_) => Ok(Standing::Drifted(now)),
            Err(registry::Error::NotFound { .. }) => Ok(Standing::Vanished(now)),
            Err(_) if now.is_some() => Ok(Standing::Drifted(now)),
            Err(error) => Err(Arc::new(error.into())),
        }
    }

    /// The platform that an image's configuration names (image-spec, config.md); an artifact has none.
    async fn platform_of(&self, pinned: &PinnedReference) -> Result<Option<Platform>, Error> {
        let manifest = self.registry.manifest(pinned).await?;
        let manifest = Manifest::parse(&manifest.bytes).map_err(|source| Error::Index {
            reference: pinned.to_string(),
            source,
        })?;
        let config = PinnedReference::new(pinned.repository().clone(), manifest.config.digest);
        Ok(serde_json::from_slice(&self.registry.blob(&config).await?).ok())
    }

    async fn index(&self, pinned: &PinnedReference) -> Result<Index, Error> {
        let manifest = self.registry.manifest(pinned).await?;
        Index::parse(&manifest.bytes).map_err(|source| Error::Index {
            reference: pinned.to_string(),
            source,
        })
    }
}

/// What a run adds to a lock file.
#[must_use]
pub fn locked(resolution: &Resolution, platform: Option<&Platform>) -> Locked {
    Locked {
        digest: resolution.digest.clone(),
        media_type: resolution.media_type.clone(),
        platform: platform.map(Platform::to_string),
    }
}

fn platforms<'a>(entries: impl Iterator<Item = &'a crate::oci::Descriptor>) -> String {
    let names: BTreeSet<String> = entries
        .filter_map(|entry| entry.platform.as_ref())
        .map(Platform::to_string)
        .collect();
    let shown: Vec<String> = names.iter().take(limits::PLATFORMS_SHOWN).cloned().collect();
    let more = names.len().saturating_sub(shown.len());
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{rest}", shown.join(", "))
}

/// Why a tag could not be resolved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The registry's manifest or index cannot be read.
    #[error("manifest `{reference}` cannot be read")]
    Index {
        /// The manifest.
        reference: String,
        /// Why.
        source: ManifestError,
    },
    /// A mapped name that is no repository.
    #[error(transparent)]
    Map(#[from] RegistryMapError),
    /// The index has no such platform.
    #[error("`{reference}` has no image for {platform}: it has {available}")]
    NoPlatform {
        /// The reference.
        reference: String,
        /// What was asked for.
        platform: Platform,
        /// What there is.
        available: String,
    },
    /// `--frozen`, and the lock file does not know the tag.
    #[error("`{reference}` is not in the lock file")]
    NotLocked {
        /// The reference.
        reference: String,
    },
    /// The registry's answer.
    #[error(transparent)]
    Registry(#[from] registry::Error),
    /// The index has several such platforms.
    #[error("`{reference}` has several images for {platform}: {available}")]
    SeveralPlatforms {
        /// The reference.
        reference: String,
        /// What was asked for.
        platform: Platform,
        /// What fits.
        available: String,
    },
}

impl Error {
    /// Says whether the registry answered that there is no such tag.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Registry(registry::Error::NotFound { .. }))
    }
}
