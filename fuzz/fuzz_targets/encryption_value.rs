//! Any bytes behind any prefix are a value or none: nothing authentic opens that was not sealed, and nothing panics.

#![no_main]

use kship::encryption::cipher::{Buffer, CipherKey};
use kship::encryption::envelope::{EncryptedObject, Envelope, Scheme, guess_name};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|value: &[u8]| {
    if let Envelope::Encrypted { rest, .. } | Envelope::Foreign { rest } = Envelope::parse(value) {
        assert!(guess_name(rest).is_none_or(|name| rest.starts_with(name.as_bytes())));
    }
    let _ = EncryptedObject::parse(value);
    for scheme in [Scheme::AesCbc, Scheme::AesGcm, Scheme::Secretbox] {
        let key = CipherKey::new(scheme, &[7; 32]).expect("a key of 32 bytes");
        let opened = key.open(b"/registry/secrets/a/b", value, &mut Buffer::default());
        assert!(opened.is_err() || scheme == Scheme::AesCbc);
    }
});
