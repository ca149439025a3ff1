//! The registry client against a registry that does everything wrong.
#![expect(clippy::expect_used, reason = "a test may panic")]

#[path = "../support/mod.rs"]
mod support;

mod auth;
mod budget;
mod faults;
mod keychain;
mod layout;
mod lists;
mod mirrors;
mod redirects;
mod retries;
mod tls;

use std::time::Duration;

use camino::Utf8PathBuf;
use kship::oci::Reference;
use kship::registry::{Client, Entry, Environment, Error, Keychain, Options, Registry, Resolved, Target, Times};
use kship::{Digest, PinnedReference};
use support::registry::any_index;

/// Options whose waits are too short to be noticed; what answers at all answers at once.
fn options() -> Options {
    Options {
        times: Times {
            retry_floor: Duration::from_millis(1),
            retry_after: Duration::from_millis(5),
            ..Times::default()
        },
        ..Options::default()
    }
}

fn client() -> Client {
    Client::new(options())
}

/// Resolves a reference as it is written.
async fn resolve(registry: &dyn Registry, reference: &str) -> Result<Resolved, Error> {
    let reference = Reference::parse(reference).expect("a reference");
    let target = match reference.digest() {
        Some(digest) => Target::Digest(digest.clone()),
        None => Target::Tag(reference.tag().expect("a tag").to_owned()),
    };
    registry.resolve(reference.repository(), &target).await
}

fn pinned(reference: &str, digest: &Digest) -> PinnedReference {
    let reference = Reference::parse(reference).expect("a reference");
    PinnedReference::new(reference.repository().clone(), digest.clone())
}

/// The digest of what a test registry holds for a tag.
fn digest_of(repository: &str, tag: &str) -> Digest {
    Digest::of(&any_index(repository, tag))
}

/// An error with its causes, as a user sees it.
fn explain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

/// A keychain with a login for a host, and the folder that its password is in.
fn login(host: &str, user: &str, password: &str) -> (tempfile::TempDir, Keychain) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = Utf8PathBuf::try_from(folder.path().join("password")).expect("UTF-8");
    kship::fs::write_atomic(&file, None, format!("{password}\n").as_bytes()).expect("a file");
    let entry: Entry = format!("{host}={user}:{file}").parse().expect("a login");
    (folder, Keychain::new(vec![entry], Environment::default()))
}
