//! What `kship seal` and `kship unseal` do, without the world but for the controller: Secrets become SealedSecrets and Secrets again.
//!
//! The formats are those of kubeseal v0.40 and the sealed-secrets controller (<https://github.com/bitnami-labs/sealed-secrets>): sealed
//! values open there and the other way round, and what surrounds them is equal byte for byte.
//!
//! ```text
//! create                  a Secret from single values
//! crypto                  the hybrid scheme: one blob for each value
//! scope                   the OAEP label, which binds a blob to a namespace and a name
//! sealing_key private_key certificates that seal, keys that open
//! check                   what must not be in a tree
//! document                a file of Secrets to a file of SealedSecrets
//! closed open             and back
//! targets merge           SealedSecrets edited where they stand
//! sealed_object reseal    values that move to another key; key_ring knows which key is how old
//! controller submission   what the cluster's controller is asked over its API server; the only part with a network
//! splice                  new values in place of the old ones, every other byte as it was
//! sealed_secret           the resource; diagnosis says why a value does not open
//! ```
//!
//! Plaintext and keys live in [`zeroize::Zeroizing`]. What a YAML parser copies while it decodes an escape is the exception.

pub mod check;
mod closed;
mod controller;
mod create;
mod crypto;
mod diagnosis;
mod document;
mod encoding;
mod encrypted_key;
mod input;
mod key_ring;
mod merge;
mod merge_error;
mod open;
mod private_key;
mod reseal;
mod scope;
mod sealed_object;
mod sealed_secret;
mod sealing_key;
mod set_entry;
mod splice;
mod submission;
mod targets;

pub use controller::{Controller, ControllerError, Verdict};
pub use create::{CreateError, Creation, file_source};
pub use crypto::{KeyError, KeyId, OpenError, OpeningKey, SealError, SealingKey, SessionKey, split};
pub use diagnosis::Reason;
pub use document::{
    Document, Error, ErrorKind, Found, Located, Plan, Sealed, Sealer, Syntax, plan, render, seal, seal_all,
    seal_secret, seal_value,
};
pub use encoding::decode;
pub use key_ring::{KeyFacts, KeyRing};
pub use merge::{Merged, MergedObject, merge, merge_secrets};
pub use merge_error::MergeError;
pub use open::{Opened, Unopened, Unsealed, ValueError, open, unseal, unseal_value};
pub use private_key::{PrivateKeyError, opening_keys, opening_keys_with};
pub use reseal::{ByController, Fate, Offline, ResealError, Resealer, Rotate, new_values};
pub use scope::{CLUSTER_WIDE, NAMESPACE_WIDE, Scope, UnknownScope};
pub use sealed_object::{SealedObject, SealedValue, names, sealed_values};
pub use sealed_secret::{SealedSecret, SecretSealError};
pub use sealing_key::{Certificate, CertificateError};
pub use splice::{SpliceError, splice};
pub use submission::{Submission, Submissions, submissions};
pub use targets::{TargetError, TargetErrorKind, may_hold_sealed_secrets};
