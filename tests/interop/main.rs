//! kship against the real tools: the same names, the same YAML, the same digests.
//!
//! `go.mod` pins the peers with `tool` lines, so they are the same versions everywhere. A machine without one of them
//! sees a visible skip; with `KSHIP_INTEROP=required`, as in CI, it fails.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may panic"
)]

mod chance;
mod controller;
mod crane;
mod encryption;
mod etcd;
mod etcd_world;
mod kubeseal;
mod kubeseal_flags;
mod kubeseal_merge;
mod packaging;
mod peers;
mod reference;
mod registries;
#[path = "../support/mod.rs"]
mod support;
mod tokens;
mod yaml;
mod yaml_texts;
mod yaml_write;

/// Runs what is asynchronous to its end.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}
