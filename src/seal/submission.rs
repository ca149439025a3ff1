//! SealedSecrets as they are sent to the controller.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::closed::{is_sealed_secret, resources};
use super::document::{Error, ErrorKind, Found, visit};
use super::scope::Scope;
use super::sealed_secret::{API_VERSION, KIND};
use crate::k8s::base64;
use crate::text::Position;
use crate::yaml::{Kind, Node};

/// A SealedSecret of a text.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Where it starts.
    pub position: Position,
    /// `namespace/name`.
    pub object: String,
    /// How far its values may travel: what its own annotations say.
    pub scope: Scope,
    /// The scope that its template says, if that is another one.
    pub template_scope: Option<Scope>,
    /// Its namespace was missing and has been filled in.
    pub namespace_filled: bool,
    /// Its values are those of version 1: one in `spec.data`, and none in `spec.encryptedData`.
    pub is_version_1: bool,
    /// The sealed values, in base64.
    pub values: BTreeMap<String, String>,
    name: String,
    namespace: String,
    json: Value,
}

/// The SealedSecrets of a text.
#[derive(Clone, Debug, Default)]
pub struct Submissions {
    /// In order.
    pub sealed: Vec<Submission>,
    /// How many documents are something else.
    pub others: usize,
}

/// Reads every SealedSecret of a text; one that names no namespace is taken for one of `namespace`.
///
/// # Errors
/// The text cannot be read, or a SealedSecret is malformed or does not say enough.
pub fn submissions(text: &str, namespace: Option<&str>) -> Result<Submissions, Error> {
    let mut all = Submissions::default();
    visit(text, |found| {
        for node in resources(&found.object) {
            if is_sealed_secret(node) {
                all.sealed.push(Submission::read(node, found, namespace)?);
            } else {
                all.others += 1;
            }
        }
        Ok(())
    })?;
    Ok(all)
}

impl Submission {
    fn read(node: Node<'_, '_>, found: &Found<'_, '_>, fallback: Option<&str>) -> Result<Self, Error> {
        let metadata = node.get("metadata");
        let text = |field: &str| metadata.and_then(|it| it.get(field)).and_then(Node::as_str);
        let name = text("name").unwrap_or_default().to_owned();
        let own = text("namespace").unwrap_or_default();
        let scope = scope_of(metadata);
        let template = node
            .get("spec")
            .and_then(|spec| spec.get("template"))
            .and_then(|template| template.get("metadata"));
        // What a template does not say cannot widen anything.
        let template_scope = Some(scope_of(template)).filter(|said| *said != Scope::Strict && *said != scope);
        let namespace = if own.is_empty() {
            fallback.unwrap_or_default()
        } else {
            own
        }
        .to_owned();
        let missing = match scope {
            _ if name.is_empty() => Some("metadata.name"),
            // The API server would not take it without one, whatever its scope.
            _ if namespace.is_empty() => Some("metadata.namespace"),
            _ => None,
        };
        if let Some(field) = missing {
            return Err(found.error(node.span().start, ErrorKind::Unnamed { field, scope }));
        }
        let mut json = node.to_json();
        if let Some(object) = json.as_object_mut() {
            object.insert("apiVersion".to_owned(), API_VERSION.into());
            if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
                metadata.insert("namespace".to_owned(), namespace.as_str().into());
            }
        }
        let values = values(node, found)?;
        let whole = node.get("spec").and_then(|spec| spec.get("data"));
        Ok(Self {
            position: found.position(node.span().start),
            is_version_1: values.is_empty() && whole.is_some_and(|whole| !whole.is_null()),
            object: format!("{namespace}/{name}"),
            scope,
            template_scope,
            namespace_filled: own.is_empty(),
            values,
            name,
            namespace,
            json,
        })
    }

    /// The whole document, for a question that changes nothing.
    pub(super) fn whole(&self) -> Vec<u8> {
        self.json.to_string().into_bytes()
    }

    /// What the seals need and no more: what a controller is not sent it can neither lose nor mix into the values
    /// (CVE-2026-22728; before 0.40 `spec.template.data` came back as sealed values).
    pub(super) fn core(&self) -> Vec<u8> {
        let mut metadata = Map::new();
        metadata.insert("name".to_owned(), self.name.as_str().into());
        metadata.insert("namespace".to_owned(), self.namespace.as_str().into());
        if let Some(annotation) = self.scope.annotation() {
            metadata.insert("annotations".to_owned(), json!({annotation: "true"}));
        }
        json!({
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": metadata,
            "spec": {"encryptedData": self.values, "template": {"metadata": metadata}},
        })
        .to_string()
        .into_bytes()
    }
}

fn scope_of(metadata: Option<Node<'_, '_>>) -> Scope {
    let annotations = metadata.and_then(|metadata| metadata.get("annotations"));
    Scope::of_annotations(|name| annotations.and_then(|all| all.get(name)).and_then(Node::as_str))
}

fn values(node: Node<'_, '_>, found: &Found<'_, '_>) -> Result<BTreeMap<String, String>, Error> {
    let data = node.get("spec").and_then(|spec| spec.get("encryptedData"));
    let Some(data) = data.filter(|data| !data.is_null()) else {
        return Ok(BTreeMap::new());
    };
    let wrong = |node: Node<'_, '_>, field: String, expected| {
        Err(found.error(node.span().start, ErrorKind::Type { field, expected }))
    };
    if data.kind() != Kind::Mapping {
        return wrong(data, "spec.encryptedData".to_owned(), "a mapping");
    }
    let mut values = BTreeMap::new();
    for (key, value) in data.entries() {
        let Some(text) = value.as_str() else {
            return wrong(value, format!("the value of {}", key.text), "a string");
        };
        if base64::decode(text).is_none() {
            let key = key.text.to_owned();
            return Err(found.error(value.span().start, ErrorKind::Base64 { key }));
        }
        values.insert(key.text.to_owned(), text.to_owned());
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seal::NAMESPACE_WIDE;

    fn read(text: &str) -> Submissions {
        submissions(text, Some("here")).unwrap()
    }

    #[test]
    fn the_core_has_the_scope_of_the_object_and_nothing_of_the_template() {
        let text = "kind: SealedSecret\nmetadata:\n  name: a\n  labels: {x: z}\n  annotations: {sealedsecrets.bitnami.com/namespace-wide: 'true', b: c}\n\
            spec:\n  encryptedData: {k: AgAA}\n  template:\n    type: Opaque\n    data: {l: '{{ .k }}'}\n    metadata: {annotations: {sealedsecrets.bitnami.com/cluster-wide: 'true'}}\n";
        let all = read(text);
        let one = &all.sealed[0];
        assert_eq!((one.object.as_str(), one.namespace_filled), ("here/a", true));
        assert_eq!(
            (one.scope, one.template_scope),
            (Scope::NamespaceWide, Some(Scope::ClusterWide))
        );
        let core: Value = serde_json::from_slice(&one.core()).unwrap();
        let metadata = json!({"name": "a", "namespace": "here", "annotations": {NAMESPACE_WIDE: "true"}});
        let spec = json!({"encryptedData": {"k": "AgAA"}, "template": {"metadata": metadata}});
        assert_eq!(core["metadata"], metadata);
        assert_eq!(core["spec"], spec);
        let whole: Value = serde_json::from_slice(&one.whole()).unwrap();
        assert_eq!(
            (&whole["metadata"]["namespace"], &whole["metadata"]["labels"]["x"]),
            (&json!("here"), &json!("z"))
        );
        assert_eq!(whole["apiVersion"], API_VERSION);
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        for (text, expected) in [
            (
                "metadata: {name: a}",
                "1:1: the SealedSecret has no metadata.namespace, which its scope strict needs",
            ),
            (
                "metadata: {namespace: a}",
                "1:1: the SealedSecret has no metadata.name, which its scope strict needs",
            ),
            (
                "metadata: {name: a, namespace: b}\nspec: {encryptedData: {k: '!'}}",
                "3:27: the sealed value k is not base64: it was cut off or edited",
            ),
            (
                "metadata: {name: a, namespace: b}\nspec: {encryptedData: {k: [1]}}",
                "3:27: the value of k is not a string",
            ),
            (
                "metadata: {name: a, namespace: b}\nspec: {encryptedData: x}",
                "3:23: spec.encryptedData is not a mapping",
            ),
        ] {
            let error = submissions(&format!("kind: SealedSecret\n{text}\n"), None).unwrap_err();
            assert_eq!(format!("{}: {error}", error.position), expected);
        }
        let all = read("kind: List\nitems:\n- {kind: SealedSecret, metadata: {name: a}}\n- {kind: Pod}\n");
        assert_eq!((all.sealed.len(), all.others), (1, 1));
        assert!(all.sealed[0].values.is_empty() && all.sealed[0].template_scope.is_none());
    }
}
