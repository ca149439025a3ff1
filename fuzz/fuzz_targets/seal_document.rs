//! A text is sealed or refused; what is sealed opens again.

#![no_main]

use std::sync::LazyLock;

use kship::seal::{Certificate, OpeningKey, Sealer, Syntax, opening_keys, render, seal, unseal};
use libfuzzer_sys::fuzz_target;

static CERTIFICATE: LazyLock<Certificate> = LazyLock::new(|| {
    Certificate::parse(include_bytes!("../../keys-example/sealing-2048.crt")).expect("an example certificate")
});
static KEYS: LazyLock<Vec<OpeningKey>> =
    LazyLock::new(|| opening_keys(include_str!("../../keys-example/sealing-2048.key")).expect("an example key"));

fuzz_target!(|text: &str| {
    let sealer = Sealer {
        key: CERTIFICATE.key(),
        scope: None,
        name: None,
        namespace: Some("fuzz".to_owned()),
        default_namespace: None,
        allow_empty: true,
    };
    let Ok(sealed) = seal(text, &sealer, &mut |buffer| {
        buffer.fill(7);
        Ok(())
    }) else {
        return;
    };
    // The YAML may hold U+2028 in an annotation, as kubeseal writes it, which kship refuses to read.
    let _ = render(&sealed.documents, Syntax::Yaml);
    if sealed.secrets == sealed.documents.len() {
        let opened = unseal(&render(&sealed.documents, Syntax::Json), &KEYS, None, None);
        let opened = opened.expect("what was sealed can be read");
        assert!(opened.unopened.is_empty() && opened.opened.len() == sealed.secrets);
    }
});
