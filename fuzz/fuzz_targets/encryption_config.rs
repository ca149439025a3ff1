//! A configuration is loaded or refused with a place in the text, and no message holds a key.

#![no_main]

use kship::encryption::{Configuration, Loader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| match Configuration::parse(text, &Loader::new("a.yaml")) {
    Ok(configuration) => {
        for (_, key) in configuration.keys() {
            assert!(matches!(key.secret.len(), 16 | 24 | 32) && text.get(key.secret_span.clone()).is_some());
        }
    }
    Err(refusal) => {
        assert!(!refusal.problems.is_empty() && !refusal.to_string().is_empty());
        assert!(
            refusal
                .problems
                .iter()
                .all(|problem| text.get(problem.span.clone()).is_some())
        );
    }
});
