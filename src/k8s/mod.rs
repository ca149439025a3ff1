//! Kubernetes resources: where they name images, and what Secrets hold.

pub(crate) mod base64;
mod fields;
mod metadata;
mod name;
mod object;
mod path;
mod rule;
mod secret;
mod secret_error;
mod walk;

pub(crate) use metadata::LAST_APPLIED;
pub use metadata::Metadata;
pub use name::{NameError, check_data_key, check_name, check_namespace};
pub use object::{Object, objects};
pub use rule::{FieldRule, FieldRuleError};
pub use secret::Secret;
pub use secret_error::{Note, NoteKind, SecretError, SecretErrorKind};
pub use walk::{Hit, Place, walk};
