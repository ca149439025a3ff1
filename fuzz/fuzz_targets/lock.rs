//! A lock file that parses survives being written and read again.

#![no_main]

use kship::pin::Lock;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(lock) = Lock::parse(text) {
        let rendered = lock.render();
        let again = Lock::parse(&rendered).expect("what is rendered parses");
        assert_eq!(again.render(), rendered);
    }
});
