//! A check of any text ends, and looks at every Secret that kship itself would seal.

#![no_main]

use std::sync::LazyLock;

use camino::Utf8Path;
use kship::seal::check::{Prefilter, check};
use kship::seal::{Certificate, Sealer, seal};
use libfuzzer_sys::fuzz_target;

static PREFILTER: LazyLock<Prefilter> = LazyLock::new(|| Prefilter::new().expect("words that compile"));
static CERTIFICATE: LazyLock<Certificate> = LazyLock::new(|| {
    Certificate::parse(include_bytes!("../../keys-example/sealing-2048.crt")).expect("an example certificate")
});

fuzz_target!(|text: &str| {
    let checked = check(Utf8Path::new("a.yaml"), text, &PREFILTER, Some(256));
    let sealer = Sealer {
        key: CERTIFICATE.key(),
        scope: None,
        name: Some("fuzz".to_owned()),
        namespace: Some("fuzz".to_owned()),
        default_namespace: None,
        allow_empty: true,
    };
    if let Ok(sealed) = seal(text, &sealer, &mut |buffer| {
        buffer.fill(7);
        Ok(())
    }) {
        assert!(checked.objects >= sealed.secrets, "a Secret that is sealed is checked");
    }
});
