//! kship as a user runs it: one module for each verb, and one for what all verbs share.

#![expect(
    clippy::disallowed_methods,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test may panic, and is the user who writes files"
)]

/// The committed completion scripts and manual pages are those that kship writes.
mod completions;
/// What etcd stores, and the configuration of its encryption.
mod encryption;
/// The exit codes are those that the README promises.
mod exit_codes;
/// The whole help, as one page.
mod help;
/// Colour, quiet, broken pipes: what holds for all verbs.
mod output;
/// Image tags become digests.
mod pin;
/// What the README says works.
mod readme;
/// SealedSecrets move to a newer key.
mod reseal;
/// Secrets become SealedSecrets, and Secrets again.
mod seal;
#[path = "../support/mod.rs"]
mod support;
/// Images and files have signatures that hold.
mod verify;
