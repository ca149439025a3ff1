//! Where configurations stand in a file: the file itself, one of its documents, or a text within it.

use std::ops::Range;

use super::super::load::{self, Loaded, Loader, Refusal};
use super::super::tree::{Tree, Value};
use crate::k8s::base64;
use crate::yaml::{self, Document, Kind, Node, Style};

/// One configuration of a file, read.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) origin: Origin,
    pub(super) outcome: Result<Loaded, Refusal>,
    pub(super) place: Place,
}

/// What carries a configuration.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Origin {
    /// A document behind others.
    Document,
    /// A text in another resource: a file in a ConfigMap, Secret or cloud configuration.
    Embedded,
    /// The whole file, as the API server is given it.
    File,
    /// `KubeEtcdEncryptionConfig` of Talos Linux.
    Talos,
}

impl Origin {
    /// The name in JSON.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Document => "document",
            Self::Embedded => "embedded",
            Self::File => "file",
            Self::Talos => "talos",
        }
    }
}

/// Where the bytes of a configuration are in the file.
#[derive(Debug)]
pub(super) enum Place {
    /// That many bytes further.
    Shifted(usize),
    /// Line by line: where the first character that is no blank stands, there and in the file.
    Lines(Vec<(usize, usize)>),
    /// Somewhere in these bytes.
    Within(Range<usize>),
}

impl Place {
    /// The bytes of the file.
    pub(super) fn range(&self, span: &Range<usize>) -> Range<usize> {
        match self {
            Self::Shifted(by) => span.start + by..span.end + by,
            Self::Within(range) => range.clone(),
            Self::Lines(lines) => {
                let at = |offset: usize| {
                    let line = lines.partition_point(|(inner, _)| *inner <= offset).saturating_sub(1);
                    let (inner, outer) = lines.get(line).copied().unwrap_or_default();
                    outer + offset.saturating_sub(inner)
                };
                at(span.start)..at(span.end)
            }
        }
    }
}

/// Why no configuration of a file was read.
#[derive(Debug)]
pub(super) struct Template {
    /// Where it begins.
    pub(super) offset: usize,
}

/// The words that every configuration has in it.
const WORD: &str = "EncryptionConfig";

/// Whether a text can hold a configuration at all; base64 hides it.
pub(super) fn may_hold(text: &str) -> bool {
    text.contains(WORD) || base64_words().any(|word| text.contains(word))
}

/// `EncryptionConfig` in base64, at each of three alignments, without what depends on its neighbours.
fn base64_words() -> impl Iterator<Item = &'static str> {
    ["RW5jcnlwdGlvbkNvbmZpZ", "VuY3J5cHRpb25Db25maW", "FbmNyeXB0aW9uQ29uZmln"].into_iter()
}

/// Finds and reads every configuration of a text; the whole text is one where nothing else is and `is_named` says so.
///
/// # Errors
/// The text is a template that has to be filled in before.
pub(super) fn sources(text: &str, loader: &Loader, is_named: bool) -> Result<Vec<Source>, Template> {
    let whole = || Source {
        origin: Origin::File,
        outcome: load::load(text, loader),
        place: Place::Shifted(0),
    };
    let kind = first_kind(text);
    // What the user names is what the API server is given, unless it is a resource that carries configurations.
    if kind.as_deref().map_or(is_named, is_configuration) {
        return Ok(vec![whole()]);
    }
    let mut found = Vec::new();
    match yaml::parse(text) {
        Ok(stream) => {
            for document in stream.documents() {
                in_document(text, document, loader, &mut found);
            }
        }
        Err(error) if error.template().is_some() && !is_named => {
            return Err(Template { offset: error.offset() });
        }
        // What cannot be read is a configuration if a line says so.
        Err(_)
            if text
                .lines()
                .any(|line| line.trim_start().starts_with("kind: EncryptionConfig")) =>
        {
            return Ok(vec![whole()]);
        }
        Err(_) => {}
    }
    if is_named && found.iter().all(|source| source.origin == Origin::Document) {
        return Ok(vec![whole()]);
    }
    Ok(found)
}

fn is_configuration(kind: &str) -> bool {
    matches!(kind, "EncryptionConfiguration" | "EncryptionConfig")
}

/// The kind of what the API server would read.
fn first_kind(text: &str) -> Option<String> {
    let kind = |tree: &Tree| match &tree.value {
        Value::Object(members) => members.iter().find_map(|member| match &member.value.value {
            Value::String(kind) if member.key == "kind" => Some(kind.to_string()),
            _ => None,
        }),
        _ => None,
    };
    if text.trim_start().starts_with('{') {
        return kind(&super::super::json::parse(text).ok()?);
    }
    let first = yaml::parse_first(text).ok()?;
    kind(&Tree::of_yaml(first.root()?))
}

fn in_document(text: &str, document: &Document<'_>, loader: &Loader, found: &mut Vec<Source>) {
    let Some(root) = document.root() else { return };
    let kind = root.get("kind").and_then(Node::as_str).unwrap_or_default();
    if is_configuration(kind) {
        let span = document.span();
        found.push(Source {
            origin: Origin::Document,
            outcome: load::load(text.get(span.clone()).unwrap_or_default(), loader),
            place: Place::Shifted(span.start),
        });
    } else if let Some(config) = root.get("config").filter(|_| kind == "KubeEtcdEncryptionConfig") {
        found.push(Source {
            origin: Origin::Talos,
            outcome: load::load_fields(&Tree::of_yaml(config), loader),
            place: Place::Shifted(0),
        });
    } else {
        in_node(text, root, loader, found);
    }
}

fn in_node(text: &str, node: Node<'_, '_>, loader: &Loader, found: &mut Vec<Source>) {
    match node.kind() {
        Kind::Mapping => node
            .entries()
            .for_each(|(_, value)| in_node(text, value, loader, found)),
        Kind::Sequence => node.items().for_each(|item| in_node(text, item, loader, found)),
        Kind::Scalar => {
            let Some(value) = node.as_str() else { return };
            if value.contains(WORD) && first_kind(value).is_some_and(|kind| is_configuration(&kind)) {
                found.push(Source {
                    origin: Origin::Embedded,
                    outcome: load::load(value, loader),
                    place: place(text, node, value),
                });
            } else if base64_words().any(|word| value.contains(word)) {
                in_base64(node, value, loader, found);
            }
        }
    }
}

fn in_base64(node: Node<'_, '_>, value: &str, loader: &Loader, found: &mut Vec<Source>) {
    let Some(bytes) = base64::decode(value) else { return };
    let Ok(inner) = std::str::from_utf8(&bytes) else { return };
    if first_kind(inner).is_some_and(|kind| is_configuration(&kind)) {
        found.push(Source {
            origin: Origin::Embedded,
            outcome: load::load(inner, loader),
            place: Place::Within(node.span()),
        });
    }
}

/// The lines of a literal block are those of its value.
fn place(text: &str, node: Node<'_, '_>, value: &str) -> Place {
    let Some(scalar) = node.scalar().filter(|scalar| scalar.style == Style::Literal) else {
        return Place::Within(node.span());
    };
    let start = text
        .get(..scalar.content.start)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |at| at + 1);
    let block = text.get(start..scalar.content.end).unwrap_or_default();
    Place::Lines(first_characters(value, 0).zip(first_characters(block, start)).collect())
}

/// Where the first character of each line stands that is no blank, in a text that begins at `start`.
fn first_characters(text: &str, start: usize) -> impl Iterator<Item = usize> {
    text.split_inclusive('\n').scan(start, |at, line| {
        let first = *at + (line.len() - line.trim_start_matches(' ').len());
        *at += line.len();
        Some(first)
    })
}
