//! Kubernetes resources: where they name images.

mod images;
mod rule;

pub use images::{Hit, Place, Search, walk};
pub use rule::{FieldRule, FieldRuleError};
