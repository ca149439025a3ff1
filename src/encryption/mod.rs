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
//! init key_name       new keys, their names, new configurations
//! rotate              the phases of a rotation, and the edits that lead from one to the next
//! edit                one edit of a text, proven
//! static_pod          the API server's manifest: flags and mounts
//! metrics rewrite     what each API server runs; how stored objects are written anew
//! ```
//!
//! Keys live in [`zeroize::Zeroizing`]; no message, `Debug` or report holds one.

pub mod check;
mod config;
mod decode;
mod edit;
mod endpoint;
mod go;
pub mod init;
mod json;
pub mod key_name;
mod load;
pub mod metrics;
pub mod proof;
pub mod rewrite;
pub mod rotate;
mod secrecy;
pub mod static_pod;
mod tree;
mod validate;

pub use config::{
    Configuration, GroupResource, Key, Kms, KmsVersion, Provider, ProviderKind, Resource, ResourceConfiguration,
    Spanned,
};
pub use load::{Loaded, Loader, Problem, Refusal, load};
pub use secrecy::shown;
