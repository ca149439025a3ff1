//! The lock file: what each tag meant when it was resolved.
//!
//! One sorted line an image, so that two branches merge:
//!
//! ```yaml
//! # What each tag meant when it was resolved. Written by `kship pin --lock`.
//! apiVersion: kship.dev/v1alpha1
//! kind: ImageLock
//! images:
//!   "docker.io/library/nginx:1.25": {"digest": "sha256:...", "mediaType": "application/vnd.oci.image.index.v1+json"}
//! ```
//!
//! kbld's lock (`kind: Config` with preresolved `overrides`) and imgpkg's `ImagesLock` are read, never written.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use crate::oci::{Digest, MediaType, Platform, Reference, ReferenceError};
use crate::text::Position;
use crate::yaml;

/// A lock file's content.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Lock {
    images: BTreeMap<String, Locked>,
    foreign: Option<&'static str>,
}

/// What one tag meant.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Locked {
    /// The digest behind the tag.
    pub digest: Digest,
    /// The manifest's media type, if it is known.
    pub media_type: Option<MediaType>,
    /// The platform that was asked for, where the digest is one of an index.
    pub platform: Option<String>,
}

impl Lock {
    /// Parses a lock file of kship, kbld or imgpkg.
    ///
    /// # Errors
    /// The text is none of them, or an entry is malformed; the error has the position.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let stream = yaml::parse(text).map_err(|error| Error::Yaml {
            position: error.position(),
            source: error,
        })?;
        let mut lock = Self::default();
        for root in stream
            .documents()
            .iter()
            .filter_map(yaml::Document::root)
            .filter(|root| !root.is_null())
        {
            let field = |name: &str| root.get(name).and_then(yaml::Node::as_str).unwrap_or("");
            let position = || crate::text::LineIndex::new(text).position(text, root.span().start);
            match (field("apiVersion"), field("kind")) {
                ("kship.dev/v1alpha1", "ImageLock") => lock.read_own(root, position())?,
                ("kbld.k14s.io/v1alpha1", "Config") => lock.read_kbld(root, position())?,
                ("imgpkg.carvel.dev/v1alpha1", "ImagesLock") => lock.read_imgpkg(root, position())?,
                _ => return Err(Error::NotALock { position: position() }),
            }
        }
        Ok(lock)
    }

    /// What a tag meant, if the lock knows it for that platform.
    #[must_use]
    pub fn find(&self, reference: &Reference, platform: Option<&Platform>) -> Option<&Locked> {
        let locked = self.images.get(&reference.tagged())?;
        (locked.platform == platform.map(Platform::to_string)).then_some(locked)
    }

    /// Notes what a tag means.
    pub fn insert(&mut self, reference: &Reference, locked: Locked) {
        self.images.insert(reference.tagged(), locked);
    }

    /// The tool whose lock was read, if it is not kship's own: such a file is never written.
    #[must_use]
    pub const fn foreign(&self) -> Option<&'static str> {
        self.foreign
    }

    /// The images that another lock has and this one has not, or has with another digest; sorted.
    #[must_use]
    pub fn missing<'l>(&self, other: &'l Self) -> Vec<&'l str> {
        let news = other
            .images
            .iter()
            .filter(|(tagged, locked)| self.images.get(*tagged) != Some(*locked));
        news.map(|(tagged, _)| tagged.as_str()).collect()
    }

    /// The file's text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::from(
            "# What each tag meant when it was resolved. Written by `kship pin --lock`.\napiVersion: kship.dev/v1alpha1\nkind: ImageLock\n",
        );
        text.push_str(if self.images.is_empty() {
            "images: {}\n"
        } else {
            "images:\n"
        });
        for (tagged, locked) in &self.images {
            let quote = |text: &str| serde_json::Value::from(text).to_string();
            let _ = write!(
                text,
                "  {}: {{\"digest\": {}",
                quote(tagged),
                quote(&locked.digest.to_string())
            );
            if let Some(media_type) = &locked.media_type {
                let _ = write!(text, ", \"mediaType\": {}", quote(media_type.as_str()));
            }
            if let Some(platform) = &locked.platform {
                let _ = write!(text, ", \"platform\": {}", quote(platform));
            }
            text.push_str("}\n");
        }
        text
    }

    fn read_own(&mut self, root: yaml::Node<'_, '_>, position: Position) -> Result<(), Error> {
        let file: OwnFile = typed(root, position)?;
        for (tagged, locked) in file.images {
            let reference = named(&tagged, position)?;
            if reference.tagged() != tagged {
                return Err(Error::NotCanonical {
                    name: tagged,
                    expected: reference.tagged(),
                    position,
                });
            }
            self.images.insert(tagged, locked);
        }
        Ok(())
    }

    fn read_kbld(&mut self, root: yaml::Node<'_, '_>, position: Position) -> Result<(), Error> {
        self.foreign = Some("kbld");
        let file: KbldConfig = typed(root, position)?;
        for entry in file.overrides.into_iter().filter(|entry| entry.preresolved) {
            self.read_pair(entry.image.as_deref().unwrap_or(""), &entry.new_image, position)?;
        }
        Ok(())
    }

    fn read_imgpkg(&mut self, root: yaml::Node<'_, '_>, position: Position) -> Result<(), Error> {
        self.foreign = Some("imgpkg");
        let file: ImagesLock = typed(root, position)?;
        for entry in file.images {
            if let Some(id) = entry.annotations.get("kbld.carvel.dev/id") {
                self.read_pair(id, &entry.image, position)?;
            }
        }
        Ok(())
    }

    /// An image as manifests name it, and the digest reference that stands for it.
    fn read_pair(&mut self, image: &str, pinned: &str, position: Position) -> Result<(), Error> {
        let reference = named(image, position)?;
        let digest = named(pinned, position)?
            .digest()
            .cloned()
            .ok_or_else(|| Error::NoDigest {
                name: pinned.to_owned(),
                position,
            })?;
        self.insert(
            &reference,
            Locked {
                digest,
                media_type: None,
                platform: None,
            },
        );
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OwnFile {
    #[serde(rename = "apiVersion")]
    _api_version: String,
    #[serde(rename = "kind")]
    _kind: String,
    #[serde(default)]
    images: BTreeMap<String, Locked>,
}

#[derive(Deserialize)]
struct KbldConfig {
    #[serde(default)]
    overrides: Vec<KbldOverride>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KbldOverride {
    image: Option<String>,
    new_image: String,
    #[serde(default)]
    preresolved: bool,
}

#[derive(Deserialize)]
struct ImagesLock {
    #[serde(default)]
    images: Vec<ImagesLockEntry>,
}

#[derive(Deserialize)]
struct ImagesLockEntry {
    image: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

fn typed<T: serde::de::DeserializeOwned>(root: yaml::Node<'_, '_>, position: Position) -> Result<T, Error> {
    serde_json::from_value(root.to_json()).map_err(|source| Error::Field { position, source })
}

fn named(name: &str, position: Position) -> Result<Reference, Error> {
    Reference::parse(name).map_err(|source| Error::Reference {
        name: name.to_owned(),
        position,
        source,
    })
}

/// What is wrong with a lock file; positions are those of the document.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A field is missing, unknown or has a wrong value.
    #[error("{position}: not a valid lock file")]
    Field {
        /// Where the document starts.
        position: Position,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// An entry without a digest.
    #[error("{position}: `{name}` has no digest: expected `name@sha256:...`")]
    NoDigest {
        /// The entry's image.
        name: String,
        /// Where the document starts.
        position: Position,
    },
    /// A document of another kind.
    #[error("{position}: not a lock file: expected kind ImageLock, kbld's Config or imgpkg's ImagesLock")]
    NotALock {
        /// Where the document starts.
        position: Position,
    },
    /// A key that is not spelled in full: no lookup would find it.
    #[error("{position}: `{name}` is not spelled in full: expected `{expected}`")]
    NotCanonical {
        /// The key.
        name: String,
        /// How it must be spelled.
        expected: String,
        /// Where the document starts.
        position: Position,
    },
    /// A name that is no reference.
    #[error("{position}: `{name}` is not a reference")]
    Reference {
        /// The name.
        name: String,
        /// Where the document starts.
        position: Position,
        /// Why.
        source: ReferenceError,
    },
    /// Not YAML.
    #[error("{position}: not readable as YAML")]
    Yaml {
        /// Where.
        position: Position,
        /// Why.
        source: yaml::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const D: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn reference(text: &str) -> Reference {
        Reference::parse(text).unwrap()
    }

    #[test]
    fn what_is_written_is_read() {
        let mut lock = Lock::default();
        assert_eq!(Lock::parse(&lock.render()).unwrap(), lock);
        let locked = |platform: Option<&str>| Locked {
            digest: D.parse().unwrap(),
            media_type: Some(MediaType::new(MediaType::OCI_INDEX)),
            platform: platform.map(str::to_owned),
        };
        lock.insert(&reference("nginx:1.25"), locked(None));
        lock.insert(&reference("[::1]:5000/a"), locked(Some("linux/arm64")));
        let text = lock.render();
        assert_eq!(Lock::parse(&text).unwrap(), lock);
        assert_eq!(
            text.lines().nth(4).unwrap().split('{').next().unwrap(),
            "  \"[::1]:5000/a:latest\": "
        );
        assert!(lock.find(&reference("docker.io/library/nginx:1.25"), None).is_some());
        let arm = "linux/arm64".parse().unwrap();
        assert!(lock.find(&reference("nginx:1.25"), Some(&arm)).is_none());
        assert!(lock.find(&reference("[::1]:5000/a:latest"), Some(&arm)).is_some());
    }

    #[test]
    fn the_locks_of_kbld_and_imgpkg_are_read() {
        let kbld = format!(
            "apiVersion: kbld.k14s.io/v1alpha1\nkind: Config\nminimumRequiredVersion: 0.42.0\noverrides:\n- image: nginx:1.14.2\n  newImage: index.docker.io/library/nginx@{D}\n  preresolved: true\n- image: x\n  newImage: z\nsearchRules: []\n"
        );
        let lock = Lock::parse(&kbld).unwrap();
        assert_eq!(
            (
                lock.foreign(),
                lock.find(&reference("nginx:1.14.2"), None).unwrap().digest.to_string()
            ),
            (Some("kbld"), D.to_owned())
        );
        assert!(lock.find(&reference("x"), None).is_none());
        let imgpkg = format!(
            "apiVersion: imgpkg.carvel.dev/v1alpha1\nkind: ImagesLock\nimages:\n- annotations:\n    kbld.carvel.dev/id: nginx:1.14.2\n  image: index.docker.io/library/nginx@{D}\n"
        );
        assert!(
            Lock::parse(&imgpkg)
                .unwrap()
                .find(&reference("docker.io/nginx:1.14.2"), None)
                .is_some()
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |text: &str| Lock::parse(text).unwrap_err().to_string();
        assert_eq!(
            error("a: 1"),
            "1:1: not a lock file: expected kind ImageLock, kbld's Config or imgpkg's ImagesLock"
        );
        let own = |images: &str| {
            error(&format!(
                "apiVersion: kship.dev/v1alpha1\nkind: ImageLock\nimages: {{{images}}}\n"
            ))
        };
        assert_eq!(
            own(&format!("nginx: {{digest: '{D}'}}")),
            "1:1: `nginx` is not spelled in full: expected `docker.io/library/nginx:latest`"
        );
        assert_eq!(own("a/b:1: {digest: 'sha256:00'}"), "1:1: not a valid lock file");
        assert_eq!(
            own(&format!("'A b': {{digest: '{D}'}}")),
            "1:1: `A b` is not a reference"
        );
    }
}
