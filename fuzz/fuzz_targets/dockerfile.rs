//! Every image of a Dockerfile stands where its span says.

#![no_main]

use camino::Utf8Path;
use kship::images::{self, Options};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let found = images::find(Utf8Path::new("Dockerfile"), text, &Options::default());
    for site in found.expect("a Dockerfile is always read").sites {
        assert!(text.get(site.span.clone()).is_some(), "{site:?}");
    }
});
