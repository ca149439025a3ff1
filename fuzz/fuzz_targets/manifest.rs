//! Manifests and indexes come from a registry, which may send anything.

#![no_main]

use kship::oci::{Index, Manifest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Manifest::parse(bytes);
    if let Ok(index) = Index::parse(bytes) {
        for descriptor in &index.manifests {
            assert_eq!(descriptor.digest.to_string().parse(), Ok(descriptor.digest.clone()));
        }
    }
});
