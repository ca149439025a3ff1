//! `kship pin`: image tags resolved to digests and written where they stand.

mod actions;
mod ci;
mod compose;
mod dockerfile;
mod embedded;
mod formats;
mod gitlab;
mod helm;
mod kubernetes;
mod kustomize;
mod options;
mod scalar;
mod site;
#[cfg(test)]
mod testing;

pub use crate::k8s::{FieldRule, FieldRuleError};
pub use formats::{Format, find, find_in};
pub use options::Options;
pub use site::{Found, Site, Skip, SkipReason, Slot, Style, parse};
