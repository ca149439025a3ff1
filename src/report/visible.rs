//! Makes characters visible that would command a terminal or deceive a reader.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::text::deceives;

/// A text on one line: control characters, line breaks too, become escapes such as `\u{1b}` and `\n`.
///
/// So do the characters that reorder or hide text (CVE-2021-42574, "Trojan Source").
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    escape(text, deceives)
}

/// As [`visible`], but line feeds stay.
#[must_use]
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escape(text, |character| character != '\n' && deceives(character))
}

/// Writes the escape of a character.
pub(super) fn push_escape(out: &mut String, character: char) {
    match character {
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        '\n' => out.push_str("\\n"),
        // Writing to a string does not fail.
        other => {
            let _ = write!(out, "\\u{{{:x}}}", u32::from(other));
        }
    }
}

fn escape(text: &str, hide: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&hide) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if hide(character) {
            push_escape(&mut out, character);
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_become_text_and_text_stays() {
        assert_eq!(visible("a\u{1b}[31mb\r\n\t\u{9b}c"), "a\\u{1b}[31mb\\r\\n\\t\\u{9b}c");
        assert_eq!(
            visible("\u{202e}dcba\u{200b}\u{2066}"),
            "\\u{202e}dcba\\u{200b}\\u{2066}"
        );
        assert_eq!(visible_lines("a\nb\u{7f}"), "a\nb\\u{7f}");
        assert!(matches!(visible("shop/wéb:1 🚢"), Cow::Borrowed(_)));
    }
}
