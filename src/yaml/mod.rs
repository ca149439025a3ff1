//! YAML as kubectl reads it, with the bytes where everything stands.
//!
//! [`parse`] gives a tree of nodes over the text. It reads every document as `kubectl apply` does (`sigs.k8s.io/yaml` on
//! go-yaml v2, documents split at lines that begin with `---`), or refuses the text with the place to blame. It never
//! reads another value: where two readers could see two images, the text is refused.
//!
//! # Why granit-parser
//!
//! Events come from `granit-parser`. Measured on 451 public manifests (16.5 MB) it takes 0.13 s, as much as
//! `libyaml-safer`, which panics on six of them and copies every scalar. granit-parser forbids
//! unsafe code, limits nesting while it reads, lends the text of scalars, and places them to the byte.
//!
//! It reads YAML 1.2, go-yaml reads YAML 1.1 with twists of its own. What they read differently is refused: characters
//! and document marks before the parser runs (`lexical`), spellings as they are met (`strict`), keys and merge keys when
//! their mapping is complete (`mapping`). Scalars are resolved by go-yaml's rules, when somebody asks (`scalar`,
//! `value`). Over a million generated and mutated texts were compared with `sigs.k8s.io/yaml` 1.6.0: none was read as
//! another value. `tests/conformance/yaml.rs` holds recorded readings against this module, and lists with a reason what
//! is refused although kubectl reads it, and what is read although kubectl refuses it.
//!
//! Reading into the tree takes about a fifth more than the events alone.

mod arena;
mod comment;
mod compose;
mod document;
mod edit;
mod error;
mod json;
mod lexical;
mod mapping;
mod order;
mod place;
mod scalar;
mod strict;
mod timestamp;
mod value;
mod write;

pub use document::{Document, Duplicate, First, Key, Kind, Node, Stream};
pub use edit::{EditError, Editor};
pub use error::{Error, ErrorKind};
pub use json::{Offsets, json_as_yaml, json_with_offsets};
pub use scalar::{Scalar, Style};
pub use write::write;

/// Reads a stream of documents.
///
/// # Errors
/// The text is not YAML, or kubectl reads something else than it seems to say: see [`ErrorKind`]. One bad document fails
/// the whole stream.
pub fn parse(text: &str) -> Result<Stream<'_>, Error> {
    compose::compose(text).map_err(|fault| Error::new(text, fault))
}

/// Reads the first document as go-yaml does which is given a whole file: what follows it is not looked at, and keys that
/// stand twice are listed, as `yaml.UnmarshalStrict` does.
///
/// Of keys that stand twice all are among the entries of the mapping; go-yaml takes the last one where it is not strict.
///
/// # Errors
/// As [`parse`], for the first document.
pub fn parse_first(text: &str) -> Result<First<'_>, Error> {
    compose::compose_first(text).map_err(|fault| Error::new(text, fault))
}

#[cfg(test)]
mod tests {
    use std::ops::Range;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::{Document, Kind, Node, parse};

    /// A value, and how it is written.
    #[derive(Clone, Debug)]
    pub(super) enum Tree {
        Plain(String),
        Quoted { text: String, double: bool },
        Block(Vec<String>),
        Sequence { items: Vec<Self>, flow: bool },
        Mapping { values: Vec<Self>, flow: bool },
    }

    /// A text with the place of each of its scalar values.
    #[derive(Default)]
    pub(super) struct Writer {
        pub(super) text: String,
        scalars: Vec<(String, Range<usize>)>,
    }

    impl Writer {
        fn scalar(&mut self, value: &str, written: &str) {
            let start = self.text.len();
            self.text.push_str(written);
            self.scalars.push((value.to_owned(), start..self.text.len()));
        }

        pub(super) fn write(&mut self, tree: &Tree, indent: usize, in_flow: bool) {
            let line = format!("\n{}", " ".repeat(indent));
            match tree {
                Tree::Plain(text) => self.scalar(text, text),
                Tree::Quoted { text, double: false } => self.scalar(text, &format!("'{}'", text.replace('\'', "''"))),
                Tree::Quoted { text, double: true } => {
                    self.scalar(
                        text,
                        &format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
                    );
                }
                Tree::Block(lines) if in_flow => self.scalar(&lines.join("\n"), &format!("\"{}\"", lines.join("\\n"))),
                Tree::Block(lines) => {
                    self.text.push_str(&format!("|- # c{line}  "));
                    self.scalar(&lines.join("\n"), &lines.join(&format!("{line}  ")));
                }
                Tree::Sequence { items, flow } if *flow || in_flow || items.is_empty() => {
                    self.text.push_str("[ ");
                    for item in items {
                        self.write(item, indent, true);
                        self.text.push_str(" , ");
                    }
                    self.text.push(']');
                }
                Tree::Sequence { items, .. } => {
                    for item in items {
                        self.text.push_str(&format!("{line}- "));
                        self.write(item, indent + 2, false);
                    }
                }
                Tree::Mapping { values, flow } if *flow || in_flow || values.is_empty() => {
                    self.text.push_str("{ ");
                    for (at, value) in values.iter().enumerate() {
                        self.text.push_str(&format!("k{at}: "));
                        self.write(value, indent, true);
                        self.text.push_str(" , ");
                    }
                    self.text.push('}');
                }
                Tree::Mapping { values, .. } => {
                    for (at, value) in values.iter().enumerate() {
                        self.text.push_str(&format!("{line}\"k{at}\": &a{at} "));
                        self.write(value, indent + 2, false);
                        if matches!(value, Tree::Plain(_) | Tree::Quoted { .. }) {
                            self.text.push_str(" # 'c'");
                        }
                    }
                }
            }
        }
    }

    pub(super) fn value(tree: &Tree) -> Value {
        match tree {
            Tree::Plain(text) | Tree::Quoted { text, .. } => Value::from(text.as_str()),
            Tree::Block(lines) => Value::from(lines.join("\n")),
            Tree::Sequence { items, .. } => items.iter().map(value).collect(),
            Tree::Mapping { values, .. } => {
                let entries = values
                    .iter()
                    .enumerate()
                    .map(|(at, item)| (format!("k{at}"), value(item)));
                Value::Object(entries.collect())
            }
        }
    }

    pub(super) fn tree() -> impl Strategy<Value = Tree> {
        let scalar = prop_oneof![
            "[a-z]{3}[a-z0-9./:@_-]{0,12}[é0-9]".prop_map(Tree::Plain),
            ("[ -~é€😀]{0,12}", any::<bool>()).prop_map(|(text, double)| Tree::Quoted { text, double }),
            proptest::collection::vec("[a-z#:é][a-z#: -]{0,8}[a-z]", 1..4).prop_map(Tree::Block),
        ];
        scalar.prop_recursive(4, 24, 4, |inner| {
            let several = proptest::collection::vec(inner, 0..4);
            prop_oneof![
                (several.clone(), any::<bool>()).prop_map(|(items, flow)| Tree::Sequence { items, flow }),
                (several, any::<bool>()).prop_map(|(values, flow)| Tree::Mapping { values, flow }),
            ]
        })
    }

    /// The scalars below a node, in order.
    fn scalars(node: Node<'_, '_>, found: &mut Vec<(String, Range<usize>)>) {
        match node.kind() {
            Kind::Scalar => found.push((node.as_str().unwrap().to_owned(), node.span())),
            Kind::Sequence => node.items().for_each(|item| scalars(item, found)),
            Kind::Mapping => node.entries().for_each(|(_, item)| scalars(item, found)),
        }
    }

    fn touch(text: &str) {
        let Ok(stream) = parse(text) else { return };
        for line in 0..=text.lines().count() {
            let comment = stream.comment(line);
            assert!(comment.is_none_or(|comment| text.contains(comment)));
        }
        for root in stream.documents().iter().filter_map(Document::root) {
            assert!(text.get(root.span()).is_some());
            assert!(!root.to_json().to_string().is_empty());
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_where_it_stands(tree in tree(), crlf in any::<bool>(), bom in any::<bool>()) {
            let mut writer = Writer::default();
            writer.text.push_str(if bom { "\u{feff}---" } else { "---" });
            writer.text.push_str("\n  ");
            writer.write(&tree, 0, false);
            writer.text.push('\n');
            let Writer { mut text, scalars: mut written } = writer;
            if crlf {
                for (_, span) in &mut written {
                    let lines = |end: usize| text[..end].matches('\n').count();
                    *span = span.start + lines(span.start)..span.end + lines(span.end);
                }
                text = text.replace('\n', "\r\n");
            }
            let stream = parse(&text).map_err(|error| TestCaseError::fail(format!("{error} in {text:?}")))?;
            let root = stream.documents()[0].root().unwrap();
            prop_assert_eq!(root.to_json(), value(&tree), "{:?}", text);
            let mut read = Vec::new();
            scalars(root, &mut read);
            prop_assert_eq!(read, written, "{:?}", text);
        }

        #[test]
        fn any_text_is_read_or_refused_without_a_panic(text in any::<String>()) {
            touch(&text);
        }

        #[test]
        fn any_yaml_like_text_is_read_or_refused_without_a_panic(
            text in "([-?:,\\[\\]{}#&*!|>'\"%@` \t\n\r]|: |- |\n  |<<: |&a |\\*a|!!int |---\n|\\.\\.\\.\n|[a1é~+.\u{85}\u{feff}\\\\]){0,24}"
        ) {
            touch(&text);
        }
    }
}
