//! What a registry asks for comes in headers that it writes as it likes.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|lines: Vec<&[u8]>| {
    let _ = kship::registry::fuzzing::is_challenge(&lines);
});
