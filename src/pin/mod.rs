//! `kship pin`: image tags resolved to digests and written where they stand, not one other byte touched.
//!
//! The steps, each a module: [`list`](crate::tree::list) the files, [`Scan`] each for images, [`Resolver`] asks what their tags mean,
//! [`plan()`] turns answers into edits and findings, [`splice()`] applies the edits and proves that nothing else changed.
//!
//! A format is a module too; [`Format`] tells which one reads a file. Each turns text into [`Site`]s, places that name an
//! image, and [`Skip`]s, places that look like one.

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
mod lock;
mod mark;
mod options;
mod plan;
mod registry_map;
mod resolve;
pub mod rules;
mod scalar;
mod scan;
mod site;
mod splice;
#[cfg(test)]
mod testing;

pub use crate::k8s::{FieldRule, FieldRuleError};
pub use filter::Filter;
pub use formats::{Format, find, find_in};
pub use lock::{Error as LockError, Lock, Locked};
pub use options::Options;
pub use plan::{Change, Failure, Mode, Plan, plan};
pub use registry_map::{Error as RegistryMapError, RegistryMap};
pub use resolve::{Error as ResolveError, Resolution, Resolutions, Resolver, Standing, Standings, key, locked};
pub use scan::{Error as ScanError, Prefilter, Scan};
pub use site::{Found, Site, Skip, SkipReason, Slot, Style, parse};
pub use splice::{Error as SpliceError, splice};
