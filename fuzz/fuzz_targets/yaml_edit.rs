//! An edit of any text that is not refused by its layout means what was asked for, and nothing panics.

#![no_main]

use kship::yaml::{self, Editor};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|text: &str| {
    let Ok(stream) = yaml::parse(text) else { return };
    let editor = Editor::new(&stream);
    let before = editor.values();
    for (at, root) in stream.documents().iter().enumerate().take(4) {
        let Some(root) = root.root() else { continue };
        if let (Ok(edits), Some(object)) = (
            root.entries().next().map_or_else(
                || editor.insert_entry(root, "fuzzed", &json!("a\nb"), None),
                |_| editor.insert_entry(root, "fuzzed", &json!("yes"), None),
            ),
            before[at].as_object(),
        ) {
            let mut expected = before.clone();
            let mut object = object.clone();
            object.insert("fuzzed".to_owned(), json!("yes"));
            expected[at] = object.into();
            if let Ok(edited) = editor.apply(&edits, &expected) {
                assert!(edited.len() > text.len());
            }
        }
        for (key, value) in root.entries().take(8) {
            let _ = editor
                .remove_entry(root, key.text)
                .map(|edits| editor.apply(&edits, &before));
            let _ = editor
                .replace(value, &json!("- x: #"))
                .map(|edits| editor.apply(&edits, &before));
        }
        let _ = editor.remove_item(root, 0).map(|edits| editor.apply(&edits, &before));
        let _ = editor.move_item(root, 0, 1).map(|edits| editor.apply(&edits, &before));
    }
});
