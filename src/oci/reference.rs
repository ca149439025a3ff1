//! References: `registry/repository:tag@digest`, with the byte ranges of their parts.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use super::{Digest, DigestError};

/// The registry of names without one.
pub const DOCKER_HUB: &str = "docker.io";

/// The tag of references that have neither tag nor digest. It is looked up, never written.
pub const DEFAULT_TAG: &str = "latest";

const LEGACY_HUB: &str = "index.docker.io";
const OFFICIAL: &str = "library/";
const PATH_MAX: usize = 255;
const TAG_MAX: usize = 128;

/// A registry and a repository in it, in full: `docker.io` and `library/nginx` for `nginx`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Repository {
    registry: String,
    path: String,
}

impl Repository {
    /// The registry's host and, if one is named, port.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The path under the registry.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.path)
    }
}

impl FromStr for Repository {
    type Err = ReferenceError;

    /// Parses a reference that has neither tag nor digest.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let reference = Reference::parse(text)?;
        if reference.tag.is_some() || reference.digest.is_some() {
            return Err(ReferenceError::NotARepository { text: text.to_owned() });
        }
        Ok(reference.repository)
    }
}

/// An image reference as somebody wrote it: it may have a tag, a digest, both or neither.
///
/// The grammar is that of the `reference` package of the distribution project, which the OCI distribution specification,
/// the container runtimes and Docker share: the first component is a registry if it is `localhost`, has a `.`, a `:` or
/// an upper-case letter; names without a registry are Docker Hub's, and those of one component get `library/`.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Reference {
    text: String,
    repository: Repository,
    registry: Option<Range<usize>>,
    path: Range<usize>,
    tag: Option<Range<usize>>,
    digest: Option<(Range<usize>, Digest)>,
}

impl Reference {
    /// Parses a reference; no part of it is normalised in the text that it keeps.
    ///
    /// # Errors
    /// The text breaks the grammar; the error names the part.
    pub fn parse(text: &str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(ReferenceError::ImageId);
        }
        let registry = text
            .find('/')
            .filter(|&slash| is_registry(text.get(..slash).unwrap_or("")))
            .map(|slash| 0..slash);
        if let Some(host) = registry.clone().and_then(|range| text.get(range))
            && !is_domain(host)
        {
            return Err(ReferenceError::BadRegistry {
                registry: host.to_owned(),
            });
        }
        let start = registry.as_ref().map_or(0, |range| range.end + 1);
        let rest = text.get(start..).unwrap_or("");
        let path = start..start + rest.find([':', '@']).unwrap_or(rest.len());
        let at = text
            .get(path.end..)
            .and_then(|tail| tail.find('@'))
            .map(|at| path.end + at);
        let tag = (path.end != at.unwrap_or(text.len())).then(|| path.end + 1..at.unwrap_or(text.len()));
        let digest = at.map(|at| at + 1..text.len());

        let name = text.get(path.clone()).unwrap_or("");
        check_path(name)?;
        if let Some(tag) = tag.clone().and_then(|range| text.get(range)) {
            check_tag(tag)?;
        }
        let digest = match digest {
            Some(range) => {
                let digest = text
                    .get(range.clone())
                    .unwrap_or("")
                    .parse()
                    .map_err(ReferenceError::BadDigest)?;
                Some((range, digest))
            }
            None => None,
        };
        let repository = full_name(registry.clone().and_then(|range| text.get(range)), name);
        if repository.path.len() > PATH_MAX {
            return Err(ReferenceError::TooLong {
                length: repository.path.len(),
            });
        }
        Ok(Self {
            text: text.to_owned(),
            repository,
            registry,
            path,
            tag,
            digest,
        })
    }

    /// The reference as it was written.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.text
    }

    /// The registry and repository in full.
    #[must_use]
    pub const fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tag, if one is written.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.clone().and_then(|range| self.text.get(range))
    }

    /// The digest, if one is written.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref().map(|(_, digest)| digest)
    }

    /// The bytes of the registry, if one is written.
    #[must_use]
    pub fn registry_range(&self) -> Option<Range<usize>> {
        self.registry.clone()
    }

    /// The bytes of the repository, without the registry.
    #[must_use]
    pub fn path_range(&self) -> Range<usize> {
        self.path.clone()
    }

    /// The bytes of the tag without its colon.
    #[must_use]
    pub fn tag_range(&self) -> Option<Range<usize>> {
        self.tag.clone()
    }

    /// The bytes of the digest without its `@`.
    #[must_use]
    pub fn digest_range(&self) -> Option<Range<usize>> {
        self.digest.as_ref().map(|(range, _)| range.clone())
    }

    /// Says whether a tag, a digest or a registry is written: a bare `nginx` has none of them.
    #[must_use]
    pub const fn is_explicit(&self) -> bool {
        self.tag.is_some() || self.digest.is_some() || self.registry.is_some()
    }

    /// The full name and tag, without the digest: what a tag is looked up by, and the key of lock files.
    #[must_use]
    pub fn tagged(&self) -> String {
        format!("{}:{}", self.repository, self.tag().unwrap_or(DEFAULT_TAG))
    }

    /// This reference with a digest, if it has one.
    #[must_use]
    pub fn pinned(&self) -> Option<PinnedReference> {
        self.digest()
            .map(|digest| PinnedReference::new(self.repository.clone(), digest.clone()))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({})", self.text)
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        Self::parse(text)
    }
}

/// A repository and the digest of a manifest in it: it always means the same bytes.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PinnedReference {
    repository: Repository,
    digest: Digest,
}

impl PinnedReference {
    /// Names the manifest with this digest.
    #[must_use]
    pub const fn new(repository: Repository, digest: Digest) -> Self {
        Self { repository, digest }
    }

    /// The registry and repository in full.
    #[must_use]
    pub const fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The digest.
    #[must_use]
    pub const fn digest(&self) -> &Digest {
        &self.digest
    }
}

impl fmt::Display for PinnedReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.repository, self.digest)
    }
}

/// Why a text is no reference.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// What follows the `@`.
    #[error(transparent)]
    BadDigest(DigestError),
    /// A component of the repository.
    #[error(
        "repository `{path}` is not valid: expected lower-case letters and digits, parted by `.`, `_`, `__`, `-` or `/`"
    )]
    BadPath {
        /// The repository as written.
        path: String,
    },
    /// What stands before the first `/`.
    #[error("registry `{registry}` is not valid: expected a host name or address, and a port")]
    BadRegistry {
        /// The registry as written.
        registry: String,
    },
    /// What follows the last `:`.
    #[error("tag `{tag}` is not valid: expected at most 128 letters, digits, `_`, `.` and `-`")]
    BadTag {
        /// The tag as written.
        tag: String,
    },
    /// Nothing is there.
    #[error("reference is empty")]
    Empty,
    /// 64 hex digits: docker reads that as the ID of a local image.
    #[error("64 hex digits are the ID of an image, not a reference")]
    ImageId,
    /// A tag or digest where only a repository was expected.
    #[error("`{text}` has a tag or a digest: expected a repository")]
    NotARepository {
        /// The text.
        text: String,
    },
    /// A repository of more than 255 characters.
    #[error("repository has {length} characters: expected at most 255")]
    TooLong {
        /// How many it has, `library/` included.
        length: usize,
    },
    /// An upper-case letter in the repository.
    #[error("repository `{path}` has upper-case letters: expected lower case")]
    Uppercase {
        /// The repository as written.
        path: String,
    },
}

/// Says whether the first component of a name is a registry, and not a part of a Docker Hub repository.
fn is_registry(first: &str) -> bool {
    first == "localhost" || first.contains(['.', ':']) || first.to_lowercase() != first
}

fn full_name(registry: Option<&str>, path: &str) -> Repository {
    let registry = match registry {
        None | Some(LEGACY_HUB) => DOCKER_HUB,
        Some(registry) => registry,
    };
    let official = registry == DOCKER_HUB && !path.contains('/');
    let path = if official {
        format!("{OFFICIAL}{path}")
    } else {
        path.to_owned()
    };
    Repository {
        registry: registry.to_owned(),
        path,
    }
}

/// Checks a host name, an IPv4 address or an IPv6 address in brackets, each with or without a port.
fn is_domain(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((address, tail))
                if !address.is_empty() && address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':') =>
            {
                ("", tail)
            }
            _ => return false,
        },
        None => match text.find(':') {
            Some(colon) => text.split_at(colon),
            None => (text, ""),
        },
    };
    let port_ok = port.is_empty()
        || port
            .strip_prefix(':')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()));
    let component = |part: &str| {
        !part.is_empty()
            && !part.starts_with('-')
            && !part.ends_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    port_ok && (text.starts_with('[') || host.split('.').all(component))
}

fn check_path(path: &str) -> Result<(), ReferenceError> {
    if path.to_lowercase() != path {
        return Err(ReferenceError::Uppercase { path: path.to_owned() });
    }
    if path.split('/').all(is_path_component) {
        Ok(())
    } else {
        Err(ReferenceError::BadPath { path: path.to_owned() })
    }
}

/// `[a-z0-9]+(?:(?:[._]|__|[-]+)[a-z0-9]+)*`
fn is_path_component(part: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = part.as_bytes();
    let ends = bytes.first().copied().is_some_and(alphanumeric) && bytes.last().copied().is_some_and(alphanumeric);
    ends && bytes
        .split(|&b| alphanumeric(b))
        .all(|separator| matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|&b| b == b'-'))
}

/// `[\w][\w.-]{0,127}`
fn check_tag(tag: &str) -> Result<(), ReferenceError> {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let valid = tag.len() <= TAG_MAX
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || b == b'.' || b == b'-');
    if valid {
        Ok(())
    } else {
        Err(ReferenceError::BadTag { tag: tag.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn names_are_completed_and_spelling_is_kept() {
        for (text, full) in [
            ("nginx", "docker.io/library/nginx:latest"),
            ("nginx:1.25", "docker.io/library/nginx:1.25"),
            ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
            ("bitnami/redis:7", "docker.io/bitnami/redis:7"),
            ("localhost/x", "localhost/x:latest"),
            ("localhost:5000/a/b:1", "localhost:5000/a/b:1"),
            ("Registry/x", "Registry/x:latest"),
            ("[::1]:5000/x/y:1", "[::1]:5000/x/y:1"),
            ("quay.io/a__b/c-_.d", ""),
            ("quay.io/a__b/c--d", "quay.io/a__b/c--d:latest"),
        ] {
            match Reference::parse(text) {
                Ok(reference) => assert_eq!((reference.tagged().as_str(), reference.as_written()), (full, text)),
                Err(_) => assert_eq!(full, "", "{text}"),
            }
        }
    }

    #[test]
    fn parts_have_ranges() {
        let text = format!("ghcr.io/o/app:v1@{DIGEST}");
        let reference = Reference::parse(&text).unwrap();
        assert_eq!(&text[reference.registry_range().unwrap()], "ghcr.io");
        assert_eq!(&text[reference.path_range()], "o/app");
        assert_eq!(&text[reference.tag_range().unwrap()], "v1");
        assert_eq!(&text[reference.digest_range().unwrap()], DIGEST);
        assert_eq!(
            reference.pinned().unwrap().to_string(),
            format!("ghcr.io/o/app@{DIGEST}")
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |text: &str| Reference::parse(text).unwrap_err().to_string();
        assert_eq!(error(""), "reference is empty");
        assert_eq!(
            error(&"a".repeat(64)),
            "64 hex digits are the ID of an image, not a reference"
        );
        assert_eq!(
            error("Nginx"),
            "repository `Nginx` has upper-case letters: expected lower case"
        );
        assert_eq!(
            error("a.b:x/c"),
            "registry `a.b:x` is not valid: expected a host name or address, and a port"
        );
        assert_eq!(
            error("-x.io/c"),
            "registry `-x.io` is not valid: expected a host name or address, and a port"
        );
        assert_eq!(
            error("nginx:"),
            "tag `` is not valid: expected at most 128 letters, digits, `_`, `.` and `-`"
        );
        assert_eq!(
            error("nginx@sha256:00"),
            "sha256 digest has 2 characters after the colon: expected 64"
        );
        assert_eq!(
            error("nginx@"),
            "digest `` has no algorithm: expected `sha256:` and 64 hex digits"
        );
        assert_eq!(
            error("visual studio"),
            "repository `visual studio` is not valid: expected lower-case letters and digits, parted by `.`, `_`, `__`, `-` or `/`"
        );
        assert_eq!(
            error(&format!("x.io/{}", "a".repeat(256))),
            "repository has 256 characters: expected at most 255"
        );
        assert_eq!(
            "a:1".parse::<Repository>().unwrap_err().to_string(),
            "`a:1` has a tag or a digest: expected a repository"
        );
    }
}
