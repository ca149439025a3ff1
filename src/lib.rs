//! # kship: a Kubernetes supply chain that holds what it says
//!
//! The library behind the `kship` command. A verb is a place: `kship pin` is [`cli`]`::pin`, which turns flags into the
//! types of [`pin`], whose tests are `tests/cli/pin.rs` and whose examples are `fixtures/pin`.
//!
//! Dependencies point down:
//!
//! ```text
//! cli     flags, terminal, exit codes                     (feature "cli")
//! pin     what is edited, and why
//! seal    Secrets to SealedSecrets and back
//! encryption  the API server's EncryptionConfiguration
//! verify  who signed an image or a file, as proof
//! images  where images stand in files, and which of them count
//! registry  cluster                                       network: registries · the API server of a cluster
//! k8s  policy  report                                     resources · kship.yaml · findings
//! oci  yaml  text  fs  tree  limits  parallel              pure: references, documents, edits; files; the table of limits; threads
//! ```
//!
//! The clock, randomness, the environment and bytes are arguments: only [`cli`], [`registry`], [`cluster`],
//! [`encryption::etcd`] and [`mod@fs`] touch the world.

#![cfg_attr(test, expect(clippy::string_slice, reason = "a test may panic"))]

#[cfg(feature = "cli")]
pub mod cli;
pub mod cluster;
pub mod encryption;
pub mod fs;
pub mod images;
pub mod k8s;
pub mod limits;
pub mod oci;
mod parallel;
mod pem;
pub mod pin;
pub mod policy;
pub mod registry;
pub mod report;
pub mod seal;
pub mod text;
pub mod tree;
pub mod verify;
pub mod yaml;

pub use oci::{Digest, PinnedReference, Reference};
