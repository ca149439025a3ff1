//! Media types of manifests.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A media type as written; the manifest types that registries serve are named.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct MediaType(String);

impl MediaType {
    /// OCI image index: several platforms.
    pub const OCI_INDEX: &'static str = "application/vnd.oci.image.index.v1+json";
    /// OCI image manifest: one platform, or an artifact.
    pub const OCI_MANIFEST: &'static str = "application/vnd.oci.image.manifest.v1+json";
    /// Docker's manifest list: several platforms.
    pub const DOCKER_LIST: &'static str = "application/vnd.docker.distribution.manifest.list.v2+json";
    /// Docker's image manifest, schema 2.
    pub const DOCKER_MANIFEST: &'static str = "application/vnd.docker.distribution.manifest.v2+json";

    /// The `Accept` header of every manifest request.
    ///
    /// All four, always: distribution answers a narrower `Accept` for a list with the digest of one platform.
    pub const ACCEPT: &'static str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
         application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

    /// Takes a media type without its parameters (`; charset=...`), in lower case.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.split(';').next().unwrap_or("").trim().to_ascii_lowercase())
    }

    /// The media type as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Says whether this is an index: a list of manifests, one a platform.
    #[must_use]
    pub fn is_index(&self) -> bool {
        matches!(self.as_str(), Self::OCI_INDEX | Self::DOCKER_LIST)
    }

    /// Says whether this is the manifest of one image or artifact.
    #[must_use]
    pub fn is_manifest(&self) -> bool {
        matches!(self.as_str(), Self::OCI_MANIFEST | Self::DOCKER_MANIFEST)
    }

    /// Says whether this is Docker's schema 1, whose digest is not that of its bytes.
    #[must_use]
    pub fn is_schema1(&self) -> bool {
        self.0.starts_with("application/vnd.docker.distribution.manifest.v1+")
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_parameters_and_knows_indexes() {
        assert!(MediaType::new("application/vnd.oci.image.index.v1+json; charset=utf-8").is_index());
        assert!(MediaType::new(MediaType::DOCKER_MANIFEST).is_manifest());
        assert!(MediaType::new("application/vnd.docker.distribution.manifest.v1+prettyjws").is_schema1());
        assert_eq!(MediaType::ACCEPT.split(", ").count(), 4);
    }
}
