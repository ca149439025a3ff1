//! Positions in a text, and the one [`Edit`] that every change is made of.
//!
//! An edit is what `--diff` shows, what `--check` reports, what JSON lists and what a write applies, so that they cannot
//! disagree. Offsets are bytes; lines and columns, which only people see, count from one, columns in characters.

use std::fmt;
use std::ops::Range;

/// A place in a text as editors show it: line and column, both from one, the column in characters.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Position {
    /// The line, from one.
    pub line: usize,
    /// The column, from one, in characters (Unicode code points).
    pub column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// Finds lines and columns of byte offsets in one text; a line ends at a line feed.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
}

impl LineIndex {
    /// Reads a text once.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        Self { starts }
    }

    /// The position of a byte offset; an offset past the end is the end.
    #[must_use]
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let offset = offset.min(text.len());
        let line = self.line_of(offset);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let before = text.get(start..offset).unwrap_or("");
        let before = if start == 0 {
            before.strip_prefix('\u{feff}').unwrap_or(before)
        } else {
            before
        };
        Position {
            line: line + 1,
            column: before.chars().count() + 1,
        }
    }

    /// The bytes of the line (from zero) without its line ending.
    #[must_use]
    pub fn line_range(&self, text: &str, line: usize) -> Range<usize> {
        let start = self.starts.get(line).copied().unwrap_or(text.len());
        let end = self.starts.get(line + 1).map_or(text.len(), |next| next - 1);
        let end = if end > start && text.as_bytes().get(end - 1) == Some(&b'\r') {
            end - 1
        } else {
            end
        };
        start..end
    }

    /// The line (from zero) that holds a byte offset.
    #[must_use]
    pub fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset).saturating_sub(1)
    }
}

/// One change of a text: the bytes of `range` become `replacement`.
///
/// An empty range inserts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Edit {
    /// Bytes of the original text.
    pub range: Range<usize>,
    /// What stands there afterwards.
    pub replacement: String,
}

/// Applies edits to a text; their order does not matter.
///
/// # Errors
/// Two edits overlap, or one lies outside the text or inside a character: that is a defect of the planner, and nothing
/// is written.
pub fn apply(text: &str, edits: &[Edit]) -> Result<String, OverlappingEdits> {
    let mut ordered: Vec<&Edit> = edits.iter().collect();
    ordered.sort_by_key(|edit| (edit.range.start, edit.range.end));
    let mut out = String::with_capacity(text.len() + edits.iter().map(|edit| edit.replacement.len()).sum::<usize>());
    let mut done = 0;
    for edit in ordered {
        let kept = text.get(done..edit.range.start).ok_or(OverlappingEdits {
            offset: edit.range.start,
        })?;
        out.push_str(kept);
        out.push_str(&edit.replacement);
        done = edit.range.end;
    }
    out.push_str(text.get(done..).ok_or(OverlappingEdits { offset: done })?);
    Ok(out)
}

/// Edits that cannot all be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("two edits overlap at byte {offset}")]
pub struct OverlappingEdits {
    /// Where the second one starts.
    pub offset: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_characters_and_survive_crlf_and_bom() {
        let text = "\u{feff}ä: 1\r\nb: ü2\n";
        let index = LineIndex::new(text);
        let at = |needle: &str| index.position(text, text.find(needle).unwrap());
        assert_eq!(at("ä").to_string(), "1:1");
        assert_eq!(at("1").to_string(), "1:4");
        assert_eq!(at("2").to_string(), "2:5");
        assert_eq!(&text[index.line_range(text, 0)], "\u{feff}ä: 1");
        assert_eq!(&text[index.line_range(text, 1)], "b: ü2");
        assert_eq!(index.position(text, 999).line, 3);
    }

    #[test]
    fn edits_apply_in_any_order_and_refuse_to_overlap() {
        let edit = |range, replacement: &str| Edit {
            range,
            replacement: replacement.into(),
        };
        assert_eq!(apply("abc", &[edit(3..3, "!"), edit(0..1, "X")]).unwrap(), "Xbc!");
        assert_eq!(
            apply("abc", &[edit(0..2, ""), edit(1..3, "")]),
            Err(OverlappingEdits { offset: 1 })
        );
        assert!(apply("ä", &[edit(1..2, "")]).is_err());
        assert!(apply("a", &[edit(5..6, "")]).is_err());
    }
}
