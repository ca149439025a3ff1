//! The documents of a stream, and handles to their nodes.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::arena::{Arena, Data, NodeData};
use super::comment::Lines;
use super::scalar::{Resolved, Scalar};

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
