//! A scalar takes another value.

use serde_json::Value;

use super::{EditError, Editor, flow};
use crate::text::Edit;
use crate::yaml::arena::Data;
use crate::yaml::scalar::{Scalar, Style};
use crate::yaml::write::{Manner, Shape, is_typed};

/// Replaces the scalar `index`.
pub(super) fn scalar(editor: &Editor<'_, '_>, index: u32, value: &Value) -> Result<Vec<Edit>, EditError> {
    let kind = |expected| EditError::Kind {
        position: editor.position(index),
        expected,
    };
    let Some(Data::Scalar(old)) = editor.arena.node(index).map(|node| &node.data) else {
        return Err(kind("a scalar"));
    };
    if value.is_array() || value.is_object() {
        return Err(kind("a scalar as the new value"));
    }
    if editor.has_tag(index) {
        return Err(EditError::Tagged {
            position: editor.position(index),
        });
    }
    let mut range = editor.span(index);
    let in_flow = editor.parent(index).is_some_and(|parent| editor.is_flow(parent));
    let is_json = editor.is_json(index);
    if matches!(old.style, Style::Literal | Style::Folded) {
        if old.content.is_empty() {
            return Err(editor.layout(range.start, "a block scalar without text"));
        }
        if let Some(replacement) = value.as_str().and_then(|text| lines(editor, old, text)) {
            let range = old.content.clone();
            return Ok(vec![Edit { range, replacement }]);
        }
        range.start = header(editor, old)
            .ok_or_else(|| editor.layout(range.start, "a block scalar whose beginning kship does not find"))?;
    }
    let text = match value {
        Value::String(text) if !is_json => string(text, old.style, in_flow),
        other => other.to_string(),
    };
    let before = editor.text.get(..range.start).unwrap_or_default();
    let replacement = if !range.is_empty() {
        text
    } else if before.ends_with([':', '-']) {
        format!(" {text}")
    } else {
        return Err(editor.layout(range.start, "nothing where a value was expected"));
    };
    Ok(vec![Edit { range, replacement }])
}

/// A string in a style that can hold it, the old one if possible.
fn string(text: &str, old: Style, in_flow: bool) -> String {
    let shape = Shape::of(text);
    let is_line = !text.contains(['\n', '\r', '\t', '\u{85}', '\u{2028}', '\u{2029}']);
    let is_plain = is_line && !text.is_empty() && shape.plain && !is_typed(text) && (!in_flow || flow::is_plain(text));
    match old {
        Style::Plain if is_plain => text.to_owned(),
        Style::SingleQuoted if is_line && shape.single_quoted => format!("'{}'", text.replace('\'', "''")),
        _ => Manner::double_quoted(text),
    }
}

/// The lines of a block scalar that keeps its header.
fn lines(editor: &Editor<'_, '_>, old: &Scalar<'_>, text: &str) -> Option<String> {
    let start = header(editor, old)?;
    let first = editor.line_range(editor.line_of(old.content.start)).start;
    let header = editor.text.get(start..first)?;
    let indicators = header.split([' ', '\t', '\r', '\n']).next()?;
    let indent = editor.text.get(first..old.content.start)?;
    let feeds = |text: &str| text.len() - text.trim_end_matches('\n').len();
    let body = text.trim_end_matches('\n');
    let is_simple = |line: &str| line.trim_ascii() == line && line.chars().all(|c| c != '\t' && !c.is_control());
    let fits = !indicators.contains(|c: char| c.is_ascii_digit())
        && indent.trim_matches(' ').is_empty()
        && header.matches('\n').count() == 1
        && !body.is_empty()
        && feeds(text) == feeds(&old.value)
        && !old.value.ends_with([' ', '\t'])
        && Shape::of(body).single_quoted
        && body.split('\n').all(is_simple)
        // A folded text has other line feeds than its lines.
        && (old.style == Style::Literal || !body.contains('\n'));
    if !fits {
        return None;
    }
    let separator = format!("{}{indent}", editor.line_ending(old.content.start));
    Some(body.split('\n').collect::<Vec<_>>().join(&separator))
}

/// Where the `|` or `>` of a block scalar stands.
fn header(editor: &Editor<'_, '_>, old: &Scalar<'_>) -> Option<usize> {
    let before = editor.text.get(..old.content.start)?;
    let at = before.trim_ascii_end().len();
    let line = editor.line_range(editor.line_of(at));
    let text = editor.text.get(line.start..line.end)?;
    let is_header = |at: usize, rest: &str| {
        let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-'));
        let after = rest.trim_ascii_start();
        let begins = at == 0 || text.get(..at).is_some_and(|before| before.ends_with([' ', '\t']));
        begins && (after.is_empty() || (after.starts_with('#') && after.len() < rest.len()))
    };
    let mut found = text.match_indices(['|', '>']);
    let (at, _) = found.find(|(at, _)| is_header(*at, text.get(at + 1..).unwrap_or_default()))?;
    Some(line.start + at)
}
