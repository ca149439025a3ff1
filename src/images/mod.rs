//! Where images stand in files: Kubernetes resources, charts, Compose files, Dockerfiles, pipelines.
//!
//! A format is a module; [`Format`] tells which one reads a file. Each turns text into [`Site`]s, places that name an
//! image, and [`Skip`]s, places that look like one. A [`Scan`] is a file that was searched, and sorted by a [`Filter`] into
//! what counts and what does not. What becomes of the images is up to the verbs.

mod actions;
mod ci;
mod compose;
mod digest_key;
mod dockerfile;
mod embedded;
mod entry;
mod filter;
mod flux;
mod formats;
mod gitlab;
mod helm;
mod kubernetes;
mod kustomize;
mod mark;
mod options;
mod rules;
mod scalar;
mod scan;
mod site;
#[cfg(test)]
mod testing;

pub use crate::k8s::{FieldRule, FieldRuleError};
pub use filter::{Filter, Purpose};
pub use formats::{Format, find, find_in};
pub use options::Options;
pub use rules::INVALID_DIGEST;
pub use scan::{Error as ScanError, Prefilter, Readable, Scan};
pub use site::{Found, Site, Skip, SkipReason, Slot, Style, parse};
