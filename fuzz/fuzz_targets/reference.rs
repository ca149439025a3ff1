//! The parts of a reference are where its ranges say, and its full name means the same.

#![no_main]

use kship::Reference;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(reference) = Reference::parse(text) {
        assert_eq!(reference.as_written(), text);
        assert_eq!(reference.tag_range().map(|range| &text[range]), reference.tag());
        assert!(reference.repository().path().ends_with(&text[reference.path_range()]));
        let full = Reference::parse(&reference.tagged()).expect("a full name is a reference");
        assert_eq!(full.repository(), reference.repository());
    }
});
