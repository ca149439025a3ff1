//! Any bytes are a sealed value or none: what they say of themselves fits, and with a random label nothing opens.

#![no_main]

use std::sync::LazyLock;

use kship::seal::{OpeningKey, opening_keys, split};
use libfuzzer_sys::fuzz_target;

static KEYS: LazyLock<Vec<OpeningKey>> =
    LazyLock::new(|| opening_keys(include_str!("../../keys-example/sealing-2048.key")).expect("an example key"));

fuzz_target!(|bytes: &[u8]| {
    if let Some((wrapped, body)) = split(bytes) {
        assert!(2 + wrapped.len() + body.len() == bytes.len() && body.len() >= 16);
    }
    for key in KEYS.iter() {
        assert!(key.open("fuzz", bytes).is_err());
    }
});
