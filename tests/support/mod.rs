//! What several test binaries share.
#![allow(
    clippy::allow_attributes,
    clippy::expect_used,
    clippy::indexing_slicing,
    dead_code,
    unreachable_pub,
    reason = "a test may panic, and each test binary uses a part of this"
)]

pub mod layout;
pub mod registry;
