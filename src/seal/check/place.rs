//! Where findings stand: the place, the line where it may be shown, and the comment that accepts them.

use std::ops::Range;

use camino::Utf8Path;

use crate::policy;
use crate::report::Location;
use crate::seal::input::Part;
use crate::text::LineIndex;
use crate::yaml::Stream;

/// The whole text of a file.
pub(super) struct File<'a> {
    pub(super) path: &'a Utf8Path,
    pub(super) text: &'a str,
    pub(super) lines: &'a LineIndex,
}

/// A part of a file that has been read.
pub(super) struct View<'v, 'a> {
    pub(super) file: &'v File<'a>,
    pub(super) part: &'v Part<'a>,
    /// Bytes of the part before what has been read.
    pub(super) skipped: usize,
    pub(super) stream: &'v Stream<'v>,
    pub(super) lines: &'v LineIndex,
}

impl View<'_, '_> {
    /// The place of a key or a value.
    pub(super) fn location(&self, span: Range<usize>) -> Location {
        let File { path, text, lines } = *self.file;
        let span = span.start + self.skipped..span.end + self.skipped;
        let range = self.part.range(span);
        if is_harmless(text, lines, &range) {
            Location::with_excerpt(path, text, lines, range)
        } else {
            Location::new(path, text, lines, range)
        }
    }

    /// The reason in a comment on the line of one of the places, or alone on the line above.
    pub(super) fn mark(&self, places: impl IntoIterator<Item = usize>) -> Option<String> {
        let text = self.stream.text();
        if !text.contains("kship:ignore") {
            return None;
        }
        places.into_iter().find_map(|offset| {
            let line = self.lines.line_of(offset);
            let above = line.checked_sub(1).filter(|above| {
                let above = text.get(self.lines.line_range(text, *above)).unwrap_or_default();
                above.trim_start().starts_with('#')
            });
            let mut lines = [Some(line), above].into_iter().flatten();
            lines.find_map(|line| policy::mark(self.stream.comment(line)?).map(str::to_owned))
        })
    }
}

/// Whether the line of a key may be shown: beside the key there is nothing on it but what opens a value on the next lines, or
/// a truth value.
fn is_harmless(text: &str, lines: &LineIndex, key: &Range<usize>) -> bool {
    let line = lines.line_range(text, lines.line_of(key.start));
    let before = text.get(line.start..key.start).unwrap_or("?");
    let behind = text.get(key.end..line.end).unwrap_or("?");
    let opens = |rest: &str| matches!(rest, "" | "|" | "|-" | "|+" | ">" | ">-" | ">+" | "{" | "[");
    let is_truth = |rest: &str| {
        let word = rest.trim_end_matches(',').trim_matches(['"', '\'']);
        ["true", "false", "yes", "no", "on", "off", "1", "0"]
            .iter()
            .any(|truth| truth.eq_ignore_ascii_case(word))
    };
    let value = behind.trim_start().strip_prefix(':').map(str::trim);
    before.trim_matches([' ', '\t', '-', '\u{feff}']).is_empty()
        && value.is_some_and(|value| opens(value) || is_truth(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_a_value_is_not_shown() {
        let shows = |text: &str| {
            let start = text.find("key").unwrap();
            is_harmless(text, &LineIndex::new(text), &(start..start + 3))
        };
        for text in ["key:\n", "  - key: |-\r\n", "key: \"True\"", "key : {\n", "key: 'yes',"] {
            assert!(shows(text), "{text}");
        }
        for text in [
            "key: hunter2",
            "key: # hunter2",
            "{a: hunter2, key: {",
            "key: {a: b}",
            "key: -",
        ] {
            assert!(!shows(text), "{text}");
        }
    }
}
