//! What `kship encryption` does, without the world: the API server's EncryptionConfiguration read, checked and changed.
//!
//! The reader takes and refuses what `encryptionconfig.LoadEncryptionConfig` of k8s.io/apiserver v0.37 does, with the same
//! message, in which keys are masked where upstream prints them.
//!
//! ```text
//! config              the configuration: resources, providers, keys, each with its bytes in the file
//! load                a file to a configuration, or the API server's refusal
//! json tree decode    its texts, values and fields; validate: what it checks of them
//! go endpoint         how Go writes values, and reads durations and addresses
//! check               what the API server does not see in it
//! secrecy             keeps keys out of messages
//! ```
//!
//! Keys live in [`zeroize::Zeroizing`]; no message, `Debug` or report holds one.

pub mod check;
mod config;
mod decode;
mod endpoint;
mod go;
mod json;
mod load;
mod secrecy;
mod tree;
mod validate;

pub use config::{
    Configuration, GroupResource, Key, Kms, KmsVersion, Provider, ProviderKind, Resource, ResourceConfiguration,
    Spanned,
};
pub use load::{Loaded, Loader, Problem, Refusal, load};
pub use secrecy::shown;
