//! Entries and items that stand on lines of their own.

use std::ops::Range;

use super::{Child, EditError, Editor, New, keeps_blank_lines};
use crate::text::Edit;
use crate::yaml::arena::Data;
use crate::yaml::scalar::Style;

/// Puts something before the child `at`, or behind the last.
pub(super) fn insert(
    editor: &Editor<'_, '_>,
    collection: u32,
    at: usize,
    new: &New<'_>,
) -> Result<Vec<Edit>, EditError> {
    let regions = regions(editor, collection)?;
    let column = column(editor, collection)?;
    let mut manner = editor.manner();
    // Entries go behind another one; a first item goes before the others.
    let (offset, text) = match at.checked_sub(1).and_then(|before| regions.get(before)) {
        Some(before) => {
            let ending = editor.line_ending(before.end);
            manner.literals = !editor.after(before.end).is_empty();
            let text = new.in_block(&manner, column, ending);
            (before.end, format!("{ending}{}{text}", " ".repeat(column)))
        }
        None => {
            let first = regions.first().map_or(0, |region| region.start);
            let ending = editor.line_ending(first);
            let text = new.in_block(&manner, column, ending);
            (first, format!("{text}{ending}{}", " ".repeat(column)))
        }
    };
    Ok(vec![Edit {
        range: offset..offset,
        replacement: text,
    }])
}

/// Removes the lines of a child; what is left without any becomes `{}` or `[]`.
pub(super) fn remove(editor: &Editor<'_, '_>, collection: u32, at: usize) -> Result<Vec<Edit>, EditError> {
    let regions = regions(editor, collection)?;
    let Some(region) = regions.get(at).cloned() else {
        return Ok(Vec::new());
    };
    if regions.len() == 1 {
        return empty(editor, collection, region);
    }
    let cut = |range| {
        Ok(vec![Edit {
            range,
            replacement: String::new(),
        }])
    };
    let line = editor.line_range(editor.line_of(region.start));
    let is_indented = editor
        .text
        .get(line.start..region.start)
        .is_some_and(|before| before.trim_matches(' ').is_empty());
    if !is_indented {
        // It shares its line with what is around: the next one takes its place.
        return match regions.get(at + 1) {
            Some(next)
                if editor
                    .text
                    .get(region.end..next.start)
                    .is_some_and(|gap| gap.trim_ascii().is_empty()) =>
            {
                cut(region.start..next.start)
            }
            _ => Err(editor.layout(region.start, "an item that shares its line")),
        };
    }
    let rest = editor.after(region.end);
    if rest.is_empty() {
        // The line feed before it goes, so that the text still ends without one.
        let before = editor.text.get(..line.start).unwrap_or_default();
        let before = before.strip_suffix('\n').unwrap_or(before);
        let before = before.strip_suffix('\r').unwrap_or(before);
        return cut(before.len()..region.end);
    }
    let feed = if rest.starts_with("\r\n") { 2 } else { 1 };
    cut(line.start..region.end + feed)
}

/// Puts the first child into `{}`, `[]` or null.
pub(super) fn fill(editor: &Editor<'_, '_>, node: u32, new: &New<'_>) -> Result<Vec<Edit>, EditError> {
    if editor.has_tag(node) {
        return Err(EditError::Tagged {
            position: editor.position(node),
        });
    }
    let parent = editor.parent(node);
    let is_json = editor.is_json(node);
    let span = editor.span(node);
    let is_null = !editor.is_collection(node);
    if is_json || parent.is_some_and(|parent| editor.is_flow(parent)) {
        return super::flow::fill(editor, node, new);
    }
    let manner = editor.manner();
    let Some(parent) = parent else {
        if is_null && span.is_empty() {
            return Err(editor.layout(span.start, "a document without content"));
        }
        let ending = editor.line_ending(span.start);
        let replacement = new.in_block(&manner, 0, ending);
        return Ok(vec![Edit {
            range: span,
            replacement,
        }]);
    };
    if !editor.is_mapping(parent) {
        let dashes = dashes(editor, parent)?;
        let at = editor.written(parent).iter().position(|child| child.node == node);
        let dash = at.and_then(|at| dashes.get(at)).copied().unwrap_or(span.start);
        let range = if span.is_empty() { dash + 1..dash + 1 } else { span };
        let column = column(editor, parent)? + 2;
        let ending = editor.line_ending(dash);
        let blank = if range.start == dash + 1 { " " } else { "" };
        let replacement = format!("{blank}{}", new.in_block(&manner, column, ending));
        return Ok(vec![Edit { range, replacement }]);
    }
    let column = column(editor, parent)?
        + match new {
            New::Entry { .. } => manner.indent,
            New::Item { .. } => manner.sequence_indent,
        };
    let line = editor.line_range(editor.line_of(span.start));
    let ending = editor.line_ending(span.start);
    let mut manner = manner;
    manner.literals = !editor.after(line.end).is_empty();
    let text = new.in_block(&manner, column, ending);
    let before = editor.text.get(..span.start).unwrap_or_default();
    let mut edits = vec![Edit {
        range: line.end..line.end,
        replacement: format!("{ending}{}{text}", " ".repeat(column)),
    }];
    if !span.is_empty() {
        edits.push(Edit {
            range: before.trim_end_matches([' ', '\t']).len()..span.end,
            replacement: String::new(),
        });
    }
    Ok(edits)
}

/// Writes `{}` or `[]` where the only child goes.
fn empty(editor: &Editor<'_, '_>, collection: u32, region: Range<usize>) -> Result<Vec<Edit>, EditError> {
    let nothing = if editor.is_mapping(collection) { "{}" } else { "[]" };
    let replace = |range, text: String| Edit {
        range,
        replacement: text,
    };
    let line = editor.line_range(editor.line_of(region.start));
    let shares = editor
        .text
        .get(line.start..region.start)
        .is_some_and(|before| !before.trim_matches(' ').is_empty());
    let key = editor
        .parent(collection)
        .filter(|parent| editor.is_mapping(*parent))
        .and_then(|parent| {
            let children = editor.written(parent);
            let child: Option<Child> = children.into_iter().find(|child| child.node == collection);
            child?.key
        });
    let (Some(key), false) = (key, shares) else {
        return Ok(vec![replace(region, nothing.to_owned())]);
    };
    let key_end = editor.span(key).end;
    let key_line = editor.line_range(editor.line_of(key_end));
    let behind = editor.text.get(key_end..key_line.end).unwrap_or_default();
    let code = behind.find(" #").or_else(|| behind.find("\t#")).unwrap_or(behind.len());
    let at = key_end + behind.get(..code).unwrap_or_default().trim_ascii_end().len();
    // The line feed before the child goes with it.
    let from = editor.text.get(..line.start).unwrap_or_default();
    let from = from.strip_suffix('\n').unwrap_or(from);
    let from = from.strip_suffix('\r').unwrap_or(from).len();
    if from < at {
        return Err(editor.layout(region.start, "a collection that shares its line"));
    }
    Ok(vec![
        replace(at..at, format!(" {nothing}")),
        replace(from..region.end, String::new()),
    ])
}

/// The column of the children.
fn column(editor: &Editor<'_, '_>, collection: u32) -> Result<usize, EditError> {
    let start = if editor.is_mapping(collection) {
        let first = editor.written(collection).first().map(Child::first);
        first.map_or(0, |first| editor.span(first).start)
    } else {
        editor.span(collection).start
    };
    editor.column(start)
}

/// The bytes of each child, without the blanks before it and the line feed behind it: the comments directly above it, its
/// lines, the comment that ends them, and the comments below that are indented deeper.
pub(super) fn regions(editor: &Editor<'_, '_>, collection: u32) -> Result<Vec<Range<usize>>, EditError> {
    let column = column(editor, collection)?;
    let children = editor.written(collection);
    let starts = if editor.is_mapping(collection) {
        children.iter().map(|child| editor.span(child.first()).start).collect()
    } else {
        dashes(editor, collection)?
    };
    for child in &children {
        check_end(editor, child)?;
    }
    let is_root = editor.parent(collection).is_none();
    let mut regions: Vec<Range<usize>> = Vec::new();
    for (at, (child, start)) in children.iter().zip(starts).enumerate() {
        let line = editor.line_of(start);
        let own = editor.line_range(line).start;
        let before = editor.text.get(own..start).unwrap_or_default();
        let shares = !before.trim_matches(' ').is_empty();
        let anchored = at == 0 || before.trim_start_matches(' ').starts_with(['&', '!']);
        if shares && !anchored {
            return Err(editor.layout(start, "an entry that shares its line"));
        }
        let start = own + column;
        // The comments at the top of a document belong to all of it.
        let top = if shares || (is_root && at == 0) {
            line
        } else {
            above(editor, line, column)
        };
        let top = if top == line {
            start
        } else {
            editor.line_range(top).start + column
        };
        regions.push(top..end(editor, child, start, column));
    }
    Ok(regions)
}

/// The first of the comment lines directly above a line.
fn above(editor: &Editor<'_, '_>, line: usize, column: usize) -> usize {
    let mut top = line;
    while let Some(before) = top.checked_sub(1) {
        if !is_comment(editor, before, |indent| indent == column) {
            break;
        }
        top = before;
    }
    top
}

fn is_comment(editor: &Editor<'_, '_>, line: usize, fits: impl Fn(usize) -> bool) -> bool {
    let Some(text) = editor.line(line) else { return false };
    let content = text.trim_ascii_start();
    content.starts_with('#') && fits(text.len() - content.len()) && editor.stream.comment(line).is_some()
}

/// Refuses what ends with a block scalar of blank lines only, whose place the parser does not tell.
fn check_end(editor: &Editor<'_, '_>, child: &Child) -> Result<(), EditError> {
    match last_leaf(editor, child) {
        Some(Data::Scalar(scalar))
            if matches!(scalar.style, Style::Literal | Style::Folded) && scalar.content.is_empty() =>
        {
            let offset = editor.span(child.first()).start;
            Err(editor.layout(offset, "a block scalar without text"))
        }
        _ => Ok(()),
    }
}

/// What is written last in a child.
fn last_leaf<'s, 'a>(editor: &Editor<'s, 'a>, child: &Child) -> Option<&'s Data<'a>> {
    let next = editor.arena.node(child.node)?.next;
    editor.arena.node(next.saturating_sub(1)).map(|node| &node.data)
}

/// Where the lines of a child end.
fn end(editor: &Editor<'_, '_>, child: &Child, start: usize, column: usize) -> usize {
    let key = child.key.map_or(start, |key| editor.span(key).end);
    let mut line = editor.line_of(key.max(editor.span(child.node).end));
    let is_blank = |line: usize| editor.line(line).is_some_and(|text| text.trim_ascii().is_empty());
    if matches!(last_leaf(editor, child), Some(Data::Scalar(scalar)) if keeps_blank_lines(scalar.style, &scalar.value))
    {
        while is_blank(line + 1) {
            line += 1;
        }
    }
    while is_comment(editor, line + 1, |indent| indent > column) {
        line += 1;
    }
    editor.line_range(line).end
}

/// Where the `-` of each item stands.
fn dashes(editor: &Editor<'_, '_>, sequence: u32) -> Result<Vec<usize>, EditError> {
    let start = editor.span(sequence).start;
    let column = editor.column(start)?;
    let unknown = |offset| editor.layout(offset, "a sequence whose items kship does not find");
    if !editor.after(start).starts_with('-') {
        return Err(unknown(start));
    }
    let mut dashes: Vec<usize> = Vec::new();
    let mut done = start;
    for child in editor.written(sequence) {
        check_end(editor, &child)?;
        let dash = match dashes.last() {
            None => start,
            Some(_) => {
                let mut line = editor.line_of(done) + 1;
                loop {
                    let text = editor.line(line).ok_or_else(|| unknown(done))?;
                    let indent = text.len() - text.trim_start_matches(' ').len();
                    let rest = text.get(indent..).unwrap_or_default();
                    let is_dash = rest
                        .strip_prefix('-')
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
                    if indent == column && is_dash {
                        break editor.line_range(line).start + indent;
                    }
                    line += 1;
                }
            }
        };
        dashes.push(dash);
        let span = editor.span(child.node);
        done = if span.is_empty() {
            dash + 1
        } else {
            span.end.max(dash + 1)
        };
    }
    Ok(dashes)
}
