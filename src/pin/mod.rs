//! `kship pin`: image tags resolved to digests and written where they stand.

pub mod dockerfile;
mod site;
#[cfg(test)]
mod testing;

pub use site::{Found, Site, Skip, SkipReason, Slot, Style, parse};
