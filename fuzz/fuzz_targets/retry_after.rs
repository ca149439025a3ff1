//! However long a registry asks for, the wait stays within its limit.

#![no_main]

use kship::limits::RETRY_AFTER;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, u16)| {
    let (text, random) = input;
    assert!(kship::registry::fuzzing::wait(text, random) <= RETRY_AFTER * 5 / 4);
});
