//! kship's readers against recorded readings of the tools that it must agree with, and against real files.
#![allow(
    clippy::allow_attributes,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may panic, and reads its environment"
)]

mod corpus;
mod encryption;
mod secrets;
mod shared;
#[cfg(feature = "cli")]
mod sigstore;
mod yaml;

/// Runs what is asynchronous to its end.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}
