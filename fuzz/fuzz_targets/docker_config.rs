//! `config.json` may hold anything; an error never repeats it, for it holds passwords.

#![no_main]

use kship::registry::fuzzing::credentials;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(message) = credentials(text) {
        assert!(message.contains("config.json"), "{message}");
    }
});
