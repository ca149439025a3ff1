//! `kship verify`.

/// A file and its bundle.
mod bundle;
/// Images of manifests.
mod files;
/// What a registry may do to deceive.
mod hostile;
/// Every verdict of cosign's, and every question about certificates.
mod oracle;
/// What people and programs read.
mod output;
/// Registries that answer, and registries that fail.
mod registry;
/// Flags that make no sense.
mod usage;

use crate::support::cli::{Run, kship};

/// The signed index of two platforms.
const WEB: &str = "sha256:a247975f0f9208d433bf987364b29270889d4b8e7ccf3d381554c21edcb60f03";

/// `kship verify` with the public keys and layouts of cosign's images in the working directory.
fn verify(args: &[&str]) -> Run {
    kship(&[&["verify"], args].concat()).folder("fixtures/verify/cosign/keys", "keys")
}

/// The same, asking a layout in place of a registry.
fn images(args: &[&str]) -> Run {
    verify(
        &[
            args,
            &[
                "--layout",
                concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/verify/cosign/registry"),
            ],
        ]
        .concat(),
    )
}
