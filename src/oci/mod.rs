//! Names and objects of the OCI specifications: pure types that parse and print.

mod digest;
mod manifest;
mod media_type;
mod platform;
mod reference;

pub use digest::{Algorithm, Digest, DigestError};
pub use manifest::{Descriptor, Index, Manifest, ManifestError};
pub use media_type::MediaType;
pub use platform::{Platform, PlatformError};
pub use reference::{DEFAULT_TAG, DOCKER_HUB, PinnedReference, Reference, ReferenceError, Repository};

pub(crate) use manifest::REF_NAME;
