//! Registries: the only code that opens a connection.
//!
//! A verb asks a [`Registry`], which is one of two things: [`Client`] speaks the OCI distribution specification over
//! HTTP, [`Layout`] reads a folder of OCI image layouts, so that everything works without a network too.
//!
//! ```text
//! client      what is asked for, and what answers are believed; lists and referrers are its long answers
//! ask         where a question is asked, and with whose credentials
//! probe       whether a loopback host speaks TLS
//! exchange    one request: redirects, retries, the pace of a host
//! host        what is known of a host: its scheme, its challenge, its pace
//! token       challenge -> Authorization; one token request however many wait for it
//! transport   HTTP and TLS; no root certificate is loaded before a host needs one
//! download    a file at an address that the user named
//! keychain    config.json, auth.json, credential helpers
//! mirrors     registries.conf
//! map         names that are looked up elsewhere, as the user says
//! ```
//!
//! Nothing here reads the environment: what the user's environment says arrives in [`Options`] and [`Environment`]. The
//! one exception are proxies (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`), which `reqwest` reads by itself.

mod ask;
mod body;
mod challenge;
mod client;
mod download;
mod error;
mod exchange;
mod host;
mod keychain;
mod layout;
mod lists;
mod map;
mod mirrors;
mod options;
mod probe;
mod referrers;
mod retry;
mod secret;
mod token;
mod transport;

use std::pin::Pin;

pub(crate) use body::printable;
pub use client::Client;
pub use download::{DownloadError, download};
pub use error::{Answered, Asked, Detail, Error};
pub use keychain::{Entry, Environment, Keychain, KeychainError};
pub use layout::{Layout, LayoutError};
pub use map::{Error as RegistryMapError, RegistryMap};
pub use mirrors::{Mirrors, MirrorsError};
pub use options::{Options, Times};
pub(crate) use referrers::fallback_tag;
pub use retry::parse_go_duration;
pub(crate) use retry::{delay, parse_date, parse_retry_after, random};

use crate::oci::{Descriptor, Digest, MediaType, PinnedReference, Repository};

/// What a [`Registry`] gives back: a future that can be boxed, so that the trait can be a trait object.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// A place that manifests and blobs are read from.
pub trait Registry: Send + Sync {
    /// Asks which manifest a tag means, or whether a digest is there.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the registry has no such manifest; any other error means that this could not be decided.
    fn resolve<'a>(&'a self, repository: &'a Repository, target: &'a Target) -> Answer<'a, Resolved>;

    /// Fetches a manifest or an index; its bytes have the digest that was asked for.
    ///
    /// # Errors
    /// As [`Registry::resolve`], and bytes of another digest or more than [`crate::limits::MANIFEST_BYTES`] of them.
    fn manifest<'a>(&'a self, reference: &'a PinnedReference) -> Answer<'a, ManifestBytes>;

    /// Fetches the manifest or index behind a tag or a digest at once; only of a digest is it certain which bytes come.
    ///
    /// # Errors
    /// As [`Registry::manifest`].
    fn fetch<'a>(&'a self, repository: &'a Repository, target: &'a Target) -> Answer<'a, ManifestBytes> {
        Box::pin(async move {
            let digest = match target {
                Target::Digest(digest) => digest.clone(),
                Target::Tag(_) => self.resolve(repository, target).await?.digest,
            };
            self.manifest(&PinnedReference::new(repository.clone(), digest)).await
        })
    }

    /// Fetches a blob whole; its bytes have the digest that was asked for.
    ///
    /// # Errors
    /// As [`Registry::resolve`], and bytes of another digest or more than [`crate::limits::BLOB_BYTES`] of them.
    fn blob<'a>(&'a self, reference: &'a PinnedReference) -> Answer<'a, Vec<u8>>;

    /// Lists what refers to a manifest: signatures, attestations, SBOMs.
    ///
    /// Asks the referrers API, and where a registry has none the tag `sha256-<hex>` (distribution-spec, "Unavailable
    /// Referrers API").
    ///
    /// # Errors
    /// Whatever keeps from knowing the list: a refusal or a failure is never an empty list.
    fn referrers<'a>(&'a self, reference: &'a PinnedReference) -> Answer<'a, Vec<Descriptor>>;

    /// Lists the tags of a repository.
    ///
    /// # Errors
    /// As [`Registry::resolve`].
    fn tags<'a>(&'a self, repository: &'a Repository) -> Answer<'a, Vec<String>>;
}

/// What is looked up in a repository.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Target {
    /// A digest.
    Digest(Digest),
    /// A tag.
    Tag(String),
}

impl Target {
    /// Writes the full reference of this target in a repository.
    #[must_use]
    pub fn of(&self, repository: &Repository) -> String {
        match self {
            Self::Digest(digest) => format!("{repository}@{digest}"),
            Self::Tag(tag) => format!("{repository}:{tag}"),
        }
    }
}

/// What a tag means at this moment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Resolved {
    /// The digest of the manifest or index.
    pub digest: Digest,
    /// Which of the two it is, and in whose format.
    pub media_type: MediaType,
    /// Its length in bytes, where the registry says it.
    pub size: Option<u64>,
}

/// The bytes of a manifest or index, hashed here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ManifestBytes {
    /// One of the four types that [`MediaType`] names.
    pub media_type: MediaType,
    /// The bytes, exactly as the registry holds them.
    pub bytes: Vec<u8>,
}

/// The parsers behind the client, for `fuzz/` alone.
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing {
    use std::time::Duration;

    use camino::Utf8Path;
    use jiff::Timestamp;
    use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};

    /// Reads a `config.json`, and says whether it names a helper or a credential for Docker Hub; or the error's message.
    pub fn credentials(text: &str) -> Result<bool, String> {
        let file = super::keychain::file::File::parse(text, Utf8Path::new("config.json"));
        let file = file.map_err(|error| error.to_string())?;
        let found = file
            .credential(&["docker.io".to_owned()])
            .map_err(|error| error.to_string())?;
        Ok(found.is_some() || file.helper("docker.io").is_some())
    }

    /// Says whether the lines of a `WWW-Authenticate` ask for something that is known.
    #[must_use]
    pub fn is_challenge(lines: &[&[u8]]) -> bool {
        let values = lines.iter().filter_map(|line| HeaderValue::from_bytes(line).ok());
        let headers: HeaderMap = values.map(|value| (WWW_AUTHENTICATE, value)).collect();
        super::challenge::Challenge::choose(&headers).is_some()
    }

    /// Reads a `Retry-After`, and says how long the next try waits.
    #[must_use]
    pub fn wait(retry_after: &str, random: u16) -> Duration {
        let asked = super::retry::parse_retry_after(retry_after, Timestamp::UNIX_EPOCH);
        super::retry::delay(1, asked, &super::Times::default(), random)
    }
}
