//! Entries and items between brackets, JSON among them.

use std::ops::Range;

use serde_json::Value;

use super::{EditError, Editor, New};
use crate::text::Edit;
use crate::yaml::write::{Manner, Shape, is_typed};

/// A child between brackets.
pub(super) struct Unit {
    /// Its bytes, anchors and tags included.
    pub(super) range: Range<usize>,
    /// The comma behind it.
    comma: Option<usize>,
}

/// The children of a collection between brackets.
pub(super) fn units(editor: &Editor<'_, '_>, collection: u32) -> Result<Vec<Unit>, EditError> {
    let span = editor.span(collection);
    if !editor.after(span.start).starts_with(['{', '[']) {
        return Err(editor.layout(span.start, "a pair without braces within brackets"));
    }
    let mut units = Vec::new();
    let mut at = span.start + 1;
    for child in editor.written(collection) {
        let start = skip(editor.text, at);
        let mut end = editor.span(child.node).end.max(start);
        if let Some(key) = child.key {
            let key_end = editor.span(key).end;
            end = end.max(key_end);
            let behind = skip(editor.text, key_end);
            if editor.span(child.node).is_empty() && editor.after(behind).starts_with(':') {
                end = end.max(behind + 1);
            }
        }
        if editor.span(child.node).is_empty() {
            // Nothing but an anchor or a tag may stand there.
            let rest = editor.after(end);
            let more = rest.find([',', ']', '}', '\n', '\r', '#']).unwrap_or(rest.len());
            end += rest.get(..more).unwrap_or_default().trim_ascii_end().len();
        }
        let behind = skip(editor.text, end);
        let comma = editor.after(behind).starts_with(',').then_some(behind);
        at = comma.map_or(behind, |comma| comma + 1);
        units.push(Unit {
            range: start..end,
            comma,
        });
    }
    Ok(units)
}

/// The next byte that is neither blank nor in a comment.
fn skip(text: &str, mut at: usize) -> usize {
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let content = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        at += rest.len() - content.len();
        if !content.starts_with('#') {
            return at;
        }
        at += content.find('\n').unwrap_or(content.len());
    }
}

/// What stands before a place on its line, if it is blank.
fn indentation<'t>(editor: &Editor<'t, '_>, offset: usize) -> Option<&'t str> {
    let start = editor.line_range(editor.line_of(offset)).start;
    let before = editor.text.get(start..offset)?;
    before.trim_matches([' ', '\t']).is_empty().then_some(before)
}

/// What stands behind a place on its line.
fn behind<'t>(editor: &Editor<'t, '_>, offset: usize) -> &'t str {
    let end = editor.line_range(editor.line_of(offset)).end;
    editor.text.get(offset..end).unwrap_or_default()
}

fn ends_line(rest: &str) -> bool {
    let rest = rest.trim_ascii_start();
    rest.is_empty() || rest.starts_with('#')
}

/// Puts something before the child `at`, or behind the last.
pub(super) fn insert(
    editor: &Editor<'_, '_>,
    collection: u32,
    at: usize,
    new: &New<'_>,
) -> Result<Vec<Edit>, EditError> {
    let units = units(editor, collection)?;
    let text = new.in_flow(editor.is_json(collection), is_spaced(editor, collection));
    let edit = |offset, replacement| Edit {
        range: offset..offset,
        replacement,
    };
    let Some(before) = at.checked_sub(1).and_then(|before| units.get(before)) else {
        let first = units.first().map_or(0, |unit| unit.range.start);
        let separator = match indentation(editor, first) {
            Some(indent) => format!("{}{indent}", editor.line_ending(first)),
            None => blank(editor, collection, &units),
        };
        return Ok(vec![edit(first, format!("{text},{separator}"))]);
    };
    let end = before.range.end;
    let beside = || {
        let blank = blank(editor, collection, &units);
        vec![match units.get(at) {
            Some(next) => edit(next.range.start, format!("{text},{blank}")),
            None => edit(end, format!(",{blank}{text}")),
        }]
    };
    let Some(indent) = indentation(editor, before.range.start) else {
        return Ok(beside());
    };
    let line = format!("{}{indent}{text}", editor.line_ending(end));
    let line_end = |offset| editor.line_range(editor.line_of(offset)).end;
    Ok(match before.comma {
        Some(comma) if editor.line_of(comma) == editor.line_of(end) && ends_line(behind(editor, comma + 1)) => {
            vec![edit(line_end(end), format!("{line},"))]
        }
        Some(_) => beside(),
        None if ends_line(behind(editor, end)) => {
            let to = line_end(end);
            if behind(editor, end).trim_ascii().is_empty() {
                vec![edit(end, format!(",{line}"))]
            } else {
                vec![edit(end, ",".to_owned()), edit(to, line)]
            }
        }
        None => vec![edit(end, format!(",{line}"))],
    })
}

/// Removes a child and its comma.
pub(super) fn remove(editor: &Editor<'_, '_>, collection: u32, at: usize) -> Result<Vec<Edit>, EditError> {
    let units = units(editor, collection)?;
    let Some(unit) = units.get(at) else {
        return Ok(Vec::new());
    };
    let cut = |range| Edit {
        range,
        replacement: String::new(),
    };
    let before = at.checked_sub(1).and_then(|before| units.get(before));
    let next = units.get(at + 1);
    let last = unit.comma.map_or(unit.range.end, |comma| comma + 1);
    let has_lines = indentation(editor, unit.range.start).is_some()
        && ends_line(behind(editor, last))
        && editor.line_of(last) == editor.line_of(unit.range.end)
        && (before.is_some() || next.is_some());
    if has_lines {
        let start = editor.line_range(editor.line_of(unit.range.start)).start;
        let end = editor.line_range(editor.line_of(last)).end;
        let feed = match editor.after(end) {
            rest if rest.starts_with("\r\n") => 2,
            rest => usize::from(rest.starts_with('\n')),
        };
        let mut edits = vec![cut(start..end + feed)];
        // The comma before the last one goes, unless the last one had its own.
        edits.extend(
            before
                .and_then(|before| before.comma)
                .filter(|_| next.is_none() && unit.comma.is_none())
                .map(|comma| cut(comma..comma + 1)),
        );
        return Ok(edits);
    }
    let range = match (before, next) {
        (_, Some(next)) => unit.range.start..next.range.start,
        (Some(before), None) => before.range.end..unit.range.end,
        (None, None) => {
            let span = editor.span(collection);
            span.start + 1..span.end.saturating_sub(1)
        }
    };
    // What stands in the child itself may be a text with `#`, and goes with it.
    let around = [range.start..unit.range.start, unit.range.end..range.end];
    let has_comment = |part: Range<usize>| {
        let text = editor.text.get(part).unwrap_or_default();
        text.contains(" #") || text.contains("\n#")
    };
    if around.into_iter().any(has_comment) {
        return Err(editor.layout(unit.range.start, "a comment between entries"));
    }
    Ok(vec![cut(range)])
}

/// Puts the first child into `{}`, `[]` or null.
pub(super) fn fill(editor: &Editor<'_, '_>, node: u32, new: &New<'_>) -> Result<Vec<Edit>, EditError> {
    let span = editor.span(node);
    let is_json = editor.is_json(node);
    let parent = editor.parent(node);
    let text = new.in_flow(is_json, parent.is_none_or(|parent| is_spaced(editor, parent)));
    let (open, close) = match new {
        New::Entry { .. } => ('{', '}'),
        New::Item { .. } => ('[', ']'),
    };
    // JSON on lines stays on lines.
    let indent = parent
        .and_then(|parent| editor.written(parent).into_iter().find(|child| child.node == node))
        .and_then(|child| indentation(editor, editor.span(child.first()).start));
    if is_json && let Some(indent) = indent {
        let outer = parent
            .and_then(|parent| indentation_of_closing(editor, parent))
            .unwrap_or_default();
        let unit = indent
            .strip_prefix(outer)
            .filter(|unit| !unit.is_empty())
            .unwrap_or("  ");
        let ending = editor.line_ending(span.start);
        let replacement = format!("{open}{ending}{indent}{unit}{text}{ending}{indent}{close}");
        return Ok(vec![Edit {
            range: span,
            replacement,
        }]);
    }
    if span.is_empty() {
        let before = editor.text.get(..span.start).unwrap_or_default();
        if !before.ends_with(':') {
            return Err(editor.layout(span.start, "a key without a colon"));
        }
        let replacement = format!(" {open}{text}{close}");
        return Ok(vec![Edit {
            range: span,
            replacement,
        }]);
    }
    let replacement = format!("{open}{text}{close}");
    Ok(vec![Edit {
        range: span,
        replacement,
    }])
}

fn indentation_of_closing<'t>(editor: &Editor<'t, '_>, collection: u32) -> Option<&'t str> {
    indentation(editor, editor.span(collection).end.saturating_sub(1))
}

/// What stands behind the commas of a collection on one line.
fn blank(editor: &Editor<'_, '_>, collection: u32, units: &[Unit]) -> String {
    let is_tight = match units {
        [first, second, ..] => first.comma.is_some_and(|comma| comma + 1 == second.range.start),
        _ => !is_spaced(editor, collection),
    };
    if is_tight && editor.is_json(collection) {
        String::new()
    } else {
        " ".to_owned()
    }
}

/// Whether a blank stands behind the colons of a mapping or, for lack of any, of what is around.
fn is_spaced(editor: &Editor<'_, '_>, collection: u32) -> bool {
    let mut at = Some(collection);
    while let Some(node) = at {
        if let Some(key) = editor.written(node).first().and_then(|child| child.key) {
            let rest = editor.after(editor.span(key).end);
            return rest
                .trim_ascii_start()
                .strip_prefix(':')
                .is_none_or(|rest| rest.starts_with([' ', '\t', '\r', '\n']));
        }
        at = editor.parent(node);
    }
    true
}

/// A value between brackets.
pub(super) fn value(value: &Value, is_json: bool) -> String {
    if is_json {
        return value.to_string();
    }
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(|item| self::value(item, false)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let entries = map.iter();
            let entries: Vec<String> = entries
                .map(|(key, item)| {
                    format!(
                        "{}: {}",
                        scalar(&Value::from(key.as_str()), false),
                        self::value(item, false)
                    )
                })
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        leaf => scalar(leaf, false),
    }
}

/// A scalar between brackets.
pub(super) fn scalar(value: &Value, is_json: bool) -> String {
    match value {
        Value::String(text) if !is_json && is_plain(text) => text.clone(),
        Value::String(text) if !is_json => Manner::double_quoted(text),
        other => other.to_string(),
    }
}

/// Whether a text needs no quotes between brackets.
pub(super) fn is_plain(text: &str) -> bool {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/' | '+' | '=' | '-' | '@' | '~');
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '/'))
        && text.chars().all(is_safe)
        && !text.starts_with("...")
        && Shape::of(text).plain
        && !is_typed(text)
}
