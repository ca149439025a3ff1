//! The text of a file with its keys covered, of which lines may be shown.

use std::ops::Range;

use super::super::secrecy;
use super::super::tree::{Tree, Value};

/// Covers the keys of a text with `*`, byte for byte; `trees` are the documents that could be read.
pub(super) fn covered(text: &str, trees: &[&Tree]) -> String {
    let mut spans = Vec::new();
    for tree in trees {
        keys(tree, false, &mut spans);
    }
    runs(text, &mut spans);
    spans.sort_by_key(|span| (span.start, span.end));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for span in spans {
        let start = span.start.max(done);
        if start >= span.end {
            continue;
        }
        out.push_str(text.get(done..start).unwrap_or_default());
        let secret = text.get(start..span.end).unwrap_or_default();
        for character in secret.chars() {
            match character {
                '\n' | '\r' => out.push(character),
                other => out.extend(std::iter::repeat_n('*', other.len_utf8())),
            }
        }
        done = span.end;
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

/// Everything below a field that is called a secret, and every text that is a key.
fn keys(tree: &Tree, is_secret: bool, spans: &mut Vec<Range<usize>>) {
    match &tree.value {
        Value::Array(items) => items.iter().for_each(|item| keys(item, is_secret, spans)),
        Value::Object(members) => {
            for member in members {
                if secrecy::shown(&member.key) == secrecy::MASK {
                    spans.push(member.key_span.clone());
                }
                keys(
                    &member.value,
                    is_secret || member.key.to_lowercase().contains("secret"),
                    spans,
                );
            }
        }
        Value::String(text) if is_secret || secrecy::shown(text) == secrecy::MASK => spans.push(tree.span.clone()),
        Value::Number(_) if is_secret => spans.push(tree.span.clone()),
        Value::Bool | Value::Null | Value::Number(_) | Value::String(_) => {}
    }
}

/// What looks like base64 anywhere, comments among it.
fn runs(text: &str, spans: &mut Vec<Range<usize>>) {
    let is_base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_');
    let mut start = 0;
    let ends = text
        .bytes()
        .enumerate()
        .filter(|(_, byte)| !is_base64(*byte))
        .map(|(at, _)| at);
    for end in ends.chain([text.len()]) {
        let run = text.get(start..end).unwrap_or_default();
        let has = |of: fn(&u8) -> bool| run.bytes().any(|byte| of(&byte));
        let is_mixed =
            has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(|byte| !byte.is_ascii_alphabetic());
        if run.len() >= 40 || (run.len() >= 20 && is_mixed) {
            spans.push(start..end);
        }
        start = end + 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cover(text: &str) -> String {
        let first = crate::yaml::parse_first(text).unwrap();
        covered(text, &[&Tree::of_yaml(first.root().unwrap())])
    }

    #[test]
    fn keys_are_covered_and_the_rest_stays() {
        assert_eq!(
            cover(
                "a: {name: key1, secret: \"x\\n\n  y\"} # c\nSecrets: [1, é]\nb: a+/ksN7wp8rBPPnfPF9bUw==\n# K7VqzJP8YhN9wX2mR5tF3nG8\n"
            ),
            "a: {name: key1, secret: ****\n****} # c\nSecrets: [*, **]\nb: ************************\n# ************************\n"
        );
    }

    proptest! {
        #[test]
        fn no_key_is_left(key in any::<[u8; 32]>(), shape in 0..4_usize, other in "[a-z]{1,9}") {
            let secret = crate::k8s::base64::encode(&key);
            let text = match shape {
                0 => format!("{other}: {{secret: {secret}}}\n"),
                1 => format!("{other}:\n  secret: |\n    {secret}\n"),
                2 => format!("{other}: [{secret}] # {secret}\n"),
                _ => format!("{other}: 1 # {secret}\n"),
            };
            let covered = cover(&text);
            prop_assert_eq!(covered.len(), text.len());
            prop_assert!(!covered.contains(&secret[..20]), "{}", covered);
        }
    }
}
