//! The key `digest` beside a tag, in kustomizations, Helm values and Flux' OCIRepository.

use std::ops::Range;

use super::scalar::content;
use super::site::Slot;
use crate::text::Edit;
use crate::yaml::{Node, Style};

/// What a mapping without a digest looks like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Without {
    /// `digest:` with nothing behind it: the values of a chart list their keys.
    Value,
    /// No `digest` at all: what [`line_after`] added goes again.
    Line,
}

/// The slot of a `digest` that is there; it can be taken away where the mapping has a tag.
pub(super) fn fill(node: Node<'_, '_>, digest: Node<'_, '_>, tagged: bool, without: Without, text: &str) -> Slot {
    let range = content(text, digest);
    let raw = text.get(range.clone()).unwrap_or("");
    if digest.is_null() {
        // A line would go with the digest, and with it what stands there now.
        let place = behind_colon(node, text).filter(|_| raw.is_empty() && without == Without::Value);
        return place.map_or(Slot::Fixed("its digest is null: write `digest: \"\"`"), |at| {
            Slot::Writable {
                range: at..at,
                before: " ".to_owned(),
                unpin: None,
                tag: None,
            }
        });
    }
    let emptied = match digest.scalar().map(|scalar| scalar.style) {
        Some(Style::SingleQuoted | Style::DoubleQuoted) => Some(range.clone()),
        Some(Style::Plain) if raw.is_empty() => {
            return Slot::Fixed("its digest has a YAML tag and no text: write `digest: \"\"`");
        }
        Some(Style::Plain) if without == Without::Line => own_line(node, digest, text),
        Some(Style::Plain) => behind_colon(node, text)
            .filter(|&colon| {
                let between = text.get(colon..range.start);
                between.is_some_and(|between| between.trim_matches([' ', '\t']).is_empty())
            })
            .map(|colon| colon..range.end),
        _ => None,
    };
    let unpin = emptied.filter(|_| tagged && !raw.is_empty()).map(|range| Edit {
        range,
        replacement: String::new(),
    });
    Slot::Writable {
        range,
        before: String::new(),
        unpin,
        tag: None,
    }
}

/// Says whether a mapping is written in braces, which have no line to add.
pub(super) fn is_flow(node: Node<'_, '_>, text: &str) -> bool {
    text.get(node.span()).is_some_and(|text| text.starts_with('{'))
}

/// The slot of a `digest` that gets a line of its own behind that of the tag.
pub(super) fn line_after(node: Node<'_, '_>, key: &str, text: &str) -> Slot {
    if is_flow(node, text) {
        return Slot::Fixed("it is written in braces, which have no line to put `digest` in");
    }
    let Some((key, value)) = node.entries().find(|(entry, _)| entry.text == key) else {
        return Slot::Fixed("it has no tag that a digest could stand beside");
    };
    let mapping = node.span();
    if !mapping.contains(&key.span.start) {
        return Slot::Fixed("its tag comes by a merge key");
    }
    if value
        .scalar()
        .is_some_and(|scalar| matches!(scalar.style, Style::Literal | Style::Folded))
    {
        return Slot::Fixed("its tag is a block of lines");
    }
    let line = text.get(..key.span.start).unwrap_or("");
    let line = line
        .get(line.rfind(['\n', '\r']).map_or(0, |at| at + 1)..)
        .unwrap_or("");
    let prefix = line.strip_prefix('\u{feff}').unwrap_or(line);
    if !prefix.bytes().all(|b| matches!(b, b' ' | b'-')) {
        return Slot::Fixed("its tag does not begin a line");
    }
    // The value may stand on the next line; an alias points elsewhere.
    let last = Some(value.span().end).filter(|end| value.span().start >= key.span.end && *end <= mapping.end);
    let at = line_end(text, last.unwrap_or(key.span.end));
    Slot::Writable {
        range: at..at,
        before: format!("{}{}digest: ", line_break(text, at), prefix.replace('-', " ")),
        unpin: None,
        tag: None,
    }
}

/// The byte behind the colon of the mapping's own `digest` key, where nothing else than a plain digest or nothing follows.
fn behind_colon(node: Node<'_, '_>, text: &str) -> Option<usize> {
    let (key, _) = node.entries().find(|(key, _)| key.text == "digest")?;
    if !node.span().contains(&key.span.start) {
        return None;
    }
    let rest = text.get(key.span.end..)?;
    let colon = rest.len() - rest.trim_start_matches([' ', '\t']).strip_prefix(':')?.len();
    let value = rest.get(colon..)?;
    let value = value.get(..value.find(['\n', '\r']).unwrap_or(value.len()))?;
    let value = value.trim_matches([' ', '\t']);
    let plain = value.is_empty()
        || value.starts_with(['#', ',', '}'])
        || value.starts_with(|c: char| c.is_ascii_alphanumeric());
    plain.then_some(key.span.end + colon)
}

/// The line, with its line break, of a plain `digest`, as [`line_after`] wrote it or somebody else.
fn own_line(node: Node<'_, '_>, digest: Node<'_, '_>, text: &str) -> Option<Range<usize>> {
    let (key, _) = node.entries().find(|(key, _)| key.text == "digest")?;
    let value = digest.span();
    let inside = node.span().contains(&key.span.start) && value.start >= key.span.end && !is_flow(node, text);
    let between = text.get(key.span.end..value.start).filter(|_| inside)?;
    let line = text.get(..key.span.start)?;
    let start = line.rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let indent = line.get(start..)?;
    if between.contains(['\n', '\r', '&', '!']) || !indent.bytes().all(|b| b == b' ') {
        return None;
    }
    let end = line_end(text, value.end);
    // The line break before it goes, so that a last line without one stays one. The first line takes the one behind it.
    if start == 0 {
        Some(0..end + line_break_at(text, end).len())
    } else {
        let before = line.get(..start)?;
        let ended = before
            .strip_suffix("\r\n")
            .or_else(|| before.strip_suffix(['\n', '\r']))?;
        Some(ended.len()..end)
    }
}

/// Where the line that holds a byte ends, its line break not counted.
fn line_end(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or("");
    at + rest.find(['\n', '\r']).unwrap_or(rest.len())
}

/// The line break at a byte, or nothing at the end of the text.
fn line_break_at(text: &str, at: usize) -> &str {
    let rest = text.get(at..).unwrap_or("");
    ["\r\n", "\n", "\r"]
        .into_iter()
        .find(|end| rest.starts_with(end))
        .unwrap_or("")
}

/// The line break at a byte, or the text's first where it ends there.
fn line_break(text: &str, at: usize) -> &str {
    match line_break_at(text, at) {
        "" => match line_break_at(text, line_end(text, 0)) {
            "" => "\n",
            first => first,
        },
        here => here,
    }
}
