//! SealedSecrets where they stand in a file, and edits of them.

use serde_json::Value;

use super::closed::is_sealed_secret;
use super::document::ErrorKind;
use super::input::{self, Part};
use super::scope::{CLUSTER_WIDE, NAMESPACE_WIDE, Scope};
use super::sealed_secret::{KIND, WHOLE};
use crate::text::{LineIndex, Position};
use crate::yaml::{self, EditError, Editor, Kind, Node};

/// What keeps a SealedSecret from being edited where it stands, and where.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct TargetError {
    /// The place.
    pub position: Position,
    /// What is wrong.
    #[source]
    pub kind: TargetErrorKind,
}

/// What is wrong with a SealedSecret that is to be edited.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetErrorKind {
    /// It is malformed.
    #[error(transparent)]
    Document(#[from] ErrorKind),
    /// The text leaves no place for the edit.
    #[error("the file cannot be edited")]
    Edit(#[source] EditError),
    /// The object and its template say different scopes (CVE-2026-22728).
    #[error("the annotations of the object say the scope {object}, those of its template {template}")]
    ScopeDiffers {
        /// The scope that counts.
        object: Scope,
        /// The scope that the Secret would have.
        template: Scope,
    },
}

/// A SealedSecret in a file.
pub(super) struct Place<'p, 'd, 'a> {
    pub(super) node: Node<'d, 'a>,
    /// Which document of the part.
    document: usize,
    /// Which item of the document, if that is a list.
    item: Option<usize>,
    part: &'p Part<'p>,
    lines: &'p LineIndex,
}

/// A sealed value where it stands.
pub(super) struct Slot<'d, 'a> {
    pub(super) key: String,
    /// It is the value of version 1 that holds the whole Secret.
    is_whole: bool,
    pub(super) node: Node<'d, 'a>,
    pub(super) text: String,
}

impl<'d, 'a> Place<'_, 'd, 'a> {
    pub(super) fn position(&self, offset: usize) -> Position {
        let mut position = self.lines.position(self.part.text(), offset);
        position.line += self.part.lines();
        position
    }

    pub(super) fn error(&self, offset: usize, kind: impl Into<TargetErrorKind>) -> TargetError {
        TargetError {
            position: self.position(offset),
            kind: kind.into(),
        }
    }

    pub(super) fn refuse(&self, error: EditError) -> TargetError {
        self.error(self.node.span().start, TargetErrorKind::Edit(error))
    }

    /// The value of the object among those of its part.
    pub(super) fn value<'v>(&self, documents: &'v mut [Value]) -> Option<&'v mut Value> {
        let document = documents.get_mut(self.document)?;
        match self.item {
            Some(item) => document.get_mut("items")?.get_mut(item),
            None => Some(document),
        }
    }

    /// A field below the object that is there and not null.
    pub(super) fn field(&self, path: &[&str]) -> Option<Node<'d, 'a>> {
        let found = path.iter().try_fold(self.node, |node, field| node.get(field));
        found.filter(|node| !node.is_null())
    }

    /// The text of a field; empty where there is none.
    pub(super) fn text(&self, path: &[&str]) -> String {
        let text = self.field(path).and_then(Node::to_text);
        text.map(String::from).unwrap_or_default()
    }

    /// The scope that counts: that of the object's own annotations.
    ///
    /// # Errors
    /// The template has other ones. Up to version 0.35 the controller took the scope of the template when it sealed anew
    /// (CVE-2026-22728): whoever could write the file could widen it.
    pub(super) fn scope(&self) -> Result<Scope, TargetError> {
        let read = |path: &[&str]| {
            let annotations = self.field(path);
            let of = |name: &str| annotations.and_then(|node| node.get(name)).and_then(Node::to_text);
            let (cluster, namespace) = (of(CLUSTER_WIDE), of(NAMESPACE_WIDE));
            let is_told = cluster.is_some() || namespace.is_some();
            let scope = Scope::of_annotations(|name| match name {
                CLUSTER_WIDE => cluster.as_deref(),
                _ => namespace.as_deref(),
            });
            (scope, is_told)
        };
        let (object, _) = read(&["metadata", "annotations"]);
        match read(&["spec", "template", "metadata", "annotations"]) {
            (template, true) if template != object => {
                let kind = TargetErrorKind::ScopeDiffers { object, template };
                Err(self.error(self.node.span().start, kind))
            }
            _ => Ok(object),
        }
    }

    /// The OAEP label, for a SealedSecret that names no namespace that of `namespace`.
    pub(super) fn label(&self, scope: Scope, namespace: &str, name: &str) -> Result<String, TargetError> {
        let missing = match scope {
            Scope::Strict if name.is_empty() => Some("metadata.name"),
            Scope::Strict | Scope::NamespaceWide if namespace.is_empty() => Some("metadata.namespace"),
            _ => None,
        };
        match missing {
            Some(field) => Err(self.error(self.node.span().start, ErrorKind::Unnamed { field, scope })),
            None => Ok(scope.label(namespace, name)),
        }
    }

    /// The sealed values; of version 1 the one that holds all.
    pub(super) fn slots(&self) -> Result<Vec<Slot<'d, 'a>>, TargetError> {
        let wrong = |node: Node<'_, '_>, field: String, expected| {
            self.error(node.span().start, ErrorKind::Type { field, expected })
        };
        let mut slots = Vec::new();
        let mut add = |key: &str, node: Node<'d, 'a>| {
            let text = node.as_str();
            let text = text.ok_or_else(|| wrong(node, format!("the value of {key}"), "a string"))?;
            slots.push(Slot {
                key: key.to_owned(),
                is_whole: false,
                node,
                text: text.to_owned(),
            });
            Ok::<_, TargetError>(())
        };
        if let Some(sealed) = self.field(&["spec", "encryptedData"]) {
            if sealed.kind() != Kind::Mapping {
                return Err(wrong(sealed, "spec.encryptedData".to_owned(), "a mapping"));
            }
            for (key, node) in sealed.entries() {
                add(key.text, node)?;
            }
        }
        if let Some(whole) = self.field(&["spec", "data"]).filter(|_| slots.is_empty()) {
            let text = whole.as_str();
            let text = text.ok_or_else(|| wrong(whole, WHOLE.to_owned(), "a string"))?;
            slots.push(Slot {
                key: WHOLE.to_owned(),
                is_whole: true,
                node: whole,
                text: text.to_owned(),
            });
        }
        Ok(slots)
    }
}

impl Slot<'_, '_> {
    /// The text of the slot once it holds the new value. A block scalar stays one: Go's base64 takes the line feed at its end.
    pub(super) fn text_of(&self, new: &str) -> String {
        let feed = if self.text.ends_with('\n') { "\n" } else { "" };
        format!("{new}{feed}")
    }

    /// The value of the slot in that of its object.
    pub(super) fn value<'v>(&self, object: &'v mut Value) -> Option<&'v mut Value> {
        let spec = object.get_mut("spec")?;
        if self.is_whole {
            spec.get_mut("data")
        } else {
            spec.get_mut("encryptedData")?.get_mut(&self.key)
        }
    }
}

/// Whether a text may hold a SealedSecret at all.
#[must_use]
pub fn may_hold_sealed_secrets(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), KIND.as_bytes()).is_some()
}

/// Edits a text part by part: `plan` gets the SealedSecrets of a part, and changes the values of its documents as the
/// edits that it returns will.
pub(super) fn edit<E: From<TargetError>>(
    text: &str,
    mut plan: impl FnMut(&Editor<'_, '_>, &[Place<'_, '_, '_>], &mut Vec<Value>) -> Result<Vec<crate::text::Edit>, E>,
) -> Result<String, E> {
    let parts = input::parts(text);
    let starts: Vec<usize> = parts.iter().map(Part::start).collect();
    let mut out = String::with_capacity(text.len());
    out.push_str(
        text.get(..starts.first().copied().unwrap_or(text.len()))
            .unwrap_or_default(),
    );
    for (at, part) in parts.iter().enumerate() {
        let end = starts.get(at + 1).copied().unwrap_or(text.len());
        let source = text.get(part.start()..end).unwrap_or_default();
        let stream = parse(part)?;
        let lines = LineIndex::new(part.text());
        let editor = if part.text() == source {
            Editor::new(&stream)
        } else {
            Editor::with_source(&stream, source, part.offsets().clone())
        };
        let places = places(&stream, part, &lines);
        let mut values = editor.values();
        let edits = plan(&editor, &places, &mut values)?;
        if edits.is_empty() {
            out.push_str(source);
            continue;
        }
        let edited = editor.apply(&edits, &values).map_err(|error| {
            E::from(TargetError {
                position: Position {
                    line: part.lines() + 1,
                    column: 1,
                },
                kind: TargetErrorKind::Edit(error),
            })
        })?;
        out.push_str(&edited);
    }
    Ok(out)
}

/// Calls `visit` for the SealedSecrets of a text.
pub(super) fn visit<E: From<TargetError>>(
    text: &str,
    mut visit: impl FnMut(&Place<'_, '_, '_>) -> Result<(), E>,
) -> Result<(), E> {
    for part in input::parts(text) {
        let stream = parse(&part)?;
        let lines = LineIndex::new(part.text());
        places(&stream, &part, &lines).iter().try_for_each(&mut visit)?;
    }
    Ok(())
}

fn parse<'p>(part: &'p Part<'_>) -> Result<yaml::Stream<'p>, TargetError> {
    yaml::parse(part.text()).map_err(|error| {
        let mut position = error.position();
        position.line += part.lines();
        TargetError {
            position,
            kind: ErrorKind::from(error).into(),
        }
    })
}

fn places<'p, 'd, 'a>(
    stream: &'d yaml::Stream<'a>,
    part: &'p Part<'p>,
    lines: &'p LineIndex,
) -> Vec<Place<'p, 'd, 'a>> {
    let mut places = Vec::new();
    for (document, root) in stream.documents().iter().map(yaml::Document::root).enumerate() {
        let Some(root) = root else { continue };
        let kind = root.get("kind").and_then(Node::as_str);
        let items: Vec<_> = match root
            .get("items")
            .filter(|_| kind.is_some_and(|kind| kind.ends_with("List")))
        {
            Some(items) => items.items().enumerate().map(|(at, node)| (Some(at), node)).collect(),
            None => vec![(None, root)],
        };
        let sealed = items.into_iter().filter(|(_, node)| is_sealed_secret(*node));
        places.extend(sealed.map(|(item, node)| Place {
            node,
            document,
            item,
            part,
            lines,
        }));
    }
    places
}
