//! Fields by their names, as the laxest reader of Kubernetes resources takes them.

use crate::yaml::{Key, Node};

/// Whether a key is taken for a field.
///
/// Go's `encoding/json`, which kubeseal reads with, folds case and, by Unicode's simple folding, the long s and the sign of
/// kelvin. The API server drops such fields, so that nobody misses the plaintext in them.
pub(super) fn is_named(key: &str, field: &str) -> bool {
    let folded = key.chars().map(|character| match character {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    });
    folded.eq(field.chars().map(|character| character.to_ascii_lowercase()))
}

/// The entries that are taken for a field: more than one where they differ in case.
pub(super) fn fields<'d, 'a>(node: Node<'d, 'a>, field: &str) -> impl Iterator<Item = (Key<'d>, Node<'d, 'a>)> {
    node.entries().filter(move |(key, _)| is_named(key.text, field))
}

/// The value of a field; the one that is spelt right where there are several.
pub(super) fn field<'d, 'a>(node: Node<'d, 'a>, name: &str) -> Option<Node<'d, 'a>> {
    node.get(name)
        .or_else(|| fields(node, name).next().map(|(_, value)| value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_is_folded_as_go_folds_it() {
        for key in ["stringData", "StringDATA", "\u{17f}tringData"] {
            assert!(is_named(key, "stringData"), "{key}");
        }
        assert!(is_named("\u{212a}ind", "kind"));
        for key in ["stringDat", "stringData2", "string-data", "\u{15b}tringData"] {
            assert!(!is_named(key, "stringData"), "{key}");
        }
    }
}
