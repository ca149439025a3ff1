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
}

impl Part<'_> {
    /// The part as YAML.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Lines of the whole text before it.
    pub(super) const fn lines(&self) -> usize {
        self.lines
    }

    /// Where bytes of the part stand in the whole text; they begin and end at tokens.
    pub(super) fn range(&self, whole: &str, range: Range<usize>) -> Range<usize> {
        let source = whole.get(self.start..).unwrap_or_default();
        let place = |offset| match &self.text {
            Cow::Borrowed(_) => self.start + offset,
            Cow::Owned(text) => self.start + place_in_source(text, source, offset),
        };
        place(range.start)..place(range.end)
    }
}

/// Rewriting JSON changes nothing outside strings but tabs, so that a place is that many bytes behind the same quote.
fn place_in_source(text: &str, source: &str, offset: usize) -> usize {
    let before = quotes(text).take_while(|at| *at < offset);
    let (count, last) = before.fold((0, 0), |(count, _), at| (count + 1, at + 1));
    let start = match count {
        0 => 0,
        count => quotes(source).nth(count - 1).map_or(0, |at| at + 1),
    };
    (start + (offset - last)).min(source.len())
}

/// The quotes that begin and end the strings of JSON.
fn quotes(json: &str) -> impl Iterator<Item = usize> {
    let (mut in_string, mut escaped) = (false, false);
    json.bytes().enumerate().filter_map(move |(at, byte)| match byte {
        _ if escaped => {
            escaped = false;
            None
        }
        b'\\' if in_string => {
            escaped = true;
            None
        }
        b'"' => {
            in_string = !in_string;
            Some(at)
        }
        _ => None,
    })
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
        }]
    })
}

fn json_parts(text: &str) -> Option<Vec<Part<'_>>> {
    let whole = text.len();
    let text = text.trim_start_matches('\u{feff}');
    let mark = whole - text.len();
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
        parts.push(Part {
            text: yaml::json_as_yaml(part),
            lines,
            start: mark + start,
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
            assert_eq!(&text[part.range(text, start..start + read.len())], token);
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
