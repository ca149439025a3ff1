//! What several test binaries share.
#![allow(
    clippy::allow_attributes,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "a test may panic, and each test binary uses a part of this"
)]

pub mod cli;
pub mod cluster;
pub mod controller;
pub mod encryption;
pub mod layout;
pub mod registry;
