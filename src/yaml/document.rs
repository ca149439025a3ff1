//! The tree: one arena for the stream, and handles into it.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::scalar::{Resolved, Scalar, Style};

/// The documents of a text.
#[derive(Debug)]
pub struct Stream<'a> {
    pub(super) text: &'a str,
    pub(super) documents: Vec<Document<'a>>,
    pub(super) arena: Arc<Arena<'a>>,
    pub(super) lines: OnceLock<Lines>,
}

/// One document of a stream.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    pub(super) arena: Arc<Arena<'a>>,
    pub(super) root: Option<u32>,
    pub(super) span: Range<usize>,
}

/// A node of a document: a scalar, a sequence or a mapping.
///
/// An alias is the node that it names, so a node can be met in several places. A merge key (`<<`) is never met: what it
/// brings stands among the entries.
#[derive(Clone, Copy, Debug)]
pub struct Node<'d, 'a> {
    arena: &'d Arena<'a>,
    index: u32,
}

/// What a node is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// Text, a number, a truth value or null.
    Scalar,
    /// A list.
    Sequence,
    /// Keys with values.
    Mapping,
}

/// A key of a mapping, as kubectl turns it into text: `y` is `true`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Key<'d> {
    /// The text.
    pub text: &'d str,
    /// Bytes of the key in the text, quotes included.
    pub span: Range<usize>,
}

/// Every node of a stream in the order of the text, a collection before its children.
#[derive(Debug, Default)]
pub(super) struct Arena<'a> {
    pub(super) nodes: Vec<NodeData<'a>>,
    /// Keys that kubectl does not read as written, ordered by node.
    pub(super) keys: Vec<(u32, Box<str>)>,
    /// The entries (key, value) of mappings with a merge key.
    pub(super) merged: Vec<Box<[(u32, u32)]>>,
}

#[derive(Debug)]
pub(super) struct NodeData<'a> {
    pub(super) data: Data<'a>,
    pub(super) start: u32,
    pub(super) end: u32,
    /// The node behind this one and its children.
    pub(super) next: u32,
}

#[derive(Debug)]
pub(super) enum Data<'a> {
    Alias(u32),
    Mapping,
    /// Index into [`Arena::merged`].
    Merged(u32),
    Scalar(Scalar<'a>),
    Sequence,
}

impl<'a> Stream<'a> {
    /// The documents, in order; one without content has no root.
    #[must_use]
    pub fn documents(&self) -> &[Document<'a>] {
        &self.documents
    }

    /// The text that was read.
    #[must_use]
    pub fn text(&self) -> &'a str {
        self.text
    }

    /// The comment that ends a line (counted from zero), or is all of it: what stands behind its `#`, trimmed.
    #[must_use]
    pub fn comment(&self, line0: usize) -> Option<&'a str> {
        let lines = self.lines.get_or_init(|| Lines::new(self.text, &self.arena));
        lines.comment(self.text, line0)
    }
}

impl<'a> Document<'a> {
    /// The outermost node; `None` where the document has no content.
    #[must_use]
    pub fn root(&self) -> Option<Node<'_, 'a>> {
        self.root.map(|index| Node::new(&self.arena, index))
    }

    /// Bytes of the document, without the lines that separate it from others.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

impl<'d, 'a> Node<'d, 'a> {
    pub(super) fn new(arena: &'d Arena<'a>, index: u32) -> Self {
        Self {
            arena,
            index: arena.follow(index),
        }
    }

    fn data(self) -> Option<&'d NodeData<'a>> {
        self.arena.node(self.index)
    }

    /// What it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self.data().map(|node| &node.data) {
            Some(Data::Mapping | Data::Merged(_)) => Kind::Mapping,
            Some(Data::Sequence) => Kind::Sequence,
            Some(Data::Scalar(_) | Data::Alias(_)) | None => Kind::Scalar,
        }
    }

    /// Its bytes in the text: quotes included, tag and anchor not. Of an alias, those of the node that it names.
    #[must_use]
    pub fn span(self) -> Range<usize> {
        self.data().map(NodeData::span).unwrap_or_default()
    }

    /// The scalar that it is.
    #[must_use]
    pub fn scalar(self) -> Option<&'d Scalar<'a>> {
        match &self.data()?.data {
            Data::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Its text, if kubectl reads a string there: `1.25`, `yes`, `null` and `~` without quotes are none.
    #[must_use]
    pub fn as_str(self) -> Option<&'d str> {
        self.scalar()
            .filter(|scalar| scalar.is_string())
            .map(|scalar| scalar.value.as_ref())
    }

    /// Whether it is null: nothing, `~` or `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.scalar()
            .is_some_and(|scalar| scalar.resolve() == Some(Resolved::Null))
    }

    /// The value of a key, as kubectl reads the key.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Self> {
        self.pairs()
            .find(|&(at, _)| self.arena.key_text(at) == key)
            .map(|(_, value)| Self::new(self.arena, value))
    }

    /// The entries of a mapping, those that `<<` brings among them; of anything else, none.
    pub fn entries(self) -> impl Iterator<Item = (Key<'d>, Self)> + use<'d, 'a> {
        self.pairs().map(move |(key, value)| {
            let span = self.arena.node(key).map(NodeData::span).unwrap_or_default();
            let text = self.arena.key_text(key);
            (Key { text, span }, Self::new(self.arena, value))
        })
    }

    /// The items of a sequence; of anything else, none.
    pub fn items(self) -> impl Iterator<Item = Self> + use<'d, 'a> {
        let is_sequence = self.kind() == Kind::Sequence;
        let arena = self.arena;
        arena
            .children(self.index)
            .take_while(move |_| is_sequence)
            .map(move |index| Self::new(arena, index))
    }

    fn pairs(self) -> impl Iterator<Item = (u32, u32)> + use<'d, 'a> {
        self.arena.pairs(self.index)
    }
}

impl NodeData<'_> {
    pub(super) fn span(&self) -> Range<usize> {
        widen(self.start)..widen(self.end)
    }
}

impl<'a> Arena<'a> {
    pub(super) fn node(&self, index: u32) -> Option<&NodeData<'a>> {
        self.nodes.get(widen(index))
    }

    /// The node itself, or the one that an alias names.
    pub(super) fn follow(&self, index: u32) -> u32 {
        match self.node(index).map(|node| &node.data) {
            Some(Data::Alias(target)) => *target,
            _ => index,
        }
    }

    pub(super) fn children(&self, index: u32) -> Children<'_, 'a> {
        let end = self.node(index).map_or(0, |node| node.next);
        Children {
            arena: self,
            at: index + 1,
            end,
        }
    }

    /// The effective entries of a mapping.
    pub(super) fn pairs(&self, index: u32) -> Pairs<'_, 'a> {
        match self.node(index).map(|node| &node.data) {
            Some(Data::Mapping) => Pairs::Written(self.children(index)),
            Some(&Data::Merged(at)) => Pairs::Merged(self.merged.get(widen(at)).map_or(&[][..], |pairs| pairs).iter()),
            _ => Pairs::Merged([].iter()),
        }
    }

    /// The text of a key.
    pub(super) fn key_text(&self, index: u32) -> &str {
        let Some(node) = self.node(index) else { return "" };
        match &node.data {
            Data::Scalar(scalar) if !scalar.typed_key => &scalar.value,
            Data::Alias(target) => match self.typed_key(index) {
                Some(text) => text,
                None => match self.node(*target).map(|node| &node.data) {
                    Some(Data::Scalar(scalar)) => &scalar.value,
                    _ => "",
                },
            },
            _ => self.typed_key(index).unwrap_or(""),
        }
    }

    fn typed_key(&self, index: u32) -> Option<&str> {
        let at = self.keys.binary_search_by_key(&index, |(key, _)| *key).ok()?;
        self.keys.get(at).map(|(_, text)| text.as_ref())
    }
}

/// The children of a collection as written: for a mapping, keys and values by turns.
pub(super) struct Children<'d, 'a> {
    arena: &'d Arena<'a>,
    at: u32,
    end: u32,
}

impl Iterator for Children<'_, '_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.at >= self.end {
            return None;
        }
        let index = self.at;
        self.at = self.arena.node(index)?.next;
        Some(index)
    }
}

pub(super) enum Pairs<'d, 'a> {
    Merged(std::slice::Iter<'d, (u32, u32)>),
    Written(Children<'d, 'a>),
}

impl Iterator for Pairs<'_, '_> {
    type Item = (u32, u32);

    fn next(&mut self) -> Option<(u32, u32)> {
        match self {
            Self::Merged(pairs) => pairs.next().copied(),
            Self::Written(children) => Some((children.next()?, children.next()?)),
        }
    }
}

/// Where lines begin, and which scalars hold a `#` that begins no comment.
#[derive(Debug)]
pub(super) struct Lines {
    index: crate::text::LineIndex,
    scalars: Vec<Range<usize>>,
}

impl Lines {
    fn new(text: &str, arena: &Arena<'_>) -> Self {
        let mut scalars: Vec<Range<usize>> = arena
            .nodes
            .iter()
            .filter(|node| matches!(&node.data, Data::Scalar(scalar) if scalar.style != Style::Plain))
            .map(NodeData::span)
            .filter(|span| text.get(span.clone()).is_some_and(|content| content.contains('#')))
            .collect();
        scalars.sort_unstable_by_key(|span| span.start);
        Self {
            index: crate::text::LineIndex::new(text),
            scalars,
        }
    }

    fn comment<'a>(&self, text: &'a str, line0: usize) -> Option<&'a str> {
        let range = self.index.line_range(text, line0);
        let line = text.get(range.clone())?;
        let line = line.strip_prefix('\u{feff}').unwrap_or(line);
        let start = range.end - line.len();
        line.match_indices('#')
            .filter(|&(at, _)| at == 0 || line.get(..at).is_some_and(|before| before.ends_with([' ', '\t'])))
            .find(|&(at, _)| !self.is_content(start + at))
            .and_then(|(at, _)| line.get(at + 1..))
            .map(str::trim)
    }

    fn is_content(&self, offset: usize) -> bool {
        let after = self.scalars.partition_point(|span| span.start <= offset);
        after
            .checked_sub(1)
            .and_then(|at| self.scalars.get(at))
            .is_some_and(|span| span.contains(&offset))
    }
}

/// An index or offset of the arena as the standard library counts.
pub(super) fn widen(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
