//! Configurations of `fixtures/encryption/config` and what the API server's own loader says to them.

use std::collections::BTreeMap;
use std::path::Path;

use kship::encryption::{Configuration, Loader};
use serde::Deserialize;

#[derive(Deserialize)]
struct Expected {
    accepted: bool,
    #[serde(default)]
    message: String,
}

/// Replaces what upstream prints and kship does not: keys, and the whole file.
fn masked(message: &str) -> String {
    let mut out = message.to_owned();
    if let Some((before, _)) = message.split_once("is missing in '") {
        out = format!("{before}is missing in 'REDACTED'");
    }
    let mut parts = out.split("\"Secret\":\"");
    let mut masked = parts.next().unwrap().to_owned();
    for part in parts {
        masked.push_str("\"Secret\":\"REDACTED");
        masked.push_str(&part[part.find('"').unwrap()..]);
    }
    masked
}

#[test]
fn every_recorded_verdict_and_message_is_that_of_the_api_server() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/encryption/config");
    let text = fs_err::read_to_string(folder.join("expected.json")).unwrap();
    let expected: BTreeMap<String, Expected> = serde_json::from_str(&text).unwrap();
    assert_eq!(expected.len(), 59);
    let mut differ = Vec::new();
    for (name, expected) in &expected {
        let text = fs_err::read_to_string(folder.join(name)).unwrap();
        let loader = Loader::new(name.as_str());
        let ours = Configuration::parse(&text, &loader);
        let message = ours.as_ref().map_or_else(ToString::to_string, |_| String::new());
        let theirs = masked(&expected.message);
        if ours.is_ok() != expected.accepted || message != theirs {
            differ.push(format!("{name}\n  ours:   {message}\n  theirs: {theirs}"));
        }
        if let Err(refusal) = ours {
            assert!(refusal.exact, "{name}");
            assert!(
                refusal
                    .problems
                    .iter()
                    .all(|problem| text.get(problem.span.clone()).is_some()),
                "{name}"
            );
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
