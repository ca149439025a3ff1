//! The configuration as the API server uses it, with the bytes where everything stands.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use zeroize::Zeroizing;

/// An EncryptionConfiguration that the API server loads.
#[derive(Clone, Debug)]
pub struct Configuration {
    /// `apiVersion` as written: `apiserver.config.k8s.io/v1`, or `v1` of old files.
    pub api_version: Spanned<String>,
    /// `kind` as written: `EncryptionConfiguration`, or `EncryptionConfig` of old files.
    pub kind: Spanned<String>,
    /// The entries, at least one; an earlier one wins.
    pub resources: Vec<ResourceConfiguration>,
    /// Bytes of the list of entries.
    pub span: Range<usize>,
}

/// One entry: which resources, and how they are stored.
#[derive(Clone, Debug)]
pub struct ResourceConfiguration {
    /// The resources, at least one.
    pub resources: Vec<Resource>,
    /// The providers, at least one: the first one writes, all of them read.
    pub providers: Vec<Provider>,
    /// Bytes of the entry.
    pub span: Range<usize>,
    /// Bytes of the list of resources.
    pub resources_span: Range<usize>,
    /// Bytes of the list of providers.
    pub providers_span: Range<usize>,
}

/// A resource of an entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Resource {
    /// As written: `secrets`, `deployments.apps`, `*.`, `*.apps`, `*.*`.
    pub name: String,
    /// As the API server reads it.
    pub group_resource: GroupResource,
    /// Bytes of the name, quotes included.
    pub span: Range<usize>,
}

/// A resource and its API group, each of them possibly `*`; the core group is empty.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct GroupResource {
    /// The group: `apps`; empty: core.
    pub group: String,
    /// The resource, in the plural: `deployments`.
    pub resource: String,
}

/// One provider of an entry.
#[derive(Clone, Debug)]
pub struct Provider {
    /// What it is.
    pub kind: ProviderKind,
    /// Bytes of the list's element, without its `- `.
    pub span: Range<usize>,
    /// Bytes of the field that names it: `aescbc`.
    pub field_span: Range<usize>,
    /// Bytes of its list of keys; of a provider without keys, empty at the end of the element.
    pub keys_span: Range<usize>,
}

/// How values are stored.
#[derive(Clone, Debug)]
pub enum ProviderKind {
    /// AES-CBC with PKCS#7 padding, not authenticated.
    AesCbc(Vec<Key>),
    /// AES-GCM with random nonces.
    AesGcm(Vec<Key>),
    /// Plaintext.
    Identity,
    /// A key management service behind a socket.
    Kms(Kms),
    /// XSalsa20 and Poly1305.
    Secretbox(Vec<Key>),
}

/// A named key. The first key of a provider writes, all of them read.
#[derive(Clone)]
pub struct Key {
    /// The name, which stands before each stored value.
    pub name: Spanned<String>,
    /// The key itself: 16, 24 or 32 bytes.
    pub secret: Zeroizing<Vec<u8>>,
    /// Bytes of the list's element, without its `- `.
    pub span: Range<usize>,
    /// Bytes of the secret's base64, quotes included.
    pub secret_span: Range<usize>,
}

/// A key management service.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Kms {
    /// The version of its protocol; v1 where none is written.
    pub version: KmsVersion,
    /// The provider's name, which stands before each stored value.
    pub name: Spanned<String>,
    /// The socket: `unix:///run/kms.sock`.
    pub endpoint: String,
    /// How long a call may take; 3 s where nothing is written.
    pub timeout: Duration,
    /// Values of version 1 that are kept in memory; 1000 where nothing is written, negative for none.
    pub cache_size: Option<i32>,
}

/// The version of a key management service's protocol.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum KmsVersion {
    /// `v1`, off by default since Kubernetes 1.29.
    V1,
    /// `v2`.
    V2,
}

/// A value and the bytes where it stands.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the text, quotes included.
    pub span: Range<usize>,
}

impl Configuration {
    /// The providers of a resource, in the order in which they are tried: those of each entry that names it, else those of
    /// the entry with `*.group`, else those of `*.*`; `None` where there is none, and values are plaintext.
    ///
    /// `staticTransformers.TransformerForResource` of k8s.io/apiserver.
    #[must_use]
    pub fn providers_of(&self, resource: &GroupResource) -> Option<Vec<&Provider>> {
        let any = |group: &str| GroupResource::new("*", group);
        [resource.clone(), any(&resource.group), any("*")]
            .iter()
            .find_map(|wanted| self.providers_for(wanted))
    }

    /// The providers of all entries that name exactly this.
    fn providers_for(&self, wanted: &GroupResource) -> Option<Vec<&Provider>> {
        let mut found = None;
        for entry in &self.resources {
            for _ in entry.resources.iter().filter(|have| have.group_resource == *wanted) {
                found.get_or_insert_with(Vec::new).extend(&entry.providers);
            }
        }
        found
    }

    /// Every key with its provider, in the order of the text.
    pub fn keys(&self) -> impl Iterator<Item = (&Provider, &Key)> {
        let providers = self.resources.iter().flat_map(|entry| &entry.providers);
        providers.flat_map(|provider| provider.keys().iter().map(move |key| (provider, key)))
    }
}

impl Provider {
    /// Its keys; of `identity` and `kms`, none.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        match &self.kind {
            ProviderKind::AesCbc(keys) | ProviderKind::AesGcm(keys) | ProviderKind::Secretbox(keys) => keys,
            ProviderKind::Identity | ProviderKind::Kms(_) => &[],
        }
    }
}

impl ProviderKind {
    /// The name of the field: `aescbc`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::AesCbc(_) => "aescbc",
            Self::AesGcm(_) => "aesgcm",
            Self::Identity => "identity",
            Self::Kms(_) => "kms",
            Self::Secretbox(_) => "secretbox",
        }
    }
}

impl GroupResource {
    /// A resource of a group.
    #[must_use]
    pub fn new(resource: &str, group: &str) -> Self {
        Self {
            group: group.to_owned(),
            resource: resource.to_owned(),
        }
    }

    /// Reads `resource.group` as `schema.ParseGroupResource` does: what stands behind the first dot is the group.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let (resource, group) = text.split_once('.').unwrap_or((text, ""));
        Self::new(resource, group)
    }
}

/// As it is written in the file: `secrets`, `*.`, `deployments.apps`.
impl fmt::Display for GroupResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.resource.as_str(), self.group.as_str()) {
            ("*", "") => f.write_str("*."),
            (resource, "") => f.write_str(resource),
            (resource, group) => write!(f, "{resource}.{group}"),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("name", &self.name)
            .field("secret", &format_args!("[{} bytes]", self.secret.len()))
            .finish_non_exhaustive()
    }
}

impl fmt::Display for KmsVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        })
    }
}
