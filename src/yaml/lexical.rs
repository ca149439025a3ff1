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
    if filled {
        chunks.push(open..bytes.len());
    }
    for chunk in &mut chunks {
        cut_at_document_end(text, chunk)?;
    }
    Ok(chunks)
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
