//! Kubernetes resources: where they name images.

mod fields;
mod path;
mod rule;
mod walk;

pub use rule::{FieldRule, FieldRuleError};
pub use walk::{Hit, Place, walk};
