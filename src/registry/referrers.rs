//! Referrers over HTTP: the API, and the tag that stands in for it.

use reqwest::{Method, StatusCode};

use super::ask::{Found, Question};
use super::client::Client;
use super::error::Error;
use super::{ManifestBytes, Target};
use crate::limits;
use crate::oci::{Descriptor, Digest, Index, MediaType, PinnedReference};

/// Longest algorithm and encoded part of a fallback tag (distribution-spec, "Referrers Tag Schema").
const ALGORITHM_MAX: usize = 32;
const ENCODED_MAX: usize = 64;

impl Client {
    pub(crate) async fn list_referrers(&self, reference: &PinnedReference) -> Result<Vec<Descriptor>, Error> {
        let digest = reference.digest().to_string();
        let found = self
            .ask(&Question {
                repository: reference.repository(),
                reference: reference.to_string(),
                method: Method::GET,
                path: &["referrers", &digest],
                query: None,
                accept: MediaType::OCI_INDEX,
                limit: limits::MANIFEST_BYTES,
                by_digest: true,
            })
            .await?;
        if !has_api(&found) {
            return self.fallback(reference).await;
        }
        let mut referrers = Vec::new();
        self.pages(found, MediaType::OCI_INDEX, |page| {
            if page.reply.status != StatusCode::OK {
                return Err(page.error());
            }
            let index = Index::parse(&page.reply.body)
                .map_err(|error| page.invalid(&error.to_string(), "an index of referrers"))?;
            referrers.extend(index.manifests);
            Ok(())
        })
        .await?;
        Ok(referrers)
    }

    async fn fallback(&self, reference: &PinnedReference) -> Result<Vec<Descriptor>, Error> {
        let target = Target::Tag(fallback_tag(reference.digest()));
        match self.fetch_manifest(reference.repository(), &target).await {
            Ok(ManifestBytes { bytes, .. }) => match Index::parse(&bytes) {
                Ok(index) => Ok(index.manifests),
                Err(error) => Err(Error::Manifest {
                    reference: target.of(reference.repository()),
                    source: error,
                }),
            },
            Err(Error::NotFound { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }
}

/// Says whether the registry has the API: one without may not know the path (404), know it as something else (400, 405,
/// 406, 501), or answer every path with a page of its own.
fn has_api(found: &Found) -> bool {
    match found.status() {
        200 => found
            .content_type()
            .is_some_and(|media_type| media_type.as_str() == MediaType::OCI_INDEX),
        400 | 404 | 405 | 406 | 501 => false,
        _ => true,
    }
}

/// The tag under which the referrers of a digest are filed where there is no API: `sha256-<hex>`.
pub(crate) fn fallback_tag(digest: &Digest) -> String {
    let algorithm: String = digest.algorithm().name().chars().take(ALGORITHM_MAX).collect();
    let encoded: String = digest.hex().chars().take(ENCODED_MAX).collect();
    format!("{algorithm}-{encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oci::Algorithm;

    #[test]
    fn long_digests_are_cut_in_the_tag() {
        let tag = fallback_tag(&Digest::with(Algorithm::Sha512, b""));
        assert_eq!((tag.len(), tag.starts_with("sha512-cf83e1")), (71, true));
    }
}
