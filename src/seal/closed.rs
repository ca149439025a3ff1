//! SealedSecrets as they stand in a file, before they are opened.

use std::collections::BTreeMap;

use zeroize::Zeroizing;

use super::diagnosis::Identity;
use super::document::{Error, ErrorKind, Found};
use super::scope::Scope;
use super::sealed_secret::{API_VERSION, KIND, WHOLE};
use crate::k8s::{Object, Secret, base64};
use crate::text::Position;
use crate::yaml::{Kind, Node};

/// A SealedSecret as it stands in a file.
pub(super) struct Closed {
    pub(super) identity: Identity,
    /// Key, place and bytes of each value.
    pub(super) values: Vec<(String, Position, Vec<u8>)>,
    /// `spec.data` of version 1, which holds the whole Secret.
    pub(super) whole: Option<(Position, Vec<u8>)>,
    pub(super) template: Secret,
    /// Namespace and name in the template.
    pub(super) hint: (String, String),
}

/// The resource of a document, or those of its list.
pub(super) fn resources<'d, 'a>(object: &Object<'d, 'a>) -> Vec<Node<'d, 'a>> {
    let (Object::Other(root) | Object::Secret(root)) = *object;
    let is_list = root
        .get("kind")
        .and_then(Node::as_str)
        .is_some_and(|kind| kind.ends_with("List"));
    let items: Vec<_> = root.get("items").into_iter().flat_map(Node::items).collect();
    if is_list { items } else { vec![root] }
}

pub(super) fn is_sealed_secret(node: Node<'_, '_>) -> bool {
    let is = |field: &str, expected: &str| node.get(field).and_then(Node::as_str) == Some(expected);
    is("kind", KIND) && (is("apiVersion", API_VERSION) || node.get("apiVersion").is_none())
}

impl Closed {
    pub(super) fn read(
        node: Node<'_, '_>,
        found: &Found<'_, '_>,
        namespace: Option<&str>,
        only: Option<&str>,
    ) -> Result<Self, Error> {
        let own = Secret::read_template(node, found.text).map_err(|error| found.error(error.offset, error))?;
        let spec = node.get("spec");
        let field = |name: &str| spec.and_then(|spec| spec.get(name)).filter(|value| !value.is_null());
        let mut template = match field("template") {
            Some(template) => {
                Secret::read_template(template, found.text).map_err(|error| found.error(error.offset, error))?
            }
            None => Secret::default(),
        };
        let annotations = &own.metadata.annotations;
        let scope = Scope::of_annotations(|name| annotations.get(name).map(String::as_str));
        let mut identity = Identity {
            namespace: own.metadata.namespace,
            name: own.metadata.name,
            scope,
        };
        if identity.namespace.is_empty() {
            identity.namespace = namespace.unwrap_or_default().to_owned();
        }
        let missing = match scope {
            Scope::Strict if identity.name.is_empty() => Some("metadata.name"),
            Scope::Strict | Scope::NamespaceWide if identity.namespace.is_empty() => Some("metadata.namespace"),
            _ => None,
        };
        if let Some(field) = missing {
            return Err(found.error(node.span().start, ErrorKind::Unnamed { field, scope }));
        }
        let hint = (template.metadata.namespace.clone(), template.metadata.name.clone());
        template.metadata.namespace.clone_from(&identity.namespace);
        template.metadata.name.clone_from(&identity.name);
        let plain = match field("template").and_then(|template| template.get("data")) {
            Some(data) if only.is_none() => literals(data, found)?,
            _ => BTreeMap::new(),
        };
        let mut values = Vec::new();
        for (key, value, place) in entries(field("encryptedData"), "spec.encryptedData", found)? {
            let Some(value) = value else {
                return Err(wrong_type(found, place, &key));
            };
            // `null` in the template leaves a value out.
            if matches!(plain.get(&key), Some(None)) || only.is_some_and(|only| only != key) {
                continue;
            }
            let bytes =
                base64::decode(&value).ok_or_else(|| found.error(place, ErrorKind::Base64 { key: key.clone() }))?;
            values.push((key, found.position(place), bytes.to_vec()));
        }
        let whole = match field("data").filter(|_| values.is_empty()) {
            Some(data) => {
                let place = data.span().start;
                let text = data.as_str().ok_or_else(|| wrong_type(found, place, WHOLE))?;
                let bytes = base64::decode(text).ok_or_else(|| {
                    let key = WHOLE.to_owned();
                    found.error(place, ErrorKind::Base64 { key })
                })?;
                Some((found.position(place), bytes.to_vec()))
            }
            None => None,
        };
        for (key, value) in plain {
            template.data.extend(value.map(|value| (key, value)));
        }
        Ok(Self {
            identity,
            values,
            whole,
            template,
            hint,
        })
    }
}

type Literals = BTreeMap<String, Option<Zeroizing<Vec<u8>>>>;

/// What `spec.template.data` says without a template; `None` leaves a value out.
fn literals(data: Node<'_, '_>, found: &Found<'_, '_>) -> Result<Literals, Error> {
    let mut literals = Literals::new();
    for (key, value) in data.entries() {
        let text = value.to_text().filter(|_| !value.is_null());
        if value.kind() != Kind::Scalar {
            return Err(wrong_type(found, value.span().start, key.text));
        }
        // Actions and comments of `text/template` stand between two braces.
        if text.as_deref().is_some_and(|text| text.contains("{{")) {
            let key = key.text.to_owned();
            return Err(found.error(value.span().start, ErrorKind::Template { key }));
        }
        let text = text.map(|text| Zeroizing::new(text.into_owned().into_bytes()));
        literals.insert(key.text.to_owned(), text);
    }
    Ok(literals)
}

type Entry = (String, Option<String>, usize);

fn entries(node: Option<Node<'_, '_>>, field: &str, found: &Found<'_, '_>) -> Result<Vec<Entry>, Error> {
    let Some(node) = node else {
        return Ok(Vec::new());
    };
    if node.kind() != Kind::Mapping {
        let kind = ErrorKind::Type {
            field: field.to_owned(),
            expected: "a mapping",
        };
        return Err(found.error(node.span().start, kind));
    }
    let entries = node.entries();
    Ok(entries
        .map(|(key, value)| {
            let text = value.as_str().map(str::to_owned);
            (key.text.to_owned(), text, value.span().start)
        })
        .collect())
}

fn wrong_type(found: &Found<'_, '_>, offset: usize, key: &str) -> Error {
    let kind = ErrorKind::Type {
        field: format!("the value of {key}"),
        expected: "a string",
    };
    found.error(offset, kind)
}
