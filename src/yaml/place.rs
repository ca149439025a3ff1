//! Where nodes stand, where the parser's marks are not enough.

use std::ops::Range;

/// The text of a block scalar without the blank lines behind it, which the parser counts to it; where there is no text,
/// the parser marks the header.
pub(super) fn block_content(text: &str, value: &str, marked: Range<usize>) -> Range<usize> {
    if value.trim_ascii().is_empty() {
        return marked.start..marked.start;
    }
    let lines = text.get(marked.clone()).unwrap_or_default();
    marked.start..marked.start + lines.trim_ascii_end().len()
}

/// Where the value stands that is nothing: the parser marks the place before its colon.
pub(super) fn empty_value(text: &str, marked: usize) -> usize {
    let rest = text.get(marked..).unwrap_or_default();
    match rest.trim_start_matches(' ').strip_prefix(':') {
        Some(behind) => marked + (rest.len() - behind.len()),
        None => marked,
    }
}

/// Where the block sequence begins that is the value of a key: the parser marks the place behind the first `-` of one
/// that is not indented.
pub(super) fn sequence_start(text: &str, key_end: usize, marked: usize) -> usize {
    let mut line_start = key_end;
    for line in text.get(key_end..marked).unwrap_or_default().split_inclusive('\n') {
        let content = line.trim_ascii_start();
        if line_start != key_end && content.starts_with('-') {
            return line_start + (line.len() - content.len());
        }
        line_start += line.len();
    }
    marked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_found_from_marks() {
        let text = "a: |\n  x  \n\n ";
        assert_eq!(block_content(text, "x  \n", 7..text.len()), 7..8);
        assert_eq!(block_content("a: >\n", "", 3..5), 3..3);
        assert_eq!(empty_value("a : # c", 1), 3);
        assert_eq!(empty_value("? a\n", 3), 3);
        let text = "g: # - c\n- x";
        assert_eq!(sequence_start(text, 1, text.len() - 1), 9);
        assert_eq!(sequence_start("? - a", 1, 2), 2);
    }
}
