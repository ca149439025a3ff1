//! A `v1` Secret, read as kubectl's typed reader does.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use super::base64;
use super::metadata::{LAST_APPLIED, Metadata};
use super::secret_error::{Note, NoteKind, SecretError, SecretErrorKind};
use crate::yaml::{Key, Kind, Node, Style};

/// A Secret with its data in plaintext.
#[derive(Default)]
pub struct Secret {
    /// Its metadata, as far as a sealed secret keeps it.
    pub metadata: Metadata,
    /// `type`; empty if absent.
    pub kind: String,
    /// `immutable`.
    pub immutable: Option<bool>,
    /// `data` decoded, and `stringData`, which wins.
    pub data: BTreeMap<String, Zeroizing<Vec<u8>>>,
    /// What the author should know.
    pub notes: Vec<Note>,
}

/// `Debug` tells names and lengths, never a value.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths: BTreeMap<_, _> = self.data.iter().map(|(key, value)| (key, value.len())).collect();
        f.debug_struct("Secret")
            .field("namespace", &self.metadata.namespace)
            .field("name", &self.metadata.name)
            .field("lengths", &lengths)
            .finish_non_exhaustive()
    }
}

const FIELDS: [&str; 7] = [
    "apiVersion",
    "kind",
    "metadata",
    "data",
    "stringData",
    "type",
    "immutable",
];

const METADATA_FIELDS: [&str; 7] = [
    "name",
    "generateName",
    "namespace",
    "labels",
    "annotations",
    "finalizers",
    "managedFields",
];

/// What the API server writes, and nobody misses.
const SERVER_FIELDS: [&str; 8] = [
    "selfLink",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "ownerReferences",
];

impl Secret {
    /// Reads an object of the `text`.
    ///
    /// Scalars are converted as `sigs.k8s.io/yaml` converts them for Kubernetes' types, with a note where that changes what
    /// is written. Metadata that the API server wrote and copies of the plaintext in annotations are left out.
    ///
    /// # Errors
    /// A field has another type than in Kubernetes, or a value is not base64.
    pub fn read(node: Node<'_, '_>, text: &str) -> Result<Self, SecretError> {
        let mut reader = Reader {
            text,
            notes: Vec::new(),
        };
        reader.check_fields(node, "", &FIELDS, &[])?;
        let mut data = BTreeMap::new();
        for (key, value) in reader.entries(node, "data")? {
            let bytes = reader.data(&key, value)?;
            data.insert(key, bytes);
        }
        for (key, value) in reader.entries(node, "stringData")? {
            let field = format!("stringData.{key}");
            let text = Zeroizing::new(reader.text(value, &field, true)?.into_owned().into_bytes());
            data.insert(key, text);
        }
        let metadata = match node.get("metadata") {
            Some(metadata) => reader.metadata(metadata)?,
            None => Metadata::default(),
        };
        Ok(Self {
            metadata,
            kind: reader.string(node, "type", "type")?,
            immutable: reader.immutable(node)?,
            data,
            notes: reader.notes,
        })
    }

    /// Reads an object that is a Secret but for its data, such as the template of a SealedSecret.
    pub(crate) fn read_template(node: Node<'_, '_>, text: &str) -> Result<Self, SecretError> {
        let mut reader = Reader {
            text,
            notes: Vec::new(),
        };
        let metadata = match node.get("metadata") {
            Some(metadata) => reader.metadata(metadata)?,
            None => Metadata::default(),
        };
        Ok(Self {
            metadata,
            kind: reader.string(node, "type", "type")?,
            immutable: reader.immutable(node)?,
            ..Self::default()
        })
    }
}

struct Reader<'t> {
    text: &'t str,
    notes: Vec<Note>,
}

impl Reader<'_> {
    fn metadata(&mut self, node: Node<'_, '_>) -> Result<Metadata, SecretError> {
        if node.kind() != Kind::Mapping && !node.is_null() {
            return Err(wrong_type(node, "metadata", "a mapping"));
        }
        self.check_fields(node, "metadata.", &METADATA_FIELDS, &SERVER_FIELDS)?;
        let mut metadata = Metadata {
            name: self.string(node, "name", "metadata.name")?,
            generate_name: self.string(node, "generateName", "metadata.generateName")?,
            namespace: self.string(node, "namespace", "metadata.namespace")?,
            labels: self.strings(node, "labels")?,
            annotations: self.strings(node, "annotations")?,
            ..Metadata::default()
        };
        for name in LAST_APPLIED
            .iter()
            .filter(|name| metadata.annotations.contains_key(**name))
        {
            let kind = NoteKind::LastApplied {
                name: (*name).to_owned(),
            };
            self.notes.push(Note {
                offset: node.get("annotations").unwrap_or(node).span().start,
                kind,
            });
        }
        metadata.forget_last_applied();
        for item in list(node, "finalizers")? {
            metadata
                .finalizers
                .push(self.text(item, "metadata.finalizers", false)?.into_owned());
        }
        metadata.managed_fields = list(node, "managedFields")?.map(Node::to_json).collect();
        Ok(metadata)
    }

    /// Refuses `Data`, which Go reads as `data` and the API server does not know; notes what has no place.
    fn check_fields(
        &mut self,
        node: Node<'_, '_>,
        path: &str,
        known: &[&'static str],
        silent: &[&str],
    ) -> Result<(), SecretError> {
        for (key, value) in node.entries() {
            if known.contains(&key.text) || silent.contains(&key.text) {
                continue;
            }
            let offset = key.span.start;
            let field = format!("{path}{}", key.text);
            if let Some(expected) = known.iter().find(|known| known.eq_ignore_ascii_case(key.text)) {
                return Err(SecretError {
                    offset,
                    kind: SecretErrorKind::Case { field, expected },
                });
            }
            let is_empty = value.is_null() || (value.kind() == Kind::Mapping && value.entries().next().is_none());
            if !is_empty {
                self.notes.push(Note {
                    offset,
                    kind: NoteKind::Dropped { field },
                });
            }
        }
        Ok(())
    }

    /// The entries of a mapping below the object; null is empty.
    fn entries<'d, 'a>(&mut self, node: Node<'d, 'a>, field: &str) -> Result<Vec<(String, Node<'d, 'a>)>, SecretError> {
        let Some(mapping) = node.get(field).filter(|node| !node.is_null()) else {
            return Ok(Vec::new());
        };
        if mapping.kind() != Kind::Mapping {
            return Err(wrong_type(mapping, field, "a mapping"));
        }
        let entries = mapping.entries();
        Ok(entries
            .map(|(key, value)| {
                self.note_key(&key, field);
                (key.text.to_owned(), value)
            })
            .collect())
    }

    fn note_key(&mut self, key: &Key<'_>, field: &str) {
        let written = self.text.get(key.span.clone()).unwrap_or_default();
        let is_plain = !written.starts_with(['"', '\'', '|', '>', '*', '!', '&']);
        if is_plain && written != key.text {
            self.notes.push(Note {
                offset: key.span.start,
                kind: NoteKind::Retyped {
                    field: format!("the key of {field}"),
                    written: written.to_owned(),
                    read: key.text.to_owned(),
                },
            });
        }
    }

    fn data(&self, key: &str, node: Node<'_, '_>) -> Result<Zeroizing<Vec<u8>>, SecretError> {
        if node.is_null() {
            return Ok(Zeroizing::default());
        }
        let field = || format!("data.{key}");
        let text = node
            .as_str()
            .ok_or_else(|| wrong_type(node, &field(), "a string of base64"))?;
        base64::decode(text).ok_or_else(|| SecretError {
            offset: node.span().start,
            kind: SecretErrorKind::Base64 { field: field() },
        })
    }

    /// The text of a field of type string; `is_secret` keeps it out of notes.
    fn text<'d>(&mut self, node: Node<'d, '_>, field: &str, is_secret: bool) -> Result<Cow<'d, str>, SecretError> {
        let (Some(text), Some(scalar)) = (node.to_text(), node.scalar()) else {
            return Err(wrong_type(node, field, "a string"));
        };
        if scalar.style == Style::Plain && *text != *scalar.value {
            let kind = if is_secret {
                NoteKind::RetypedValue {
                    field: field.to_owned(),
                    what: reading(&scalar.value, &text),
                }
            } else {
                NoteKind::Retyped {
                    field: field.to_owned(),
                    written: scalar.value.clone().into_owned(),
                    read: text.clone().into_owned(),
                }
            };
            self.notes.push(Note {
                offset: node.span().start,
                kind,
            });
        }
        Ok(text)
    }

    fn string(&mut self, node: Node<'_, '_>, field: &str, path: &str) -> Result<String, SecretError> {
        match node.get(field) {
            Some(value) => Ok(self.text(value, path, false)?.into_owned()),
            None => Ok(String::new()),
        }
    }

    fn strings(&mut self, metadata: Node<'_, '_>, field: &str) -> Result<BTreeMap<String, String>, SecretError> {
        let path = format!("metadata.{field}");
        let mut strings = BTreeMap::new();
        for (key, value) in self.entries(metadata, field)? {
            let text = self.text(value, &format!("{path}.{key}"), false)?.into_owned();
            strings.insert(key, text);
        }
        Ok(strings)
    }

    fn immutable(&self, node: Node<'_, '_>) -> Result<Option<bool>, SecretError> {
        match node.get("immutable").filter(|value| !value.is_null()) {
            Some(value) => match value.to_json() {
                serde_json::Value::Bool(immutable) => Ok(Some(immutable)),
                _ => Err(wrong_type(value, "immutable", "true or false")),
            },
            None => Ok(None),
        }
    }
}

/// What YAML 1.1 takes an unquoted value for; of the value itself nothing is told but how it is written.
fn reading(written: &str, read: &str) -> &'static str {
    match read {
        "" => return "null",
        "true" | "false" => return "a truth value",
        _ => {}
    }
    let digits = written.trim_start_matches(['+', '-']).to_ascii_lowercase();
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    if digits.starts_with("0x") {
        "a hexadecimal number"
    } else if digits.starts_with("0b") {
        "a binary number"
    } else if digits.starts_with("0o") || (digits.starts_with('0') && digits.len() > 1 && is_number) {
        "an octal number"
    } else if is_number {
        "a number"
    } else {
        "a floating-point number"
    }
}

fn list<'d, 'a>(
    node: Node<'d, 'a>,
    field: &str,
) -> Result<impl Iterator<Item = Node<'d, 'a>> + use<'d, 'a>, SecretError> {
    let value = node.get(field).filter(|value| !value.is_null());
    match value {
        Some(value) if value.kind() != Kind::Sequence => Err(wrong_type(value, &format!("metadata.{field}"), "a list")),
        value => Ok(value.into_iter().flat_map(Node::items)),
    }
}

fn wrong_type(node: Node<'_, '_>, field: &str, expected: &'static str) -> SecretError {
    SecretError {
        offset: node.span().start,
        kind: SecretErrorKind::Type {
            field: field.to_owned(),
            expected,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Secret, String> {
        let stream = crate::yaml::parse(text).unwrap();
        let root = stream.documents()[0].root().unwrap();
        Secret::read(root, text).map_err(|error| format!("{}: {error}", error.offset))
    }

    fn notes(text: &str) -> Vec<String> {
        let notes = read(text).unwrap().notes;
        notes.iter().map(|note| format!("{}: {note}", note.offset)).collect()
    }

    #[test]
    fn data_is_decoded_and_string_data_wins() {
        let secret = read("data: {a: 'eA==', b: , c: \"e\\nA==\"}\nstringData: {a: 0777, d: , e: 'x'}\nimmutable: yes\ntype: Opaque\n").unwrap();
        let data: Vec<_> = secret
            .data
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_slice()))
            .collect();
        assert_eq!(
            data,
            [
                ("a", b"511".as_slice()),
                ("b", b""),
                ("c", b"x"),
                ("d", b""),
                ("e", b"x")
            ]
        );
        assert_eq!((secret.immutable, secret.kind.as_str()), (Some(true), "Opaque"));
        assert!(
            read("{data: null, stringData: ~, metadata: , immutable: }")
                .unwrap()
                .data
                .is_empty()
        );
    }

    #[test]
    fn debug_shows_no_value() {
        let secret = read("{metadata: {name: a}, stringData: {password: hunter2}}").unwrap();
        assert_eq!(
            format!("{secret:?}"),
            "Secret { namespace: \"\", name: \"a\", lengths: {\"password\": 7}, .. }"
        );
    }

    #[test]
    fn what_is_read_otherwise_than_written_is_noted_without_the_value() {
        assert_eq!(
            notes(
                "metadata: {namespace: n, labels: {a: 1.0, b: 12}}\nstringData: {yes: 0777, b: no, c: ~, d: '0777', e: 7}\n"
            ),
            [
                "63: `yes` at the key of stringData reads `true` in YAML 1.1, which is what kubectl takes: quote it if that is not meant",
                "68: the unquoted value of stringData.true reads as an octal number, not as text, in YAML 1.1, which is what kubectl takes: quote it if that is not meant",
                "77: the unquoted value of stringData.b reads as a truth value, not as text, in YAML 1.1, which is what kubectl takes: quote it if that is not meant",
                "84: the unquoted value of stringData.c reads as null, not as text, in YAML 1.1, which is what kubectl takes: quote it if that is not meant",
                "22: `n` at metadata.namespace reads `false` in YAML 1.1, which is what kubectl takes: quote it if that is not meant",
                "37: `1.0` at metadata.labels.a reads `1` in YAML 1.1, which is what kubectl takes: quote it if that is not meant",
            ]
        );
    }

    #[test]
    fn the_kind_of_a_value_is_told_and_not_the_value() {
        for (written, expected) in [
            ("0777", "an octal number"),
            ("0o17", "an octal number"),
            ("-0x1F", "a hexadecimal number"),
            ("0b11", "a binary number"),
            ("1_000", "a number"),
            ("1e3", "a floating-point number"),
            ("1.0", "a floating-point number"),
            ("on", "a truth value"),
            ("~", "null"),
        ] {
            let notes = notes(&format!("stringData: {{k: {written}}}"));
            let expected = format!(
                "16: the unquoted value of stringData.k reads as {expected}, not as text, in YAML 1.1, which is what kubectl takes: quote it if that is not meant"
            );
            assert_eq!(notes, [expected], "{written}");
        }
    }

    #[test]
    fn what_is_left_out_is_noted() {
        assert_eq!(
            notes(
                "metadata: {uid: x, clusterName: y, annotations: {kubectl.kubernetes.io/last-applied-configuration: '{}'}}\nextra: 1\nstatus: {}\n"
            ),
            [
                "106: `extra` is not kept: a SealedSecret has no place for it",
                "19: `metadata.clusterName` is not kept: a SealedSecret has no place for it",
                "48: the annotation `kubectl.kubernetes.io/last-applied-configuration` may hold the plaintext and is left out; so may the history of this file",
            ]
        );
    }

    #[test]
    fn what_kubernetes_would_refuse_is_refused() {
        for (text, expected) in [
            (
                "data: {a: 'x'}",
                "10: data.a is not base64: expected the padded standard alphabet, or plain text under `stringData`",
            ),
            ("data: {a: 12}", "10: data.a is not a string of base64"),
            ("data: {a: {b: c}}", "10: data.a is not a string of base64"),
            ("data: [a]", "6: data is not a mapping"),
            ("stringData: {a: [b]}", "16: stringData.a is not a string"),
            ("Data: {a: b}", "0: the field `Data`: expected `data`"),
            ("metadata: {Name: b}", "11: the field `metadata.Name`: expected `name`"),
            ("metadata: x", "10: metadata is not a mapping"),
            ("metadata: {name: [x]}", "17: metadata.name is not a string"),
            ("metadata: {labels: {a: {}}}", "23: metadata.labels.a is not a string"),
            ("metadata: {finalizers: a}", "23: metadata.finalizers is not a list"),
            ("immutable: 'yes'", "11: immutable is not true or false"),
        ] {
            assert_eq!(read(text).unwrap_err(), expected, "{text}");
        }
    }
}
