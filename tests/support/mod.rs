//! What the tests share.

pub mod cli;
