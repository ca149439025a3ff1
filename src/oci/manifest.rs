//! Manifests and indexes: what a registry answers for a tag or a digest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Digest, MediaType, Platform};

/// A pointer to some bytes (image-spec, descriptor.md).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// What the bytes are.
    pub media_type: MediaType,
    /// Their digest.
    pub digest: Digest,
    /// How many there are.
    pub size: u64,
    /// What system an entry of an index is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// What kind of artifact the manifest holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Free key-value pairs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// The name under which an image layout's `index.json` files a tag (image-spec, annotations.md).
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// An index: the manifests of several platforms, the referrers of a manifest, or the table of an image layout.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// The index's own media type; optional in OCI's format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// The entries, in order.
    pub manifests: Vec<Descriptor>,
    /// Free key-value pairs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Index {
    /// Parses an index.
    ///
    /// # Errors
    /// The bytes are not JSON of an index, or their own media type says that they are something else: a document that
    /// can be read as both index and manifest is refused (CVE-2021-41190).
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let shape: Shape = serde_json::from_slice(bytes).map_err(ManifestError::Json)?;
        if shape.layers.is_some() || shape.config.is_some() {
            return Err(ManifestError::Ambiguous);
        }
        let index: Self = serde_json::from_slice(bytes).map_err(ManifestError::Json)?;
        match &index.media_type {
            Some(media_type) if !media_type.is_index() => Err(ManifestError::NotAnIndex {
                media_type: media_type.clone(),
            }),
            _ => Ok(index),
        }
    }

    /// The entries that images run from: attestations filed under `unknown/unknown` are left out.
    pub fn images(&self) -> impl Iterator<Item = &Descriptor> {
        self.manifests
            .iter()
            .filter(|entry| !entry.platform.as_ref().is_some_and(Platform::is_unknown))
    }
}

/// The manifest of one image or artifact (image-spec, manifest.md).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// The manifest's own media type; optional in OCI's format.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<MediaType>,
    /// What kind of artifact this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The configuration.
    pub config: Descriptor,
    /// The layers, in order.
    pub layers: Vec<Descriptor>,
    /// The manifest that this one says something about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Free key-value pairs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

impl Manifest {
    /// Parses the manifest of one image or artifact.
    ///
    /// # Errors
    /// The bytes are not JSON of a manifest, or could be read as an index too (CVE-2021-41190).
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let shape: Shape = serde_json::from_slice(bytes).map_err(ManifestError::Json)?;
        if shape.manifests.is_some() {
            return Err(ManifestError::Ambiguous);
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(ManifestError::Json)?;
        match &manifest.media_type {
            Some(media_type) if !media_type.is_manifest() => Err(ManifestError::NotAManifest {
                media_type: media_type.clone(),
            }),
            _ => Ok(manifest),
        }
    }
}

#[derive(Deserialize)]
struct Shape {
    config: Option<serde::de::IgnoredAny>,
    layers: Option<serde::de::IgnoredAny>,
    manifests: Option<serde::de::IgnoredAny>,
}

/// Why bytes are no manifest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// The document has the fields of an index and of a manifest.
    #[error("document is both an index and a manifest")]
    Ambiguous,
    /// Not JSON, or a field is missing or wrong.
    #[error("not a manifest: {0}")]
    Json(#[source] serde_json::Error),
    /// An image manifest was expected.
    #[error("media type is `{media_type}`: expected an image manifest")]
    NotAManifest {
        /// What the document says it is.
        media_type: MediaType,
    },
    /// An index was expected.
    #[error("media type is `{media_type}`: expected an index")]
    NotAnIndex {
        /// What the document says it is.
        media_type: MediaType,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHILD: &str = r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":2,"digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#;

    #[test]
    fn reads_an_index_and_leaves_attestations_out() {
        let attestation = CHILD.replace(
            r#""size":2"#,
            r#""size":2,"platform":{"os":"unknown","architecture":"unknown"}"#,
        );
        let index =
            Index::parse(format!(r#"{{"schemaVersion":2,"manifests":[{CHILD},{attestation}]}}"#).as_bytes()).unwrap();
        assert_eq!((index.manifests.len(), index.images().count()), (2, 1));
    }

    #[test]
    fn refuses_what_can_be_read_as_both() {
        let both = format!(r#"{{"schemaVersion":2,"manifests":[],"config":{CHILD},"layers":[]}}"#);
        assert_eq!(
            Index::parse(both.as_bytes()).unwrap_err().to_string(),
            "document is both an index and a manifest"
        );
        assert_eq!(
            Manifest::parse(both.as_bytes()).unwrap_err().to_string(),
            "document is both an index and a manifest"
        );
        let lying = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","manifests":[]}"#;
        assert!(matches!(
            Index::parse(lying.as_bytes()),
            Err(ManifestError::NotAnIndex { .. })
        ));
        assert!(
            Index::parse(b"<html>")
                .unwrap_err()
                .to_string()
                .starts_with("not a manifest: expected value")
        );
    }
}
