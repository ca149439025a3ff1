//! `kship pin`: image tags resolved to digests and written where they stand.

mod site;

pub use site::{Found, Site, Skip, SkipReason, Slot, Style, parse};
