//! One text, any number of documents: YAML, or JSON objects one after another as kubeseal takes them.

use std::borrow::Cow;
use std::ops::Range;

use serde::de::IgnoredAny;
use zeroize::Zeroize;

use crate::yaml;

/// A part of a text that is read on its own.
pub(super) struct Part<'a> {
    text: Cow<'a, str>,
    /// Lines before it.
    lines: usize,
    /// Bytes of the whole text before it.
    start: usize,
    /// The way back from its text to the whole one.
    offsets: yaml::Offsets,
}

impl Part<'_> {
    /// Where it stands there.
    pub(super) const fn start(&self) -> usize {
        self.start
    }

    /// The part as YAML.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Lines of the whole text before it.
    pub(super) const fn lines(&self) -> usize {
        self.lines
    }

    /// Where its tokens stand in the text as it was written, from the part's own start.
    pub(super) const fn offsets(&self) -> &yaml::Offsets {
        &self.offsets
    }

    /// Where bytes of the part stand in the whole text; they begin and end at tokens.
    pub(super) fn range(&self, range: Range<usize>) -> Range<usize> {
        let place = |offset| self.start + self.offsets.original(offset);
        place(range.start)..place(range.end)
    }
}

/// It may be a copy with plaintext in it.
impl Drop for Part<'_> {
    fn drop(&mut self) {
        if let Cow::Owned(text) = &mut self.text {
            text.zeroize();
        }
    }
}

/// The parts of a text: JSON objects, or all of it as YAML.
pub(super) fn parts(text: &str) -> Vec<Part<'_>> {
    json_parts(text).unwrap_or_else(|| {
        vec![Part {
            text: Cow::Borrowed(text),
            lines: 0,
            start: 0,
            offsets: yaml::Offsets::default(),
        }]
    })
}

fn json_parts(whole: &str) -> Option<Vec<Part<'_>>> {
    let text = whole.trim_start_matches('\u{feff}');
    if !text.trim_ascii_start().starts_with('{') {
        return None;
    }
    let mut parts = Vec::new();
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let (mut start, mut lines) = (0, 0);
    while let Some(value) = values.next() {
        value.ok()?;
        let end = values.byte_offset();
        let part = text.get(start..end)?;
        let (yaml, offsets) = yaml::json_with_offsets(part);
        parts.push(Part {
            text: yaml,
            lines,
            start: whole.len() - text.len() + start,
            offsets,
        });
        lines += memchr::memchr_iter(b'\n', part.as_bytes()).count();
        start = end;
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<(String, usize)> {
        let parts = parts(text);
        parts
            .iter()
            .map(|part| (part.text().to_owned(), part.lines()))
            .collect()
    }

    #[test]
    fn json_objects_come_one_after_another() {
        assert_eq!(
            split("\u{feff}{\"a\":\n1}{\"b\":\t\"\\/\"}\n{}\n"),
            [
                ("{\"a\":\n1}".to_owned(), 0),
                ("{\"b\": \"/\"}".to_owned(), 1),
                ("\n{}".to_owned(), 1)
            ]
        );
    }

    #[test]
    fn places_are_those_of_the_text_as_written() {
        let text = "\u{feff}{\"a\\/\\\"\":\t\"\\ud83d\\ude00\", \"b\": {\"c\":\t1}}\n{\"d\":\t[\"é\"]}";
        for (at, token) in [(0, "\"b\""), (0, "{\"c\""), (1, "[\"é\"]"), (1, "\"d\"")] {
            let part = &parts(text)[at];
            let read = token.replace('\t', " ");
            let start = part.text().find(&read).unwrap();
            assert_eq!(&text[part.range(start..start + read.len())], token);
        }
    }

    #[test]
    fn everything_else_is_yaml() {
        for text in [
            "",
            "a: 1\n---\nb: 1\n",
            "{a: 1}\n---\n{b: 2}\n",
            "{\"a\": 1}\n---\n{}",
            "[1]",
        ] {
            assert_eq!(split(text), [(text.to_owned(), 0)]);
        }
    }
}
