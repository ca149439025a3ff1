//! Comments, found in one pass over the text when somebody first asks: most files are read without.

use std::ops::Range;

use super::arena::{Arena, Data, NodeData};
use super::scalar::Style;
use crate::text::LineIndex;

/// The comments of a text.
#[derive(Debug)]
pub(super) struct Comments {
    /// Lines from zero, in order, with the bytes of their comments behind the `#`.
    found: Vec<(usize, Range<usize>)>,
}

impl Comments {
    pub(super) fn new(text: &str, arena: &Arena<'_>) -> Self {
        let scalars = Scalars::new(text, arena);
        let index = LineIndex::new(text);
        let mut found = Vec::new();
        let mut done = 0;
        for at in memchr::memchr_iter(b'#', text.as_bytes()) {
            if at < done || scalars.contain(at) {
                continue;
            }
            let line = index.line_of(at);
            let range = index.line_range(text, line);
            let before = text.get(range.start..at).unwrap_or_default();
            if matches!(before, "" | "\u{feff}") || before.ends_with([' ', '\t']) {
                found.push((line, at + 1..range.end));
                done = range.end;
            }
        }
        Self { found }
    }

    pub(super) fn of<'a>(&self, text: &'a str, line0: usize) -> Option<&'a str> {
        let at = self.found.binary_search_by_key(&line0, |(line, _)| *line).ok()?;
        let (_, range) = self.found.get(at)?;
        text.get(range.clone()).map(str::trim)
    }
}

/// The scalars that hold a `#`, which begins no comment there.
struct Scalars {
    spans: Vec<Range<usize>>,
}

impl Scalars {
    fn new(text: &str, arena: &Arena<'_>) -> Self {
        let mut spans: Vec<Range<usize>> = arena
            .nodes
            .iter()
            .filter(|node| matches!(&node.data, Data::Scalar(scalar) if scalar.style != Style::Plain))
            .map(NodeData::span)
            .filter(|span| text.get(span.clone()).is_some_and(|content| content.contains('#')))
            .collect();
        spans.sort_unstable_by_key(|span| span.start);
        Self { spans }
    }

    fn contain(&self, offset: usize) -> bool {
        let after = self.spans.partition_point(|span| span.start <= offset);
        after
            .checked_sub(1)
            .and_then(|at| self.spans.get(at))
            .is_some_and(|span| span.contains(&offset))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_comment_is_found_wherever_it_ends_a_line_and_nowhere_else() {
        let text = "# top\na: \"x # no\" # yes\nb: [ 1, # one\n  '# no', 2 ] #two\nc: | # header\n  text # no\n  # no\n  \nd: e#no\n\
                    f: \"g\n  # no\"\nh: 1\t#  tab  \n--- # separator\n#\n";
        let stream = crate::yaml::parse(text).unwrap();
        let comments: Vec<Option<&str>> = (0..text.lines().count() + 1).map(|line| stream.comment(line)).collect();
        let expected = [
            Some("top"),
            Some("yes"),
            Some("one"),
            Some("two"),
            Some("header"),
            None,
            None,
            None,
            None,
            None,
            None,
            Some("tab"),
            Some("separator"),
            Some(""),
            None,
        ];
        assert_eq!(comments, expected);
    }

    #[test]
    fn crlf_and_a_byte_order_mark_are_no_part_of_a_comment() {
        let stream = crate::yaml::parse("\u{feff}# a\r\nb: c # d\r\n").unwrap();
        assert_eq!(stream.comment(0), Some("a"));
        assert_eq!(stream.comment(1), Some("d"));
    }
}
