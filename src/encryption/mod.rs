//! What `kship encryption` does, without the world: the API server's EncryptionConfiguration read, checked and changed.
//!
//! The reader takes and refuses what `encryptionconfig.LoadEncryptionConfig` of k8s.io/apiserver v0.37 does, with the same
//! message, in which keys are masked where upstream prints them.
//!
//! ```text
//! config     the configuration: resources, providers, keys, each with its bytes in the file
//! ```
//!
//! Keys live in [`zeroize::Zeroizing`]; no message, `Debug` or report holds one.

mod config;

pub use config::{
    Configuration, GroupResource, Key, Kms, KmsVersion, Provider, ProviderKind, Resource, ResourceConfiguration,
    Spanned,
};
