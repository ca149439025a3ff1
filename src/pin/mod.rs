//! `kship pin`: image tags resolved to digests and written where they stand, not one other byte touched.
//!
//! The steps, each a module: [`list`] the files, [`Scan`] each for images, [`Resolver`] asks what their tags mean,
//! [`plan()`] turns answers into edits and findings, [`splice()`] applies the edits and proves that nothing else changed.

mod filter;
pub mod formats;
mod lock;
mod plan;
mod registry_map;
mod resolve;
pub mod rules;
mod scan;
mod site;
mod splice;
mod tree;

pub use filter::Filter;
pub use formats::Options;
pub use lock::{Error as LockError, Lock, Locked};
pub use plan::{Change, Failure, Mode, Plan, plan};
pub use registry_map::{Error as RegistryMapError, RegistryMap};
pub use resolve::{Error as ResolveError, Resolution, Resolutions, Resolver, Standing, Standings, key, locked};
pub use scan::{Error as ScanError, Prefilter, Scan};
pub use site::{Found, Site, Skip, SkipReason, Slot, Style, parse};
pub use splice::{Error as SpliceError, splice};
pub use tree::{IGNORE_FILE, Tree, list};
