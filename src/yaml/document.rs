//! The documents of a stream, and handles to their nodes.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::arena::{Arena, Data, NodeData};
use super::comment::Comments;
use super::scalar::{Resolved, Scalar};

/// The documents of a text.
#[derive(Debug)]
pub struct Stream<'a> {
    pub(super) text: &'a str,
    pub(super) documents: Vec<Document<'a>>,
    pub(super) arena: Arc<Arena<'a>>,
    pub(super) comments: OnceLock<Comments>,
}

/// One document of a stream.
#[derive(Clone, Debug)]
pub struct Document<'a> {
    pub(super) arena: Arc<Arena<'a>>,
    pub(super) root: Option<u32>,
    pub(super) span: Range<usize>,
}

/// The first document of a text, and what is twice in it.
#[derive(Debug)]
pub struct First<'a> {
    /// The text up to where the document ends.
    pub stream: Stream<'a>,
    /// Keys that are set already, in the order in which go-yaml tells them.
    pub duplicates: Vec<Duplicate>,
    /// The byte where the document ends: at the end of the text, or at `---` or `...`.
    pub end: usize,
}

/// A key that is set already in its mapping.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Duplicate {
    /// The key.
    pub text: String,
    /// Whether the key is a string, and not a number or a truth value.
    pub is_string: bool,
    /// Bytes of the key.
    pub key: Range<usize>,
    /// Bytes of its value.
    pub value: Range<usize>,
}

impl<'a> First<'a> {
    /// The outermost node; `None` where the document has no content.
    #[must_use]
    pub fn root(&self) -> Option<Node<'_, 'a>> {
        self.stream.documents.iter().find_map(Document::root)
    }
}

/// A node of a document: a scalar, a sequence or a mapping.
///
/// An alias is the node that it names, so a node can be met in several places. A merge key (`<<`) is never met: what it
/// brings stands among the entries.
#[derive(Clone, Copy, Debug)]
pub struct Node<'d, 'a> {
    arena: &'d Arena<'a>,
    pub(super) index: u32,
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
    ///
    /// The first call finds the comments of the whole text; each call then is a search among them.
    #[must_use]
    pub fn comment(&self, line0: usize) -> Option<&'a str> {
        let comments = self.comments.get_or_init(|| Comments::new(self.text, &self.arena));
        comments.of(self.text, line0)
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
    ///
    /// This looks at the entries one by one: of a mapping with many keys of interest, go through [`Node::entries`] once.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::{Style, parse};

    fn root<'d, 'a>(stream: &'d Stream<'a>) -> Node<'d, 'a> {
        stream.documents()[0].root().unwrap()
    }

    #[test]
    fn spans_cover_a_node_without_tag_anchor_and_comment() {
        let text = "\u{feff}ä: &x !!str nginx:1 # c\r\nb: 'x''y' \r\nc: [ \"z\" , {d: e} ] # f\r\ng:\r\n- h: i\r\n  j:\r\n# k\r\n";
        let stream = parse(text).unwrap();
        let root = root(&stream);
        let at = |key: &str| &text[root.get(key).unwrap().span()];
        assert_eq!(at("ä"), "nginx:1");
        assert_eq!(at("b"), "'x''y'");
        assert_eq!(at("c"), "[ \"z\" , {d: e} ]");
        assert_eq!(at("g"), "- h: i\r\n  j:");
        assert_eq!(
            &text[root.span()],
            text.trim_start_matches('\u{feff}').strip_suffix("\r\n# k\r\n").unwrap()
        );
        let quoted = root.get("b").unwrap().scalar().unwrap();
        assert_eq!(
            (&*quoted.value, &text[quoted.content.clone()], quoted.style),
            ("x'y", "x''y", Style::SingleQuoted)
        );
        let keys: Vec<&str> = root.entries().map(|(key, _)| &text[key.span]).collect();
        assert_eq!(keys, ["ä", "b", "c", "g"]);
        assert_eq!(
            root.get("g")
                .unwrap()
                .items()
                .next()
                .unwrap()
                .get("j")
                .unwrap()
                .span()
                .len(),
            0
        );
    }

    #[test]
    fn block_scalars_span_their_text() {
        let text = "a: |  # c\n  nginx:1\n\nb: >-\n    x\n    y\nc: |+\n\nd: |2\n   z\ne: >\n  é  \n  ";
        let stream = parse(text).unwrap();
        let of = |key: &str| {
            let node = root(&stream).get(key).unwrap();
            let scalar = node.scalar().unwrap();
            assert_eq!(node.span(), scalar.content);
            (&text[scalar.content.clone()], scalar.value.to_string(), scalar.style)
        };
        assert_eq!(of("a"), ("nginx:1", "nginx:1\n".to_owned(), Style::Literal));
        assert_eq!(of("b"), ("x\n    y", "x y".to_owned(), Style::Folded));
        assert_eq!(of("c"), ("", "\n".to_owned(), Style::Literal));
        assert_eq!(of("d").1, " z\n");
        assert_eq!(of("e"), ("é", "é  \n".to_owned(), Style::Folded));
    }

    #[test]
    fn a_string_is_what_kubectl_takes_for_one() {
        let text = "- a\n- 1.25\n- '1.25'\n- yes\n- ~\n-\n- \"\"\n- !!str null\n- 1.25.0\n";
        let stream = parse(text).unwrap();
        let strings: Vec<Option<&str>> = root(&stream).items().map(Node::as_str).collect();
        let expected = [
            Some("a"),
            None,
            Some("1.25"),
            None,
            None,
            None,
            Some(""),
            Some("null"),
            Some("1.25.0"),
        ];
        assert_eq!(strings, expected);
        let nulls: Vec<usize> = root(&stream)
            .items()
            .enumerate()
            .filter_map(|(at, node)| node.is_null().then_some(at))
            .collect();
        assert_eq!(nulls, [4, 5]);
    }

    #[test]
    fn an_alias_is_the_node_that_it_names() {
        let text = "a: &a {image: x}\nb: *a\n";
        let stream = parse(text).unwrap();
        let (a, b) = (root(&stream).get("a").unwrap(), root(&stream).get("b").unwrap());
        assert_eq!(a.span(), b.span());
        assert_eq!(b.kind(), Kind::Mapping);
        assert_eq!(b.get("image").and_then(Node::as_str), Some("x"));
    }

    #[test]
    fn nodes_answer_for_their_own_kind_only() {
        let stream = parse("a: [1]\n---\n# nothing\n---\nx\n").unwrap();
        let roots: Vec<Option<Kind>> = stream
            .documents()
            .iter()
            .map(|document| document.root().map(Node::kind))
            .collect();
        assert_eq!(roots, [Some(Kind::Mapping), None, Some(Kind::Scalar)]);
        assert_eq!(stream.documents()[2].span(), 25..27);
        let mapping = root(&stream);
        let sequence = mapping.get("a").unwrap();
        assert!(mapping.items().next().is_none() && mapping.scalar().is_none() && !mapping.is_null());
        assert!(sequence.entries().next().is_none() && sequence.get("1").is_none());
        assert_eq!(sequence.items().count(), 1);
    }
}
