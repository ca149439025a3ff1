//! Edits of a text that has been read: values are replaced, entries and items come, go and move, every other byte stays.
//!
//! An [`Editor`] plans [`Edit`]s, all against the text as it was read, and [`Editor::apply`] makes them: it reads the new
//! text again and compares every document with what was meant. What cannot be edited without changing something else is
//! refused: what an alias repeats, what has a tag, and layouts that leave no place.

mod block;
mod flow;
mod replace;

use std::borrow::Cow;
use std::ops::Range;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::arena::{Arena, Data, widen};
use super::document::{Kind, Node, Stream};
use super::json::{Offsets, json_as_yaml};
use super::scalar::{Style, Tag};
use super::write::Manner;
use super::{Error, parse};
use crate::text::{self, Edit, LineIndex, Position};

/// Plans edits of one text.
#[derive(Debug)]
pub struct Editor<'s, 'a> {
    arena: &'s Arena<'a>,
    /// The text that is edited: the one that was read, or the JSON that it was rewritten from.
    text: &'s str,
    offsets: Offsets,
    lines: LineIndex,
    stream: &'s Stream<'a>,
    /// The collection of each node.
    parents: Vec<Option<u32>>,
    /// Aliases and the nodes that they repeat.
    aliases: Vec<(u32, u32)>,
    /// The first node of each document that is JSON.
    json: Vec<u32>,
    /// The text is JSON, and is rewritten before it is read.
    is_rewritten: bool,
}

/// Why a text is not edited.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// The key is there already.
    #[error("{position}: the mapping has the key `{key}` already")]
    Exists {
        /// Where the mapping begins.
        position: Position,
        /// The key.
        key: String,
    },
    /// The place is of another kind.
    #[error("{position}: expected {expected}")]
    Kind {
        /// Where.
        position: Position,
        /// What should stand there.
        expected: &'static str,
    },
    /// The way it is written leaves no place for the edit.
    #[error("{position}: {what}, which kship does not edit")]
    Layout {
        /// Where.
        position: Position,
        /// What stands there.
        what: &'static str,
    },
    /// More would change than was meant.
    #[error("the edit would change more than was meant, in document {document}")]
    Meaning {
        /// Which document, from one.
        document: usize,
    },
    /// There is no such entry or item.
    #[error("{position}: there is no {what} here")]
    Missing {
        /// Where the collection begins.
        position: Position,
        /// What is missing.
        what: String,
    },
    /// Two edits touch the same bytes.
    #[error(transparent)]
    Overlap(#[from] text::OverlappingEdits),
    /// An alias repeats what would change.
    #[error(
        "{position}: an alias repeats this, so that the edit would change several places: write it out there first"
    )]
    Shared {
        /// Where.
        position: Position,
    },
    /// A tag says how the value is read.
    #[error("{position}: the value has a tag, which kship does not edit")]
    Tagged {
        /// Where.
        position: Position,
    },
    /// The edited text cannot be read.
    #[error("the edited text cannot be read")]
    Unreadable(#[source] Error),
}

impl<'s, 'a> Editor<'s, 'a> {
    /// Prepares for edits of the text that was read.
    #[must_use]
    pub fn new(stream: &'s Stream<'a>) -> Self {
        Self::prepare(stream, stream.text(), Offsets::default())
    }

    /// Prepares for edits of the JSON that [`super::json_with_offsets`] rewrote before it was read.
    #[must_use]
    pub fn with_source(stream: &'s Stream<'a>, source: &'s str, offsets: Offsets) -> Self {
        Self::prepare(stream, source, offsets)
    }

    fn prepare(stream: &'s Stream<'a>, source: &'s str, offsets: Offsets) -> Self {
        let is_rewritten = source != stream.text() || is_json(source);
        let arena = &*stream.arena;
        let mut parents = vec![None; arena.nodes.len()];
        let mut aliases = Vec::new();
        for (index, node) in (0_u32..).zip(&arena.nodes) {
            match &node.data {
                Data::Alias(target) => aliases.push((index, *target)),
                Data::Scalar(_) => {}
                Data::Mapping | Data::Merged(_) | Data::Sequence => {
                    for child in arena.children(index) {
                        if let Some(slot) = parents.get_mut(widen(child)) {
                            *slot = Some(index);
                        }
                    }
                }
            }
        }
        let mut editor = Self {
            arena,
            text: source,
            offsets,
            lines: LineIndex::new(source),
            stream,
            parents,
            aliases,
            json: Vec::new(),
            is_rewritten,
        };
        let roots = stream.documents().iter().filter_map(|document| document.root);
        editor.json = roots.filter(|root| editor.is_json_document(*root)).collect();
        editor
    }

    /// What kubectl reads in every document; null where one is empty.
    ///
    /// Changed in the same way as the text, this is what [`Editor::apply`] compares with.
    #[must_use]
    pub fn values(&self) -> Vec<Value> {
        values(self.stream)
    }

    /// Replaces a scalar by another one.
    ///
    /// It keeps its quotes, or its lines, where the value allows it.
    ///
    /// # Errors
    /// One of the two is no scalar, it has a tag, or an alias repeats it.
    pub fn replace(&self, node: Node<'_, '_>, value: &Value) -> Result<Vec<Edit>, EditError> {
        self.check_owned(node.index)?;
        replace::scalar(self, node.index, value)
    }

    /// Puts an entry into a mapping, or into null, which becomes one: behind the entry `after`, else behind the last.
    ///
    /// # Errors
    /// The key is there already, `after` is not, or an alias repeats the mapping.
    pub fn insert_entry(
        &self,
        mapping: Node<'_, '_>,
        key: &str,
        value: &Value,
        after: Option<&str>,
    ) -> Result<Vec<Edit>, EditError> {
        self.check_owned(mapping.index)?;
        if !mapping.is_null() {
            self.check_kind(mapping, Kind::Mapping, "a mapping")?;
        }
        if mapping.get(key).is_some() {
            return Err(EditError::Exists {
                position: self.position(mapping.index),
                key: key.to_owned(),
            });
        }
        let children = self.written(mapping.index);
        let at = match after {
            Some(after) => self.entry(mapping, after)? + 1,
            None => children.len(),
        };
        self.insert(mapping.index, at, &New::Entry { key, value })
    }

    /// Removes an entry, with the comments that belong to it.
    ///
    /// # Errors
    /// It is not written there, or an alias elsewhere repeats a part of it.
    pub fn remove_entry(&self, mapping: Node<'_, '_>, key: &str) -> Result<Vec<Edit>, EditError> {
        self.check_owned(mapping.index)?;
        self.check_kind(mapping, Kind::Mapping, "a mapping")?;
        let at = self.entry(mapping, key)?;
        self.remove(mapping.index, at)
    }

    /// Puts an item into a sequence, or into null, which becomes one: before the item `index`, or behind the last.
    ///
    /// # Errors
    /// There are fewer items, or an alias repeats the sequence.
    pub fn insert_item(&self, sequence: Node<'_, '_>, index: usize, value: &Value) -> Result<Vec<Edit>, EditError> {
        self.check_owned(sequence.index)?;
        if !sequence.is_null() {
            self.check_kind(sequence, Kind::Sequence, "a sequence")?;
        }
        if index > self.written(sequence.index).len() {
            return Err(self.no_item(sequence.index, index));
        }
        self.insert(sequence.index, index, &New::Item { value })
    }

    /// Removes an item, with the comments that belong to it.
    ///
    /// # Errors
    /// There is none, or an alias elsewhere repeats a part of it.
    pub fn remove_item(&self, sequence: Node<'_, '_>, index: usize) -> Result<Vec<Edit>, EditError> {
        self.check_owned(sequence.index)?;
        self.check_kind(sequence, Kind::Sequence, "a sequence")?;
        if index >= self.written(sequence.index).len() {
            return Err(self.no_item(sequence.index, index));
        }
        self.remove(sequence.index, index)
    }

    /// Moves an item so that it has the index `to` afterwards.
    ///
    /// The comment lines directly above it and the comment that ends its line move with it.
    ///
    /// # Errors
    /// There are fewer items, or an alias ties it to another place.
    pub fn move_item(&self, sequence: Node<'_, '_>, from: usize, to: usize) -> Result<Vec<Edit>, EditError> {
        self.check_owned(sequence.index)?;
        self.check_kind(sequence, Kind::Sequence, "a sequence")?;
        let children = self.written(sequence.index);
        let Some(moved) = children.get(from).filter(|_| to < children.len()) else {
            return Err(self.no_item(sequence.index, from.max(to)));
        };
        self.check_untied(moved.node, true)?;
        if from == to {
            return Ok(Vec::new());
        }
        let mut regions = if self.is_flow(sequence.index) {
            flow::units(self, sequence.index)?
                .into_iter()
                .map(|unit| unit.range)
                .collect()
        } else {
            block::regions(self, sequence.index)?
        };
        let (low, high) = (from.min(to), from.max(to));
        let regions: Vec<Range<usize>> = regions.drain(low..=high).collect();
        let mut order: Vec<usize> = (0..regions.len()).collect();
        let moved = order.remove(from - low);
        order.insert(to - low, moved);
        let part = |range: Range<usize>| self.text.get(range).unwrap_or_default();
        let mut replacement = String::new();
        for (at, source) in order.into_iter().enumerate() {
            if let (Some(before), Some(here)) = (at.checked_sub(1).and_then(|at| regions.get(at)), regions.get(at)) {
                replacement.push_str(part(before.end..here.start));
            }
            replacement.push_str(regions.get(source).map_or("", |range| part(range.clone())));
        }
        let (Some(first), Some(last)) = (regions.first(), regions.last()) else {
            return Ok(Vec::new());
        };
        Ok(vec![Edit {
            range: first.start..last.end,
            replacement,
        }])
    }

    /// Makes the edits, reads the new text, and compares every document with what was meant: see [`Editor::values`].
    ///
    /// # Errors
    /// Something else would change, or the new text cannot be read. Nothing must be written then.
    pub fn apply(&self, edits: &[Edit], expected: &[Value]) -> Result<String, EditError> {
        let edited = text::apply(self.text, edits)?;
        let readable = if self.is_rewritten {
            json_as_yaml(&edited)
        } else {
            Cow::Borrowed(edited.as_str())
        };
        let stream = parse(&readable).map_err(EditError::Unreadable)?;
        let found = values(&stream);
        let differs = expected
            .iter()
            .zip(&found)
            .position(|(expected, found)| expected != found);
        let differs = differs.or_else(|| (found.len() != expected.len()).then(|| found.len().min(expected.len())));
        match differs {
            Some(at) => Err(EditError::Meaning { document: at + 1 }),
            None => Ok(edited),
        }
    }

    fn insert(&self, collection: u32, at: usize, new: &New<'_>) -> Result<Vec<Edit>, EditError> {
        if self.written(collection).is_empty() {
            return block::fill(self, collection, new);
        }
        if self.is_flow(collection) {
            flow::insert(self, collection, at, new)
        } else {
            block::insert(self, collection, at, new)
        }
    }

    fn remove(&self, collection: u32, at: usize) -> Result<Vec<Edit>, EditError> {
        let children = self.written(collection);
        if let Some(child) = children.get(at) {
            self.check_untied(child.first(), false)?;
            self.check_untied(child.node, false)?;
        }
        if self.is_flow(collection) {
            flow::remove(self, collection, at)
        } else {
            block::remove(self, collection, at)
        }
    }

    /// The entries or items as they are written, merge keys included.
    fn written(&self, collection: u32) -> Vec<Child> {
        let mut nodes = self.arena.children(collection);
        let is_mapping = self.is_mapping(collection);
        let mut children = Vec::new();
        while let Some(first) = nodes.next() {
            let (key, node) = match is_mapping.then(|| nodes.next()).flatten() {
                Some(value) => (Some(first), value),
                None => (None, first),
            };
            children.push(Child { key, node });
        }
        children
    }

    /// Which of the written entries has a key.
    fn entry(&self, mapping: Node<'_, '_>, key: &str) -> Result<usize, EditError> {
        let children = self.written(mapping.index);
        let is_it = |child: &Child| child.key.is_some_and(|at| self.arena.key_text(at) == key);
        children.iter().position(is_it).ok_or_else(|| EditError::Missing {
            position: self.position(mapping.index),
            what: format!("key `{key}`"),
        })
    }

    fn no_item(&self, sequence: u32, index: usize) -> EditError {
        EditError::Missing {
            position: self.position(sequence),
            what: format!("item {index}"),
        }
    }

    fn check_kind(&self, node: Node<'_, '_>, kind: Kind, expected: &'static str) -> Result<(), EditError> {
        if node.kind() == kind {
            return Ok(());
        }
        Err(EditError::Kind {
            position: self.position(node.index),
            expected,
        })
    }

    /// Refuses what an alias repeats: the node, or a collection around it.
    fn check_owned(&self, index: u32) -> Result<(), EditError> {
        let mut at = Some(index);
        while let Some(node) = at {
            if self.aliases.iter().any(|(_, target)| *target == node) {
                return Err(EditError::Shared {
                    position: self.position(index),
                });
            }
            at = self.parent(node);
        }
        Ok(())
    }

    /// Refuses a node whose anchors are used outside it; one that moves must not use others' either.
    fn check_untied(&self, index: u32, moves: bool) -> Result<(), EditError> {
        let end = self.arena.node(index).map_or(index, |node| node.next);
        let within = |node: u32| (index..end).contains(&node);
        let is_tie = |(alias, target): &(u32, u32)| match (within(*alias), within(*target)) {
            (false, true) => true,
            (true, false) => moves,
            _ => false,
        };
        if self.aliases.iter().any(is_tie) {
            return Err(EditError::Shared {
                position: self.position(index),
            });
        }
        Ok(())
    }

    fn parent(&self, index: u32) -> Option<u32> {
        self.parents.get(widen(index)).copied().flatten()
    }

    fn is_mapping(&self, index: u32) -> bool {
        let data = self.arena.node(index).map(|node| &node.data);
        matches!(data, Some(Data::Mapping | Data::Merged(_)))
    }

    fn is_collection(&self, index: u32) -> bool {
        self.is_mapping(index) || matches!(self.arena.node(index).map(|node| &node.data), Some(Data::Sequence))
    }

    /// The bytes of a node as it is written there, an alias included.
    fn span(&self, index: u32) -> Range<usize> {
        let span = self
            .arena
            .node(index)
            .map(super::arena::NodeData::span)
            .unwrap_or_default();
        self.offsets.original(span.start)..self.offsets.original(span.end)
    }

    /// Whether a collection is written between brackets, or within some.
    fn is_flow(&self, index: u32) -> bool {
        let mut at = Some(index);
        while let Some(node) = at {
            if self.is_collection(node) && self.after(self.span(node).start).starts_with(['{', '[']) {
                return true;
            }
            at = self.parent(node);
        }
        false
    }

    fn is_json_document(&self, root: u32) -> bool {
        let text = self.text.get(self.span(root)).unwrap_or_default();
        is_json(text)
    }

    /// Whether a node belongs to a document that is JSON.
    fn is_json(&self, index: u32) -> bool {
        let mut root = index;
        while let Some(parent) = self.parent(root) {
            root = parent;
        }
        self.json.contains(&root)
    }

    fn has_tag(&self, index: u32) -> bool {
        matches!(self.arena.node(index).map(|node| &node.data), Some(Data::Scalar(scalar)) if scalar.tag != Tag::Absent)
    }

    /// How new block collections are laid out: as the others of the text.
    fn manner(&self) -> Manner {
        let column = |index: u32| self.column(self.span(index).start).ok();
        let mut manner = Manner {
            is_kubectl: false,
            ..Manner::KUBECTL
        };
        let (mut indent, mut sequence_indent) = (None, None);
        for (index, node) in (0_u32..).zip(&self.arena.nodes) {
            let Some(parent) = self.parent(index).filter(|parent| self.is_mapping(*parent)) else {
                continue;
            };
            let slot = match node.data {
                Data::Mapping | Data::Merged(_) => &mut indent,
                Data::Sequence => &mut sequence_indent,
                _ => continue,
            };
            if slot.is_none() && !self.is_flow(index) {
                *slot = column(index)
                    .zip(column(parent))
                    .and_then(|(own, parent)| own.checked_sub(parent));
            }
            if indent.is_some() && sequence_indent.is_some() {
                break;
            }
        }
        manner.indent = indent.filter(|indent| *indent > 0).unwrap_or(manner.indent);
        manner.sequence_indent = sequence_indent.unwrap_or(manner.sequence_indent);
        manner
    }

    fn position(&self, index: u32) -> Position {
        self.lines.position(self.text, self.span(index).start)
    }

    fn layout(&self, offset: usize, what: &'static str) -> EditError {
        EditError::Layout {
            position: self.lines.position(self.text, offset),
            what,
        }
    }

    fn after(&self, offset: usize) -> &'s str {
        self.text.get(offset..).unwrap_or_default()
    }

    fn line_range(&self, line: usize) -> Range<usize> {
        let range = self.lines.line_range(self.text, line);
        let mark = if line == 0 && self.text.starts_with('\u{feff}') {
            3
        } else {
            0
        };
        range.start + mark..range.end.max(range.start + mark)
    }

    fn line_of(&self, offset: usize) -> usize {
        self.lines.line_of(offset)
    }

    /// The text of a line; `None` behind the last.
    fn line(&self, line: usize) -> Option<&'s str> {
        let range = self.line_range(line);
        let is_there = line == 0 || range.start < self.text.len();
        self.text.get(range).filter(|_| is_there)
    }

    /// The column of a block collection, in bytes from the start of the line: only `-` and blanks stand before it.
    fn column(&self, offset: usize) -> Result<usize, EditError> {
        let start = self.line_range(self.line_of(offset)).start;
        let before = self.text.get(start..offset).unwrap_or_default();
        let own = before.find(|c| !matches!(c, ' ' | '-')).unwrap_or(before.len());
        // An anchor or a tag before the first key begins the collection.
        let is_plain = before
            .get(own..)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['&', '!']));
        if is_plain && !before.starts_with("---") {
            Ok(own)
        } else {
            Err(self.layout(offset, "a collection that begins behind other text"))
        }
    }

    /// The line ending of the line of an offset, or of the text.
    fn line_ending(&self, offset: usize) -> &'static str {
        let end = self.line_range(self.line_of(offset)).end;
        let rest = self.after(end);
        if rest.starts_with("\r\n") || (rest.is_empty() && self.text.contains("\r\n")) {
            "\r\n"
        } else {
            "\n"
        }
    }
}

/// An entry or an item as it is written.
#[derive(Clone, Copy, Debug)]
struct Child {
    key: Option<u32>,
    node: u32,
}

impl Child {
    fn first(&self) -> u32 {
        self.key.unwrap_or(self.node)
    }
}

/// What is inserted.
enum New<'v> {
    Entry { key: &'v str, value: &'v Value },
    Item { value: &'v Value },
}

impl New<'_> {
    /// In block style, on lines that end as `ending` says.
    fn in_block(&self, manner: &Manner, column: usize, ending: &str) -> String {
        let text = match self {
            Self::Entry { key, value } => manner.entry(key, value, column),
            Self::Item { value } => manner.item(value, column),
        };
        if ending == "\n" {
            text
        } else {
            text.replace('\n', ending)
        }
    }

    /// Between brackets.
    fn in_flow(&self, is_json: bool, spaced: bool) -> String {
        match self {
            Self::Entry { key, value } => {
                let key = flow::scalar(&Value::from(*key), is_json);
                let blank = if spaced || !is_json { " " } else { "" };
                format!("{key}:{blank}{}", flow::value(value, is_json))
            }
            Self::Item { value } => flow::value(value, is_json),
        }
    }
}

fn values(stream: &Stream<'_>) -> Vec<Value> {
    let documents = stream.documents().iter();
    documents
        .map(|document| document.root().map_or(Value::Null, Node::to_json))
        .collect()
}

/// Whether all of a text is one JSON value.
fn is_json(text: &str) -> bool {
    text.trim_ascii_start().starts_with(['{', '[']) && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Whether blank lines behind a block scalar are a part of its value.
fn keeps_blank_lines(style: Style, value: &str) -> bool {
    let tail = value.trim_end_matches(['\n', ' ', '\t']);
    let tail = value
        .get(tail.len()..)
        .unwrap_or_default()
        .trim_start_matches([' ', '\t']);
    matches!(style, Style::Literal | Style::Folded) && (!matches!(tail, "" | "\n") || value.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests;
