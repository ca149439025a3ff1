//! A registry on disk: a folder that holds one OCI image layout per repository (image-spec, image-layout.md).

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

use super::error::{Asked, Error};
use super::referrers::fallback_tag;
use super::{Answer, ManifestBytes, Registry, Resolved, Target};
use crate::oci::{
    DOCKER_HUB, Descriptor, Digest, Index, Manifest, ManifestError, MediaType, PinnedReference, REF_NAME, Reference,
    Repository,
};
use crate::{fs, limits};

/// A folder of image layouts.
///
/// The repository `registry.example.com/shop/web` is read from `registry.example.com/shop/web` under the folder if that is
/// there, else from `shop/web`; Docker Hub's official images also from their bare name.
///
/// Symbolic links are followed, out of the folder too: who can place one there can place an image there as well, and
/// whatever is read by digest is hashed. Only what does not exist is not found; what cannot be looked at is an error.
#[derive(Clone, Debug)]
pub struct Layout {
    folder: Utf8PathBuf,
}

/// Why an image layout is not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The bytes of a blob are not those that its name says.
    #[error("blob {path} is damaged: its digest is {found}")]
    Damaged {
        /// The file.
        path: Utf8PathBuf,
        /// The digest of its bytes.
        found: Digest,
    },
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] fs::Error),
    /// An `index.json` or a manifest that is none.
    #[error("{path} is not valid")]
    Manifest {
        /// The file.
        path: Utf8PathBuf,
        /// Why not.
        #[source]
        source: ManifestError,
    },
    /// The folder that was named.
    #[error("{path} is not a folder of image layouts: expected a directory")]
    NotAFolder {
        /// The path.
        path: Utf8PathBuf,
    },
    /// An `oci-layout` file of another version.
    #[error("{path} is not valid: expected {{\"imageLayoutVersion\": \"1.0.0\"}}")]
    Version {
        /// The file.
        path: Utf8PathBuf,
    },
}

impl Layout {
    /// Opens a folder of image layouts; a repository's layout is read when it is asked for.
    ///
    /// # Errors
    /// The path is no directory, or cannot be looked at.
    pub fn open(folder: impl Into<Utf8PathBuf>) -> Result<Self, Error> {
        let folder = folder.into();
        match existing(&folder)? {
            Some(metadata) if metadata.is_dir() => Ok(Self { folder }),
            _ => Err(LayoutError::NotAFolder { path: folder }.into()),
        }
    }

    fn resolve_now(&self, repository: &Repository, target: &Target) -> Result<Resolved, Error> {
        let open = self.repository(repository, &target.of(repository))?;
        let (digest, media_type) = match target {
            Target::Digest(digest) => (digest.clone(), None),
            Target::Tag(tag) => {
                let entry = open.tag(repository, tag).ok_or_else(|| open.missing())?;
                (entry.digest.clone(), Some(entry.media_type.clone()))
            }
        };
        let bytes = open.blob(&digest, limits::MANIFEST_BYTES)?;
        let media_type = match media_type {
            Some(media_type) => media_type,
            None => open.media_type(&digest, &bytes)?,
        };
        Ok(Resolved {
            digest,
            media_type: open.known(media_type)?,
            size: u64::try_from(bytes.len()).ok(),
        })
    }

    fn manifest_now(&self, reference: &PinnedReference) -> Result<ManifestBytes, Error> {
        let open = self.repository(reference.repository(), &reference.to_string())?;
        let bytes = open.blob(reference.digest(), limits::MANIFEST_BYTES)?;
        let media_type = open.media_type(reference.digest(), &bytes)?;
        Ok(ManifestBytes {
            media_type: open.known(media_type)?,
            bytes,
        })
    }

    fn referrers_now(&self, reference: &PinnedReference) -> Result<Vec<Descriptor>, Error> {
        let open = self.repository(reference.repository(), &reference.to_string())?;
        let mut referrers: Vec<Descriptor> = Vec::new();
        let mut add = |entry: Descriptor| {
            if referrers.iter().all(|known| known.digest != entry.digest) {
                referrers.push(entry);
            }
        };
        for entry in &open.index.manifests {
            let bytes = open.blob(&entry.digest, limits::MANIFEST_BYTES)?;
            let referrer: Referrer = open.json(&entry.digest, &bytes)?;
            if referrer
                .subject
                .as_ref()
                .is_some_and(|subject| subject.digest == *reference.digest())
            {
                add(referrer.describe(entry));
            }
        }
        if let Some(entry) = open.tag(reference.repository(), &fallback_tag(reference.digest())) {
            let bytes = open.blob(&entry.digest, limits::MANIFEST_BYTES)?;
            let index = Index::parse(&bytes).map_err(|source| LayoutError::Manifest {
                path: open.path(&entry.digest),
                source,
            })?;
            index.manifests.into_iter().for_each(add);
        }
        Ok(referrers)
    }

    fn tags_now(&self, repository: &Repository) -> Result<Vec<String>, Error> {
        let open = self.repository(repository, &repository.to_string())?;
        let mut tags: Vec<String> = open
            .index
            .manifests
            .iter()
            .filter_map(|entry| tag_of(entry, repository))
            .map(str::to_owned)
            .collect();
        tags.sort_unstable();
        tags.dedup();
        Ok(tags)
    }

    /// Reads the table of a repository.
    fn repository(&self, repository: &Repository, reference: &str) -> Result<Open, Error> {
        let asked = Asked {
            reference: reference.to_owned(),
            host: self.folder.to_string(),
        };
        let Some(folder) = self.find(repository)? else {
            return Err(Error::NotFound { asked, answered: None });
        };
        check_version(&folder.join("oci-layout"))?;
        let path = folder.join("index.json");
        let bytes = fs::read_bytes(&path, limits::MANIFEST_BYTES).map_err(LayoutError::File)?;
        let index = Index::parse(&bytes).map_err(|source| LayoutError::Manifest { path, source })?;
        Ok(Open { folder, index, asked })
    }

    /// Looks for the folder of a repository.
    fn find(&self, repository: &Repository) -> Result<Option<Utf8PathBuf>, Error> {
        for folder in self.candidates(repository) {
            // A directory of this name is a repository, `shop/oci-layout`.
            if existing(&folder.join("oci-layout"))?.is_some_and(|metadata| !metadata.is_dir()) {
                return Ok(Some(folder));
            }
        }
        Ok(None)
    }

    fn candidates(&self, repository: &Repository) -> Vec<Utf8PathBuf> {
        let mut names = vec![repository.to_string(), repository.path().to_owned()];
        if repository.registry() == DOCKER_HUB
            && let Some(bare) = repository.path().strip_prefix("library/")
        {
            names.push(bare.to_owned());
        }
        names.iter().map(|name| self.folder.join(name)).collect()
    }
}

impl Registry for Layout {
    fn resolve<'a>(&'a self, repository: &'a Repository, target: &'a Target) -> Answer<'a, Resolved> {
        Box::pin(async move { self.resolve_now(repository, target) })
    }

    fn manifest<'a>(&'a self, reference: &'a PinnedReference) -> Answer<'a, ManifestBytes> {
        Box::pin(async move { self.manifest_now(reference) })
    }

    fn blob<'a>(&'a self, reference: &'a PinnedReference) -> Answer<'a, Vec<u8>> {
        Box::pin(async move {
            let open = self.repository(reference.repository(), &reference.to_string())?;
            open.blob(reference.digest(), limits::BLOB_BYTES)
        })
    }

    fn referrers<'a>(&'a self, reference: &'a PinnedReference) -> Answer<'a, Vec<Descriptor>> {
        Box::pin(async move { self.referrers_now(reference) })
    }

    fn tags<'a>(&'a self, repository: &'a Repository) -> Answer<'a, Vec<String>> {
        Box::pin(async move { self.tags_now(repository) })
    }
}

/// One repository's layout.
struct Open {
    folder: Utf8PathBuf,
    index: Index,
    asked: Asked,
}

impl Open {
    fn path(&self, digest: &Digest) -> Utf8PathBuf {
        self.folder
            .join("blobs")
            .join(digest.algorithm().name())
            .join(digest.hex())
    }

    /// Reads a blob and hashes it.
    fn blob(&self, digest: &Digest, limit: u64) -> Result<Vec<u8>, Error> {
        let path = self.path(digest);
        let bytes = fs::if_exists(fs::read_bytes(&path, limit)).map_err(LayoutError::File)?;
        let bytes = bytes.ok_or_else(|| self.missing())?;
        if digest.matches(&bytes) {
            Ok(bytes)
        } else {
            let found = Digest::with(digest.algorithm(), &bytes);
            Err(LayoutError::Damaged { path, found }.into())
        }
    }

    fn tag(&self, repository: &Repository, tag: &str) -> Option<&Descriptor> {
        self.index
            .manifests
            .iter()
            .find(|entry| tag_of(entry, repository) == Some(tag))
    }

    /// What the table, else the document itself, says that it is.
    fn media_type(&self, digest: &Digest, bytes: &[u8]) -> Result<MediaType, Error> {
        if let Some(entry) = self.index.manifests.iter().find(|entry| entry.digest == *digest) {
            return Ok(entry.media_type.clone());
        }
        let manifest = |source| LayoutError::Manifest {
            path: self.path(digest),
            source,
        };
        if let Ok(index) = Index::parse(bytes) {
            return Ok(index.media_type.unwrap_or_else(|| MediaType::new(MediaType::OCI_INDEX)));
        }
        let parsed = Manifest::parse(bytes).map_err(manifest)?;
        Ok(parsed
            .media_type
            .unwrap_or_else(|| MediaType::new(MediaType::OCI_MANIFEST)))
    }

    fn known(&self, media_type: MediaType) -> Result<MediaType, Error> {
        if media_type.is_index() || media_type.is_manifest() {
            Ok(media_type)
        } else {
            Err(Error::UnknownMediaType {
                asked: self.asked.clone(),
                media_type: super::body::printable(media_type.as_str(), 100),
            })
        }
    }

    fn json<'a, T: Deserialize<'a>>(&self, digest: &Digest, bytes: &'a [u8]) -> Result<T, Error> {
        serde_json::from_slice(bytes).map_err(|source| {
            let source = ManifestError::Json(source);
            let path = self.path(digest);
            LayoutError::Manifest { path, source }.into()
        })
    }

    fn missing(&self) -> Error {
        Error::NotFound {
            asked: self.asked.clone(),
            answered: None,
        }
    }
}

/// What is known of a path, if something is there.
fn existing(path: &Utf8Path) -> Result<Option<std::fs::Metadata>, Error> {
    let metadata = fs_err::metadata(path).map_err(fs::Error::from);
    Ok(fs::if_exists(metadata).map_err(LayoutError::File)?)
}

/// What a manifest says about the one that it refers to.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Referrer {
    subject: Option<Descriptor>,
    artifact_type: Option<String>,
    config: Option<Config>,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    media_type: MediaType,
}

impl Referrer {
    /// The entry that the referrers API gives for it (distribution-spec, "Listing Referrers"): the artifact type is that of
    /// the configuration if the manifest names none.
    fn describe(self, entry: &Descriptor) -> Descriptor {
        let artifact_type = self
            .artifact_type
            .filter(|artifact_type| !artifact_type.is_empty())
            .or_else(|| self.config.map(|config| config.media_type.to_string()));
        Descriptor {
            artifact_type,
            annotations: self.annotations,
            ..entry.clone()
        }
    }
}

/// The tag of an entry: tools write it bare, or as the full reference.
fn tag_of<'a>(entry: &'a Descriptor, repository: &Repository) -> Option<&'a str> {
    let name = entry.annotations.get(REF_NAME)?;
    let Ok(reference) = Reference::parse(name) else {
        return Some(name);
    };
    match reference.tag_range() {
        Some(range) if reference.repository() == repository => name.get(range),
        Some(_) => None,
        None => Some(name),
    }
}

fn check_version(path: &Utf8Path) -> Result<(), Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        image_layout_version: String,
    }
    let bytes = fs::read_bytes(path, limits::ERROR_BYTES).map_err(LayoutError::File)?;
    match serde_json::from_slice::<Version>(&bytes) {
        Ok(version) if version.image_layout_version.starts_with("1.") => Ok(()),
        _ => Err(LayoutError::Version { path: path.to_owned() }.into()),
    }
}
