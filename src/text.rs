//! Positions in a text, the one [`Edit`] that every change is made of, and characters that deceive.
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
///
/// A position costs the same however long its line is: a JSON file may be one line of many megabytes.
#[derive(Clone, Debug)]
pub struct LineIndex {
    starts: Vec<usize>,
    /// Characters before each block of [`BLOCK`] bytes.
    characters: Vec<usize>,
}

/// Bytes whose characters are counted anew for each position.
const BLOCK: usize = 4096;

const BYTE_ORDER_MARK: char = '\u{feff}';

impl LineIndex {
    /// Reads a text once.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut starts = vec![0];
        starts.extend(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        let blocks = (0..text.len()).step_by(BLOCK);
        let characters = blocks.scan(0, |total, from| {
            let before = *total;
            *total += count_characters(text, from, from + BLOCK);
            Some(before)
        });
        Self {
            characters: characters.collect(),
            starts,
        }
    }

    /// The position of a byte offset; an offset past the end is the end, one inside a character is its start.
    #[must_use]
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let offset = text.floor_char_boundary(offset);
        let line = self.line_of(offset);
        let start = self.starts.get(line).copied().unwrap_or(0);
        let marked = start == 0 && offset > 0 && text.starts_with(BYTE_ORDER_MARK);
        let characters = self.characters_before(text, offset) - self.characters_before(text, start);
        Position {
            line: line + 1,
            column: characters + usize::from(!marked),
        }
    }

    /// How many characters of the text begin before an offset.
    fn characters_before(&self, text: &str, offset: usize) -> usize {
        let block = offset / BLOCK;
        let counted = self.characters.get(block).or(self.characters.last());
        let from = block.min(self.characters.len().saturating_sub(1)) * BLOCK;
        counted.copied().unwrap_or(0) + count_characters(text, from, offset)
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

/// How many characters begin in a range of bytes.
fn count_characters(text: &str, from: usize, to: usize) -> usize {
    let range = text.ceil_char_boundary(from)..text.ceil_char_boundary(to);
    text.get(range).map_or(0, |part| part.chars().count())
}

/// Whether a character commands a terminal, or hides or reorders text (CVE-2021-42574, "Trojan Source").
///
/// These are the control characters, the line separators and what Unicode lets no font show
/// (`Default_Ignorable_Code_Point`), but for the variation selectors that emoji are written with.
#[must_use]
pub fn deceives(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        )
        || matches!(character, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(
            character,
            '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        )
        || matches!(character, '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}')
        || matches!(character, '\u{e0000}'..='\u{e0fff}')
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
    use proptest::prelude::*;

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

    proptest! {
        #[test]
        fn positions_are_those_that_counting_gives(
            bom in any::<bool>(),
            piece in "[a€😀\n]{1,9}",
            times in 0_usize..4000,
            share in 0.0..1.1,
        ) {
            let text = format!("{}{}", if bom { "\u{feff}" } else { "" }, piece.repeat(times));
            #[expect(clippy::as_conversions, reason = "any offset will do")]
            let offset = (text.len() as f64 * share) as usize;
            let before = &text[..text.floor_char_boundary(offset)];
            let before = before.strip_prefix('\u{feff}').unwrap_or(before);
            let line = before.rsplit('\n').next().unwrap();
            let expected = Position {
                line: before.matches('\n').count() + 1,
                column: line.chars().count() + 1,
            };
            prop_assert_eq!(LineIndex::new(&text).position(&text, offset), expected);
        }
    }

    #[test]
    fn what_commands_hides_or_reorders_deceives() {
        let deceivers = "\0\t\n\r\u{1b}\u{7f}\u{9b}\u{ad}\u{61c}\u{180e}\u{200b}\u{200d}\u{200e}\u{2028}\u{202a}\u{202e}\
                         \u{2060}\u{2066}\u{2069}\u{206a}\u{206f}\u{3164}\u{feff}\u{fffb}\u{e0001}\u{e0020}\u{e007f}\u{e0100}";
        for character in deceivers.chars() {
            assert!(deceives(character), "{character:?}");
        }
        for character in "aZ 0~\u{a0}éß–…€中क\u{93f}ا✈\u{fe0f}🚢\u{2027}\u{202f}\u{205f}\u{fffd}".chars()
        {
            assert!(!deceives(character), "{character:?}");
        }
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
