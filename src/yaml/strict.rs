//! Spellings that YAML 1.2 and go-yaml (YAML 1.1 with its own twists) read differently, and that are refused.
//!
//! The list comes from a comparison of several hundred thousand generated texts with kubectl's own reader.

use std::ops::Range;

use super::error::{ErrorKind, Fault};

/// Refuses names that go-yaml ends earlier: it takes `&a:b` for the anchor `a` before the text `:b`.
pub(super) fn check_anchor(text: &str, span: Range<usize>) -> Result<(), Fault> {
    let name = text.get(span.start + 1..span.end).unwrap_or_default();
    let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if !name.is_empty() && name.bytes().all(is_name_byte) {
        return Ok(());
    }
    ambiguous(
        span.start,
        "an anchor with other characters than letters, digits, `-` and `_`",
        "rename it",
    )
}

/// Refuses `\/`: JSON and YAML 1.2 have this escape, go-yaml does not.
pub(super) fn check_escapes(text: &str, span: Range<usize>) -> Result<(), Fault> {
    let raw = text.get(span.clone()).unwrap_or_default();
    if memchr::memchr(b'\\', raw.as_bytes()).is_none() {
        return Ok(());
    }
    let mut escaped = false;
    for (at, byte) in raw.bytes().enumerate() {
        if escaped && byte == b'/' {
            return ambiguous(span.start + at - 1, "the escape `\\/`", "write `/`");
        }
        escaped = byte == b'\\' && !escaped;
    }
    Ok(())
}

/// Refuses `?x`, `:x` and `x:` within brackets, where go-yaml sees the key `x`, nothing, and the text `x:`.
pub(super) fn check_flow_plain(text: &str, value: &str, span: Range<usize>) -> Result<(), Fault> {
    if value.contains('?') {
        return ambiguous(span.start, "`?` in an unquoted scalar within brackets", "quote it");
    }
    let rest = text.get(span.end..).unwrap_or_default();
    let rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
    let colon_at_indicator = rest
        .strip_prefix(':')
        .is_some_and(|rest| rest.starts_with([',', '[', ']', '{', '}']));
    if colon_at_indicator || value.starts_with(':') || value.ends_with(':') {
        return ambiguous(span.start, "`:` without a blank behind it within brackets", "write one");
    }
    Ok(())
}

/// Refuses `!tag,`: go-yaml takes the comma for a part of the tag.
pub(super) fn check_tag(text: &str, span: Range<usize>) -> Result<(), Fault> {
    let rest = text.get(span.end..).unwrap_or_default();
    if rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']) {
        return Ok(());
    }
    ambiguous(span.start, "a tag without a blank behind it", "write one")
}

/// How a document ends, for the block scalar that ends it.
pub(super) struct Tail {
    /// The end of the last line that is not blank, if the text ends within a blank line.
    cut: Option<usize>,
}

impl Tail {
    pub(super) fn of(text: &str, document: &Range<usize>) -> Self {
        let all = text.get(..document.end).unwrap_or_default();
        let lines = all.trim_end_matches(' ');
        let is_cut = lines.len() < all.len() && lines.ends_with('\n');
        Self {
            cut: is_cut.then(|| lines.trim_ascii_end().len()),
        }
    }

    /// Refuses a block scalar without indentation, which is empty for go-yaml, and one that keeps (`+`) a last line of
    /// blanks without a line feed, which go-yaml counts. `before` is where the node before it starts.
    pub(super) fn check_block(&self, text: &str, before: usize, span: Range<usize>) -> Result<(), Fault> {
        if !span.is_empty() && (span.start == 0 || text.get(..span.start).is_some_and(|text| text.ends_with('\n'))) {
            return ambiguous(span.start, "a block scalar without indentation", "indent its lines");
        }
        let is_last = self.cut.is_some_and(|cut| cut <= span.end);
        if is_last && text.get(before..span.end).is_some_and(|header| header.contains('+')) {
            return ambiguous(
                span.start,
                "blanks at the end of the text, kept by `+`",
                "end the last line with a line feed",
            );
        }
        Ok(())
    }
}

fn ambiguous(offset: usize, what: &'static str, instead: &'static str) -> Result<(), Fault> {
    Err(Fault::new(offset, ErrorKind::Ambiguous { what, instead }))
}
