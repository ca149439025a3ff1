//! What is settled before the parser runs: characters that readers disagree about, and where documents begin.

use std::ops::Range;

use super::error::{ErrorKind, Fault};

/// The byte order mark in UTF-8.
const BOM: &str = "\u{feff}";

/// Finds the bytes of each document, without its `---` and `...` lines.
///
/// Splits as `YAMLReader` of k8s.io/apimachinery does: at every line that begins with `---`, even in a block scalar or
/// within quotes. A separator that follows another one directly opens a document instead of ending one.
pub(super) fn documents(text: &str) -> Result<Vec<Range<usize>>, Fault> {
    check_characters(text)?;
    let start = if text.starts_with(BOM) { BOM.len() } else { 0 };
    let mut chunks = Vec::new();
    // The first byte of the open document, and whether kubectl's buffer holds a line of it.
    let mut open = start;
    let mut filled = false;
    let mut line = start;
    let bytes = text.as_bytes();
    while line < bytes.len() {
        let rest = bytes.get(line..).unwrap_or_default();
        let next = memchr::memchr(b'\n', rest).map_or(bytes.len(), |at| line + at + 1);
        if rest.starts_with(b"---") {
            check_marker(text, line..next, ErrorKind::SeparatorText)?;
            if filled {
                chunks.push(open..line);
                filled = false;
            } else {
                filled = true;
            }
            open = next;
        } else {
            filled = true;
        }
        line = next;
    }
    // A byte order mark alone is a document for kubectl, an empty text is none.
    if filled || (start > 0 && start == bytes.len()) {
        chunks.push(open..bytes.len());
    }
    for chunk in &mut chunks {
        cut_at_document_end(text, chunk)?;
    }
    Ok(chunks)
}

/// Finds where go-yaml ends the first document: at a line `---` behind content, or at a line `...`.
pub(super) fn first_document_end(text: &str) -> usize {
    let is = |line: &str, marker: &str| {
        let rest = line.strip_prefix(marker).map(str::as_bytes);
        rest.is_some_and(|rest| {
            rest.first()
                .is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        })
    };
    let mut open = false;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.strip_prefix(BOM).filter(|_| at == 0).unwrap_or(line);
        if open && (is(content, "---") || is(content, "...")) {
            return at;
        }
        let trimmed = content.trim_ascii_start();
        open |= !trimmed.is_empty() && !trimmed.starts_with('#') && !content.starts_with('%');
        at += line.len();
    }
    text.len()
}

/// Ends the document at its `...` line.
fn cut_at_document_end(text: &str, chunk: &mut Range<usize>) -> Result<(), Fault> {
    let Some(document) = text.get(chunk.clone()) else {
        return Ok(());
    };
    let mut lines = document.split_inclusive('\n').scan(chunk.start, |at, line| {
        let start = *at;
        *at += line.len();
        Some((start, line))
    });
    // Most documents have no `...` at all.
    if memchr::memmem::find(document.as_bytes(), b"...").is_none() {
        return Ok(());
    }
    let Some((end, marker)) = lines.find(|(_, line)| {
        line.strip_prefix("...")
            .is_some_and(|rest| rest.chars().next().is_none_or(char::is_whitespace))
    }) else {
        return Ok(());
    };
    check_marker(text, end..end + marker.len(), ErrorKind::EndedDocument)?;
    for (start, line) in lines {
        let content = line.trim_ascii_start();
        if !content.is_empty() && !content.starts_with('#') {
            return Err(Fault::new(
                start + (line.len() - content.len()),
                ErrorKind::EndedDocument,
            ));
        }
    }
    chunk.end = end;
    Ok(())
}

/// Lets only blanks and a comment follow `---` or `...`.
fn check_marker(text: &str, line: Range<usize>, kind: ErrorKind) -> Result<(), Fault> {
    let marker = 3;
    let rest = text.get(line.start + marker..line.end).unwrap_or_default();
    let content = rest.trim_start_matches([' ', '\t', '\r', '\n']);
    if content.is_empty() || (content.starts_with('#') && content.len() < rest.len()) {
        return Ok(());
    }
    Err(Fault::new(line.start + marker + (rest.len() - content.len()), kind))
}

/// Refuses characters that YAML forbids, and line breaks that not every reader takes for one.
fn check_characters(text: &str) -> Result<(), Fault> {
    let ordinary = |&byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t');
    const BLOCK: usize = 64;
    let mut offset = 0;
    for block in text.as_bytes().chunks(BLOCK) {
        // Without a branch, so that it becomes vector instructions.
        let unusual = block.iter().fold(false, |found, byte| found | !ordinary(byte));
        if unusual {
            for (at, _) in block.iter().enumerate().filter(|(_, byte)| !ordinary(byte)) {
                check_character(text, offset + at)?;
            }
        }
        offset += block.len();
    }
    Ok(())
}

/// Judges the character that starts at a byte; a byte within a character passes.
fn check_character(text: &str, offset: usize) -> Result<(), Fault> {
    let Some(character) = text.get(offset..).and_then(|rest| rest.chars().next()) else {
        return Ok(());
    };
    let line_break = |name| ErrorKind::LineBreak { name };
    let kind = match character {
        '\r' if text.as_bytes().get(offset + 1) == Some(&b'\n') => return Ok(()),
        '\r' => line_break("CR without LF (U+000D)"),
        '\u{85}' => line_break("NEL (U+0085)"),
        '\u{2028}' => line_break("LS (U+2028)"),
        '\u{2029}' => line_break("PS (U+2029)"),
        '\u{feff}' if offset == 0 => return Ok(()),
        '\u{feff}' => ErrorKind::ByteOrderMark,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => ErrorKind::ControlCharacter {
            code: u32::from(character),
        },
        _ => return Ok(()),
    };
    Err(Fault::new(offset, kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        let chunks = documents(text).unwrap();
        chunks.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn the_first_document_ends_at_a_marker_behind_content() {
        for (text, end) in [
            ("", ""),
            ("a: 1\n", "a: 1\n"),
            ("a: 1\n---\nb: 2\n", "a: 1\n"),
            ("---\n---\nb: 2\n", "---\n"),
            ("# c\n\n---\r\na: 1\r\n---\r\n", "# c\n\n---\r\na: 1\r\n"),
            ("\u{feff}---\na\n... \nb", "\u{feff}---\na\n"),
            ("a: |\n  ---\n ---\n---b\n", "a: |\n  ---\n ---\n---b\n"),
            ("a\n---", "a\n"),
        ] {
            assert_eq!(&text[..first_document_end(text)], end, "{text:?}");
        }
    }

    fn refusal(text: &str) -> (usize, String) {
        let fault = documents(text).unwrap_err();
        (fault.offset, fault.kind.to_string())
    }

    #[test]
    fn documents_are_split_as_apimachinery_splits_them() {
        assert_eq!(split(""), [""; 0]);
        assert_eq!(split("\u{feff}"), [""]);
        assert_eq!(split("a"), ["a"]);
        assert_eq!(split("---\n"), [""]);
        assert_eq!(split("a\n---\nb"), ["a\n", "b"]);
        assert_eq!(split("---\na\n--- # c\nb\n---"), ["a\n", "b\n"]);
        assert_eq!(
            split("---\n---\n---\nb\n"),
            ["", "b\n"],
            "a separator behind another opens a document"
        );
        assert_eq!(split("a: |\n---\n ---\n"), ["a: |\n", " ---\n"]);
        assert_eq!(split("\u{feff}a\r\n---\r\nb\r\n"), ["a\r\n", "b\r\n"]);
        assert_eq!(split("a\n...\n# c\n\n---\nb\n... # c\n"), ["a\n", "b\n"]);
        assert_eq!(split("a\n...b\n"), ["a\n...b\n"]);
    }

    #[test]
    fn text_beside_markers_is_refused() {
        let separator = "text on the line of `---`: kubectl refuses it, write it on the next line";
        assert_eq!(refusal("a\n--- b\n"), (6, separator.to_owned()));
        assert_eq!(refusal("---- b\n"), (3, separator.to_owned()));
        assert_eq!(refusal("---# c\n"), (3, separator.to_owned()));
        let ended = "text after `...` is ignored by kubectl: start a new document with `---`, or remove it";
        assert_eq!(refusal("a\n...\n\n b\n"), (8, ended.to_owned()));
        assert_eq!(refusal("a\n... b\n"), (6, ended.to_owned()));
    }

    #[test]
    fn characters_that_readers_disagree_about_are_refused() {
        let break_message =
            |name| format!("the line break {name}: readers disagree whether it ends a line, use a line feed");
        assert_eq!(refusal("a\rb"), (1, break_message("CR without LF (U+000D)")));
        assert_eq!(refusal("a\r\r\n"), (1, break_message("CR without LF (U+000D)")));
        assert_eq!(refusal("# \u{85}"), (2, break_message("NEL (U+0085)")));
        assert_eq!(refusal("'\u{2028}'"), (1, break_message("LS (U+2028)")));
        assert_eq!(refusal("\u{2029}"), (0, break_message("PS (U+2029)")));
        let mark = "a byte order mark (U+FEFF) inside the text: remove it";
        assert_eq!(refusal("\u{feff}a\n---\n\u{feff}b\n"), (9, mark.to_owned()));
        let control = "the control character U+0007 is not allowed in YAML: write it as an escape in double quotes";
        assert_eq!(refusal(&format!("{}\u{7}", "é".repeat(100))), (200, control.to_owned()));
        assert!(
            documents("a: \u{7f}").is_err() && documents("a: \u{9b}").is_err() && documents("a: \u{ffff}").is_err()
        );
        assert!(documents("a: ü € 😀 \u{a0}\t\r\n").is_ok());
    }
}
