//! `registries.conf` may say anything; an error says which file it is.

#![no_main]

use camino::Utf8Path;
use kship::registry::Mirrors;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(error) = Mirrors::parse(text, Utf8Path::new("registries.conf")) {
        assert!(error.to_string().contains("registries.conf"));
    }
});
