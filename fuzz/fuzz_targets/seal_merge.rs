//! A merge into any text is refused, or puts one value there and keeps every line that it does not write.

#![no_main]

use std::sync::LazyLock;

use kship::seal::{Certificate, Sealer, merge, sealed_values};
use libfuzzer_sys::fuzz_target;

static CERTIFICATE: LazyLock<Certificate> = LazyLock::new(|| {
    Certificate::parse(include_bytes!("../../keys-example/sealing-2048.crt")).expect("an example certificate")
});
const INPUT: &str = "{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {fuzzed-key: b}}";

fuzz_target!(|text: &str| {
    // A merge leaves a damaged value beside it alone.
    if sealed_values(text, Some("fuzz")).is_err() {
        return;
    }
    let sealer = Sealer {
        key: CERTIFICATE.key(),
        scope: None,
        name: None,
        namespace: Some("fuzz".to_owned()),
        default_namespace: None,
        allow_empty: true,
    };
    let Ok(merged) = merge(text, INPUT, &sealer, &mut |buffer| {
        buffer.fill(7);
        Ok(())
    }) else {
        return;
    };
    let objects = sealed_values(&merged.text, Some("fuzz")).expect("what was merged can be read");
    let values = objects.iter().flat_map(|object| &object.values);
    assert!(values.filter(|value| value.key == "fuzzed-key").count() >= 1);
    assert!(!merged.text.contains("stringData: {fuzzed-key"));
});
