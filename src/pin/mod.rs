//! `kship pin`: image tags resolved to digests and written where they stand, not one other byte touched.
//!
//! The steps, each a module: [`list`](crate::tree::list) the files, [`Scan`](crate::images::Scan) each for images, [`Resolver`] asks
//! what their tags mean, [`plan()`] turns answers into edits and findings, [`splice()`] applies the edits and proves that nothing
//! else changed.

mod lock;
mod plan;
mod resolve;
pub mod rules;
mod splice;

pub use lock::{Error as LockError, Lock, Locked};
pub use plan::{Change, Failure, Mode, Plan, plan};
pub use resolve::{Error as ResolveError, Resolution, Resolutions, Resolver, Standing, Standings, key, locked};
pub use splice::{Error as SpliceError, splice};
