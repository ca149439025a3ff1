//! A file of Secrets becomes a file of SealedSecrets; every other document stays what it is.

use serde_json::Value;

use super::crypto::SealingKey;
use super::input::{self, Part};
use super::scope::Scope;
use super::sealed_secret::{self, Random, SecretSealError, Wishes};
use crate::k8s::{Note, Object, Secret, SecretError, check_name, check_namespace, objects};
use crate::text::{LineIndex, Position};
use crate::yaml::{self, Node};

/// What seals, and how.
#[derive(Debug)]
pub struct Sealer<'k> {
    /// The key of the cluster's certificate.
    pub key: &'k SealingKey,
    /// The scope, whatever the annotations say.
    pub scope: Option<Scope>,
    /// The name, whatever the Secrets say.
    pub name: Option<String>,
    /// The namespace of Secrets that name none; the others must agree.
    pub namespace: Option<String>,
    /// The namespace of Secrets that name none where [`Self::namespace`] does not say it; the others may differ.
    pub default_namespace: Option<String>,
    /// Whether a Secret may be empty.
    pub allow_empty: bool,
}

impl Sealer<'_> {
    fn wishes(&self) -> Wishes {
        Wishes {
            scope: self.scope,
            name: self.name.clone(),
            namespace: self.namespace.clone(),
            default_namespace: self.default_namespace.clone(),
            allow_empty: self.allow_empty,
        }
    }
}

/// A document of the output.
#[derive(Clone, Debug)]
pub enum Document {
    /// What was no Secret, as it stood and as kubectl reads it.
    Other {
        /// The text, without `---`.
        text: String,
        /// The value.
        json: Value,
    },
    /// What has been made of an object.
    Made(Value),
}

/// Something at a place of the text.
#[derive(Clone, Debug)]
pub struct Located<T> {
    /// Where.
    pub position: Position,
    /// What.
    pub what: T,
}

/// What became of a file.
#[derive(Debug, Default)]
pub struct Sealed {
    /// The documents, in order.
    pub documents: Vec<Document>,
    /// How many of them are sealed.
    pub secrets: usize,
    /// What the author should know.
    pub notes: Vec<Located<Note>>,
}

/// What keeps a file from being sealed or unsealed, and where.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
pub struct Error {
    /// The place.
    pub position: Position,
    /// What is wrong.
    #[source]
    pub kind: ErrorKind,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A sealed value that is not base64.
    #[error("the sealed value {key} is not base64: it was cut off or edited")]
    Base64 {
        /// Which one.
        key: String,
    },
    /// A Secret that cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SecretSealError),
    /// An object that Kubernetes would refuse.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A template that only the controller can fill in.
    #[error("spec.template.data.{key} is a Go template, which kship does not fill in")]
    Template {
        /// Which one.
        key: String,
    },
    /// A SealedSecret with a field of another type.
    #[error("{field} is not {expected}")]
    Type {
        /// The field.
        field: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The SealedSecret does not say enough.
    #[error("the SealedSecret has no {field}, which its scope {scope} needs")]
    Unnamed {
        /// What is missing.
        field: &'static str,
        /// The scope.
        scope: Scope,
    },
    /// Text that is not YAML, or reads differently to different readers.
    #[error(transparent)]
    Yaml(#[from] yaml::Error),
}

/// An object of a file, and the means to say where.
pub struct Found<'d, 'a> {
    pub(super) object: Object<'d, 'a>,
    pub(super) text: &'a str,
    /// The whole document, if the object is one.
    pub(super) whole: Option<&'a str>,
    lines: usize,
    index: &'d LineIndex,
}

impl Found<'_, '_> {
    pub(super) fn position(&self, offset: usize) -> Position {
        let mut position = self.index.position(self.text, offset);
        position.line += self.lines;
        position
    }

    pub(super) fn error(&self, offset: usize, kind: impl Into<ErrorKind>) -> Error {
        Error {
            position: self.position(offset),
            kind: kind.into(),
        }
    }
}

impl std::fmt::Debug for Found<'_, '_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Found(after line {})", self.lines)
    }
}

/// How values are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Syntax {
    /// JSON objects one after another, indented by two.
    Json,
    /// YAML documents, each after `---`.
    Yaml,
}

/// Calls `visit` for every object of a text.
pub(super) fn visit(text: &str, mut visit: impl FnMut(&Found<'_, '_>) -> Result<(), Error>) -> Result<(), Error> {
    for part in input::parts(text) {
        let stream = yaml::parse(part.text()).map_err(|error| {
            let mut position = error.position();
            position.line += part.lines();
            let kind = error.into();
            Error { position, kind }
        })?;
        let index = LineIndex::new(part.text());
        for document in stream.documents() {
            let Some(root) = document.root() else { continue };
            for found in find(root, document, &part, &index)? {
                visit(&found)?;
            }
        }
    }
    Ok(())
}

fn find<'d, 'a>(
    root: Node<'d, 'a>,
    document: &yaml::Document<'a>,
    part: &'a Part<'_>,
    index: &'d LineIndex,
) -> Result<Vec<Found<'d, 'a>>, Error> {
    let found = |object, whole| Found {
        object,
        text: part.text(),
        whole,
        lines: part.lines(),
        index,
    };
    let objects = objects(root).map_err(|error| found(Object::Other(root), None).error(error.offset, error))?;
    let is_alone = |object: &Object<'_, '_>| {
        let (Object::Secret(node) | Object::Other(node)) = object;
        node.span() == root.span()
    };
    let whole = part.text().get(document.span());
    let all = objects.into_iter().map(|object| {
        let whole = whole.filter(|_| is_alone(&object));
        found(object, whole)
    });
    Ok(all.collect())
}

/// Seals one Secret; `random` fills a buffer from a cryptographic source.
///
/// # Errors
/// It is empty, or not named as Kubernetes wants it.
pub fn seal_secret(secret: &Secret, sealer: &Sealer<'_>, random: &mut Random<'_>) -> Result<Sealed, SecretSealError> {
    let planned = sealed_secret::Plan::new(secret, &sealer.wishes(), random)?;
    let plan = Plan {
        documents: vec![Planned::Secret(planned)],
        notes: Vec::new(),
    };
    seal_one(plan, sealer.key)
}

/// Seals every Secret of a text; `random` fills a buffer from a cryptographic source.
///
/// # Errors
/// The text cannot be read, or one Secret cannot be sealed: then none is.
pub fn seal(text: &str, sealer: &Sealer<'_>, random: &mut Random<'_>) -> Result<Sealed, Error> {
    seal_one(plan(text, sealer, random)?, sealer.key).map_err(|error| Error {
        position: Position { line: 1, column: 1 },
        kind: error.into(),
    })
}

fn seal_one(plan: Plan, key: &SealingKey) -> Result<Sealed, SecretSealError> {
    let sealed = seal_all(vec![plan], key)?;
    Ok(sealed.into_iter().next().unwrap_or_default())
}

/// A file that has been read and checked; nothing is sealed yet.
#[derive(Default)]
pub struct Plan {
    documents: Vec<Planned>,
    notes: Vec<Located<Note>>,
}

/// A document that will be.
enum Planned {
    Other(Document),
    Secret(sealed_secret::Plan),
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plan({} documents)", self.documents.len())
    }
}

/// Reads a text of Secrets and checks them; `random` fills a buffer from a cryptographic source.
///
/// # Errors
/// The text cannot be read, or one Secret cannot be sealed.
pub fn plan(text: &str, sealer: &Sealer<'_>, random: &mut Random<'_>) -> Result<Plan, Error> {
    let wishes = sealer.wishes();
    let mut plan = Plan::default();
    visit(text, |found| {
        plan.documents.push(match found.object {
            Object::Secret(node) => {
                let mut secret = Secret::read(node, found.text).map_err(|error| found.error(error.offset, error))?;
                let notes = std::mem::take(&mut secret.notes);
                let planned = sealed_secret::Plan::new(&secret, &wishes, random)
                    .map_err(|error| found.error(node.span().start, error))?;
                plan.notes.extend(notes.into_iter().map(|note| Located {
                    position: found.position(note.offset),
                    what: note,
                }));
                Planned::Secret(planned)
            }
            Object::Other(node) => Planned::Other(other(node, found)),
        });
        Ok(())
    })?;
    Ok(plan)
}

/// Seals the Secrets of files, on all cores.
///
/// # Errors
/// The library refuses; with a checked key this does not happen.
pub fn seal_all(plans: Vec<Plan>, key: &SealingKey) -> Result<Vec<Sealed>, SecretSealError> {
    let mut secrets = Vec::new();
    let mut files = Vec::with_capacity(plans.len());
    for Plan { documents, notes } in plans {
        let mut others: Vec<Option<Document>> = Vec::with_capacity(documents.len());
        for document in documents {
            others.push(match document {
                Planned::Other(other) => Some(other),
                Planned::Secret(secret) => {
                    secrets.push(secret);
                    None
                }
            });
        }
        files.push((others, notes));
    }
    let made = sealed_secret::seal_all(secrets, key)?;
    let mut made = made.iter().map(|sealed| Document::Made(sealed.to_json()));
    let files = files.into_iter().map(|(others, notes)| Sealed {
        secrets: others.iter().filter(|other| other.is_none()).count(),
        documents: others
            .into_iter()
            .filter_map(|other| other.or_else(|| made.next()))
            .collect(),
        notes,
    });
    Ok(files.collect())
}

fn other(node: Node<'_, '_>, found: &Found<'_, '_>) -> Document {
    let json = node.to_json();
    match found.whole {
        Some(text) => Document::Other {
            text: text.trim_start_matches('\u{feff}').to_owned(),
            json,
        },
        None => Document::Made(json),
    }
}

/// Seals one value, as `kubeseal --raw` does.
///
/// # Errors
/// The scope needs a name or a namespace that is missing or that Kubernetes would refuse.
pub fn seal_value(sealer: &Sealer<'_>, value: &[u8], random: &mut Random<'_>) -> Result<String, SecretSealError> {
    let scope = sealer.scope.unwrap_or_default();
    let namespace = sealer.namespace.as_deref().or(sealer.default_namespace.as_deref());
    let name = sealer.name.as_deref();
    if scope != Scope::ClusterWide {
        check_namespace(namespace.ok_or(SecretSealError::NoNamespace { scope })?)?;
    }
    if scope == Scope::Strict {
        check_name(name.ok_or(SecretSealError::NoName)?)?;
    }
    let label = scope.label(namespace.unwrap_or_default(), name.unwrap_or_default());
    sealed_secret::seal_value(sealer.key, &label, value, random)
}

/// Prints documents as kubeseal does.
#[must_use]
pub fn render(documents: &[Document], syntax: Syntax) -> String {
    let mut out = String::new();
    for document in documents {
        match (syntax, document) {
            (Syntax::Json, Document::Made(json) | Document::Other { json, .. }) => out.push_str(&go_json(json)),
            (Syntax::Yaml, Document::Made(json)) => {
                out.push_str("---\n");
                out.push_str(&yaml::write(json));
            }
            (Syntax::Yaml, Document::Other { text, .. }) => {
                out.push_str("---\n");
                out.push_str(text.trim_start_matches(['\r', '\n']));
                if !text.ends_with('\n') {
                    out.push('\n');
                }
            }
        }
    }
    out
}

/// `encoding/json` with an indentation of two: it escapes what HTML could take for markup.
fn go_json(value: &Value) -> String {
    // The alternate form of a value is its indented JSON; within it these characters stand in strings only.
    let mut json = format!("{value:#}");
    for (character, escaped) in [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ] {
        if json.contains(character) {
            json = json.replace(character, escaped);
        }
    }
    json.push('\n');
    json
}
