//! Every node stands in its text, and everything that parses can be read as JSON.

#![no_main]

use kship::yaml::{self, Node};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| match yaml::parse(text) {
    Ok(stream) => {
        for root in stream.documents().iter().filter_map(|document| document.root()) {
            let _ = root.to_json();
            walk(root, text, 3);
        }
    }
    Err(error) => assert!(error.offset() <= text.len() && !error.to_string().is_empty()),
});

// Aliases make trees of any size, so only the top is walked.
fn walk(node: Node<'_, '_>, text: &str, depth: usize) {
    assert!(text.get(node.span()).is_some(), "{:?}", node.span());
    let below = node.items().chain(node.entries().map(|(_, value)| value));
    for child in below.take(if depth == 0 { 0 } else { 20 }) {
        walk(child, text, depth - 1);
    }
}
