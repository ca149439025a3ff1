//! kship's readers against recorded readings of the tools that it must agree with.

#![expect(clippy::string_slice, clippy::unwrap_used, reason = "a test may panic")]

mod shared;
mod yaml;
