//! Which evidence a registry has for an image, looked at until a piece of it is proof.
//!
//! Bundles come first, found by the referrers of the image; a registry's own list and the fallback tag are both looked at,
//! since mirrors and caches answer an empty list where the tag has entries. cosign's older tags come last. So a signed image
//! costs few requests, and one format never hides the other.
//!
//! "There is none" is said only by a registry that said so: an error that kept a piece of evidence from being looked at
//! makes the answer unknown, unless another piece is proof.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::Rejection;
use super::bundle::{Bundle, Origin};
use super::demand::{Demand, Verified};
use super::legacy::{ATTESTATION_LAYER, SIGNATURE_LAYER};
use super::statement::Claim;
use crate::limits;
use crate::oci::{DEFAULT_TAG, Descriptor, Digest, Index, Manifest, MediaType, PinnedReference, Reference};
use crate::registry::{self, ManifestBytes, Registry, RegistryMap, RegistryMapError, Target, fallback_tag};

/// What the artifact types and layers of bundles begin with; the version follows.
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";
/// The artifact type of cosign's experiment between its two formats.
const EXPERIMENT: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";
/// What older clients and registries write as artifact type where they know none.
const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// The annotation that repeats a bundle's predicate type. Nobody signs it: it orders, and decides nothing.
const PREDICATE_TYPE: &str = "dev.sigstore.bundle.predicateType";

/// Looks for proof about images.
pub struct Prover<'a> {
    /// Where images and evidence are.
    pub registry: &'a dyn Registry,
    /// Where names are looked up.
    pub map: &'a RegistryMap,
    /// What is demanded.
    pub demand: &'a Demand<'a>,
}

impl fmt::Debug for Prover<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Prover")
            .field("demand", self.demand)
            .finish_non_exhaustive()
    }
}

/// What was found out about an image.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// A piece of evidence is proof.
    Proven(Box<Verified>),
    /// None is.
    Unproven(Unproven),
}

/// An image for which there is no proof.
#[derive(Clone, Debug)]
pub struct Unproven {
    /// The digest of the image, computed here.
    pub digest: Digest,
    /// What was looked at, each with the reason for which it is no proof.
    pub refusals: Vec<Refusal>,
    /// How many pieces of evidence beyond [`limits::EVIDENCE`] were not looked at.
    pub left_out: usize,
}

/// A piece of evidence that is no proof.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refusal {
    /// The digest of what was refused.
    pub evidence: Digest,
    /// Why.
    pub reason: Rejection,
}

/// Answers about images, by [`name`].
pub type Verdicts = BTreeMap<String, Result<Verdict, Arc<Error>>>;

/// Under which name an image is looked at once: its digest, or its tag.
#[must_use]
pub fn name(reference: &Reference) -> String {
    match reference.pinned() {
        Some(pinned) => pinned.to_string(),
        None => reference.tagged(),
    }
}

impl Prover<'_> {
    /// Looks for proof about images, each once; `done` is called after each.
    pub async fn prove_all<'r>(
        &self,
        references: impl IntoIterator<Item = &'r Reference>,
        done: impl Fn(),
    ) -> Verdicts {
        let distinct: BTreeMap<String, &Reference> = references.into_iter().map(|one| (name(one), one)).collect();
        let mut pending: FuturesUnordered<_> = distinct
            .into_iter()
            .map(|(name, reference)| async move { (name, self.prove(reference).await.map_err(Arc::new)) })
            .collect();
        let mut verdicts = Verdicts::new();
        while let Some((name, verdict)) = pending.next().await {
            verdicts.insert(name, verdict);
            done();
        }
        verdicts
    }

    /// Looks for proof about one image; its tag is resolved once.
    ///
    /// # Errors
    /// The image is not there; or a registry failed, and what it did answer is no proof.
    pub async fn prove(&self, reference: &Reference) -> Result<Verdict, Error> {
        let repository = self.map.target(reference.repository())?;
        let target = match reference.digest() {
            Some(digest) => Target::Digest(digest.clone()),
            None => Target::Tag(reference.tag().unwrap_or(DEFAULT_TAG).to_owned()),
        };
        let image = self.registry.fetch(&repository, &target).await?;
        let digest = match target {
            Target::Digest(digest) => digest,
            Target::Tag(_) => Digest::of(&image.bytes),
        };
        let mut search = Search {
            prover: self,
            image: PinnedReference::new(repository, digest),
            seen: HashSet::new(),
            refusals: Vec::new(),
            looked: 0,
            left_out: 0,
            error: None,
        };
        match search.run().await {
            Some(verified) => Ok(Verdict::Proven(Box::new(verified))),
            None => match search.error {
                Some(error) => Err(error.into()),
                None => Ok(Verdict::Unproven(Unproven {
                    digest: search.image.digest().clone(),
                    refusals: search.refusals,
                    left_out: search.left_out,
                })),
            },
        }
    }
}

/// One image's evidence, as far as it was looked at.
struct Search<'a> {
    prover: &'a Prover<'a>,
    image: PinnedReference,
    /// Manifests and blobs that need not be looked at again: the same signature a thousand times costs one.
    seen: HashSet<String>,
    refusals: Vec<Refusal>,
    /// Referrers that were looked at.
    looked: usize,
    left_out: usize,
    /// The first failure of the registry.
    error: Option<registry::Error>,
}

impl Search<'_> {
    async fn run(&mut self) -> Option<Verified> {
        let referrers = match self.prover.registry.referrers(&self.image).await {
            Ok(referrers) => referrers,
            Err(error) => {
                self.failed(error);
                Vec::new()
            }
        };
        if let Some(verified) = self.look_at(referrers).await {
            return Some(verified);
        }
        let fallback = self.fallback().await;
        if let Some(verified) = self.look_at(fallback).await {
            return Some(verified);
        }
        let tag = match self.prover.demand.claim {
            Some(Claim::Attestation(_)) => ".att",
            Some(Claim::Signature) | None => ".sig",
        };
        self.look_at_tag(&format!("{}{tag}", fallback_tag(self.image.digest())))
            .await
    }

    /// What the fallback tag lists, which a registry with a list of its own may hold as well.
    async fn fallback(&mut self) -> Vec<Descriptor> {
        let target = Target::Tag(fallback_tag(self.image.digest()));
        let fetched = self.prover.registry.fetch(self.image.repository(), &target).await;
        match fetched {
            Ok(ManifestBytes { bytes, .. }) => match Index::parse(&bytes) {
                Ok(index) => index.manifests,
                Err(error) => {
                    self.refuse(&Digest::of(&bytes), malformed(&error));
                    Vec::new()
                }
            },
            Err(registry::Error::NotFound { .. }) => Vec::new(),
            Err(error) => {
                self.failed(error);
                Vec::new()
            }
        }
    }

    /// Looks at the referrers that may hold evidence, those first that say so.
    async fn look_at(&mut self, referrers: Vec<Descriptor>) -> Option<Verified> {
        let mut candidates: Vec<Descriptor> = referrers.into_iter().filter(may_be_evidence).collect();
        let wanted = self.prover.demand.claim.as_ref().map(Claim::predicate_type);
        candidates.sort_by_key(|candidate| match candidate.annotations.get(PREDICATE_TYPE) {
            Some(named) => wanted.is_some_and(|wanted| wanted != named),
            None => false,
        });
        for candidate in candidates {
            if !self.seen.insert(candidate.digest.to_string()) {
                continue;
            }
            if self.looked >= limits::EVIDENCE {
                self.left_out += 1;
                continue;
            }
            self.looked += 1;
            let reference = PinnedReference::new(self.image.repository().clone(), candidate.digest.clone());
            let fetched = self.prover.registry.manifest(&reference).await;
            let Some(manifest) = self.keep(&candidate.digest, fetched) else {
                continue;
            };
            if let Some(verified) = self.look_at_manifest(&candidate.digest, &manifest.bytes).await {
                return Some(verified);
            }
        }
        None
    }

    async fn look_at_tag(&mut self, tag: &str) -> Option<Verified> {
        let target = Target::Tag(tag.to_owned());
        let fetched = self.prover.registry.fetch(self.image.repository(), &target).await;
        let manifest = match fetched {
            Ok(manifest) => manifest,
            Err(registry::Error::NotFound { .. }) => return None,
            Err(error) => {
                self.failed(error);
                return None;
            }
        };
        let digest = Digest::of(&manifest.bytes);
        self.look_at_manifest(&digest, &manifest.bytes).await
    }

    /// Looks at the layers of one manifest. What it says about its subject counts for nothing: the signed statement does.
    async fn look_at_manifest(&mut self, digest: &Digest, bytes: &[u8]) -> Option<Verified> {
        let manifest = match Manifest::parse(bytes) {
            Ok(manifest) => manifest,
            Err(error) => {
                self.refuse(digest, malformed(&error));
                return None;
            }
        };
        let kinds: Vec<Kind> = manifest.layers.iter().filter_map(Kind::of).collect();
        if kinds.contains(&Kind::Bundle) && manifest.layers.len() != 1 {
            self.refuse(
                digest,
                Rejection::Malformed {
                    why: "a bundle is not alone in its manifest".to_owned(),
                },
            );
            return None;
        }
        for (at, layer) in manifest.layers.iter().enumerate() {
            let Some(kind) = Kind::of(layer) else { continue };
            if at >= limits::EVIDENCE {
                self.left_out += 1;
                continue;
            }
            let wants_attestation = matches!(self.prover.demand.claim, Some(Claim::Attestation(_)));
            if (kind == Kind::Signature && wants_attestation) || (kind == Kind::Attestation && !wants_attestation) {
                continue;
            }
            // The older format has its signature in the annotations: the same payload may be signed by several.
            let same = format!("{} {:?}", layer.digest, layer.annotations);
            if !self.seen.insert(same) {
                continue;
            }
            if layer.size > limits::BUNDLE_BYTES {
                self.refuse(
                    &layer.digest,
                    Rejection::TooLarge {
                        what: format!("it has {} bytes, and may have {}", layer.size, limits::BUNDLE_BYTES),
                    },
                );
                continue;
            }
            let reference = PinnedReference::new(self.image.repository().clone(), layer.digest.clone());
            let fetched = self.prover.registry.blob(&reference).await;
            let Some(blob) = self.keep(&layer.digest, fetched) else {
                continue;
            };
            let demand = self.prover.demand;
            let result = match kind {
                Kind::Bundle => Bundle::parse(&blob, Origin::Registry)
                    .and_then(|bundle| demand.verify_image(&bundle, self.image.digest())),
                Kind::Signature => demand.verify_legacy_signature(&blob, &layer.annotations, self.image.digest()),
                Kind::Attestation => demand.verify_legacy_attestation(&blob, &layer.annotations, self.image.digest()),
            };
            match result {
                Ok(verified) => return Some(verified),
                Err(reason) => self.refuse(&layer.digest, reason),
            }
        }
        None
    }

    /// What a registry sent; what it lists and does not have is refused, any other failure leaves the answer open.
    fn keep<T>(&mut self, digest: &Digest, fetched: Result<T, registry::Error>) -> Option<T> {
        match fetched {
            Ok(fetched) => Some(fetched),
            Err(registry::Error::NotFound { .. }) => {
                self.refuse(digest, Rejection::Missing);
                None
            }
            Err(error) => {
                self.failed(error);
                None
            }
        }
    }

    fn refuse(&mut self, evidence: &Digest, reason: Rejection) {
        self.refusals.push(Refusal {
            evidence: evidence.clone(),
            reason,
        });
    }

    fn failed(&mut self, error: registry::Error) {
        self.error.get_or_insert(error);
    }
}

/// What a layer holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Bundle,
    Signature,
    Attestation,
}

impl Kind {
    fn of(layer: &Descriptor) -> Option<Self> {
        match layer.media_type.as_str() {
            SIGNATURE_LAYER => Some(Self::Signature),
            ATTESTATION_LAYER => Some(Self::Attestation),
            other if other.starts_with(BUNDLE) => Some(Self::Bundle),
            _ => None,
        }
    }
}

/// Leaves out what says that it is something else. A missing or empty type says nothing: GHCR's fallback tags have it.
fn may_be_evidence(referrer: &Descriptor) -> bool {
    if referrer.media_type.as_str() != MediaType::OCI_MANIFEST {
        return false;
    }
    match referrer.artifact_type.as_deref() {
        None | Some("" | EMPTY | EXPERIMENT) => true,
        Some(other) => other.starts_with(BUNDLE),
    }
}

fn malformed(error: &crate::oci::ManifestError) -> Rejection {
    Rejection::Malformed {
        why: format!("it is no manifest: {error}"),
    }
}

/// Why it is not known whether an image is signed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A mapped name that is no repository.
    #[error(transparent)]
    Map(#[from] RegistryMapError),
    /// The registry's answer.
    #[error(transparent)]
    Registry(#[from] registry::Error),
}
