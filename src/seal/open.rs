//! A file of SealedSecrets becomes a file of Secrets.

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use super::closed::{Closed, is_sealed_secret, resources};
use super::crypto::OpeningKey;
use super::diagnosis::{Identity, Reason, diagnose};
use super::document::{Error, visit};
use super::input;
use super::scope::Scope;
use super::sealed_secret::WHOLE;
use crate::k8s::{Secret, base64};
use crate::text::Position;
use crate::yaml;

/// A value that does not open.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unopened {
    /// Where it stands.
    pub position: Position,
    /// The SealedSecret: `namespace/name`.
    pub object: String,
    /// The key of the value.
    pub key: String,
    /// Why.
    pub reason: Reason,
}

/// What became of a SealedSecret.
#[derive(Debug)]
pub struct Opened {
    /// The Secret, with the values that open.
    pub secret: Secret,
}

/// What became of a file.
#[derive(Debug, Default)]
pub struct Unsealed {
    /// The SealedSecrets, in order.
    pub opened: Vec<Opened>,
    /// The values that do not open.
    pub unopened: Vec<Unopened>,
    /// Documents that are no SealedSecret.
    pub others: usize,
}

/// Opens every SealedSecret of a text, or of each only the value of one key.
///
/// A SealedSecret that names no namespace is taken for one of `namespace`.
///
/// # Errors
/// The text cannot be read, or a SealedSecret is malformed. A value that does not open is no error here.
pub fn unseal(text: &str, keys: &[OpeningKey], namespace: Option<&str>, only: Option<&str>) -> Result<Unsealed, Error> {
    let mut unsealed = Unsealed::default();
    let mut closed = Vec::new();
    visit(text, |found| {
        for node in resources(&found.object) {
            if is_sealed_secret(node) {
                closed.push(Closed::read(node, found, namespace, only)?);
            } else {
                unsealed.others += 1;
            }
        }
        Ok(())
    })?;
    let mut names: Vec<(String, String)> = Vec::new();
    for one in &closed {
        let own = (one.identity.namespace.clone(), one.identity.name.clone());
        for name in [own, one.hint.clone()] {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    for one in closed {
        unsealed.open(one, keys, &names);
    }
    Ok(unsealed)
}

/// Opens one value, trying every key.
#[must_use]
pub fn open(keys: &[OpeningKey], label: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    keys.iter().find_map(|key| key.open(label, sealed).ok())
}

/// Why a value without a document does not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValueError {
    /// It is no sealed value.
    #[error("it is not base64: it was cut off or edited")]
    Base64,
    /// It opens with another scope.
    #[error("it was sealed with the scope {sealed}, not {declared}")]
    Scope {
        /// The scope that it was sealed with.
        sealed: Scope,
        /// The scope that was asked for.
        declared: Scope,
    },
    /// No key opens it.
    #[error("{reason}")]
    Unopened {
        /// Why.
        reason: Reason,
    },
}

/// Opens a value as [`super::seal_value`] gives it.
///
/// # Errors
/// It is no sealed value, or does not open; then the other scopes have been tried.
pub fn unseal_value(
    text: &str,
    scope: Scope,
    namespace: &str,
    name: &str,
    keys: &[OpeningKey],
) -> Result<Zeroizing<Vec<u8>>, ValueError> {
    let sealed = base64::decode(text).ok_or(ValueError::Base64)?;
    let identity = Identity {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        scope,
    };
    let names = [(namespace.to_owned(), name.to_owned())];
    open(keys, &identity.label(), &sealed).ok_or_else(|| match diagnose(&sealed, &identity, &names, keys) {
        Reason::Scope { sealed, declared } => ValueError::Scope { sealed, declared },
        reason => ValueError::Unopened { reason },
    })
}

impl Unsealed {
    fn open(&mut self, closed: Closed, keys: &[OpeningKey], names: &[(String, String)]) {
        let label = closed.identity.label();
        let mut secret = closed.template;
        let mut failed = Vec::new();
        let mut any = false;
        for (key, position, sealed) in closed.values {
            match open(keys, &label, &sealed) {
                Some(plaintext) => {
                    any = true;
                    // What is encrypted wins over what the template says.
                    secret.data.insert(key, plaintext);
                }
                None => failed.push((key, position, sealed)),
            }
        }
        let Identity { namespace, name, .. } = &closed.identity;
        if let Some((position, sealed)) = closed.whole {
            match open(keys, &label, &sealed).as_deref().and_then(|json| read_whole(json)) {
                Some(mut whole) => {
                    whole.metadata.namespace.clone_from(namespace);
                    whole.metadata.name.clone_from(name);
                    secret = whole;
                }
                None => failed.push((WHOLE.to_owned(), position, sealed)),
            }
        }
        let unopened = failed.into_iter().map(|(key, position, sealed)| Unopened {
            position,
            object: format!("{namespace}/{name}"),
            key,
            reason: match diagnose(&sealed, &closed.identity, names, keys) {
                Reason::Unknown if any => Reason::Value,
                reason => reason,
            },
        });
        self.unopened.extend(unopened);
        self.opened.push(Opened { secret });
    }
}

impl Opened {
    /// The JSON of the Secret, in the order of the Go type.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let secret = &self.secret;
        let mut json = Map::new();
        json.insert("kind".to_owned(), "Secret".into());
        json.insert("apiVersion".to_owned(), "v1".into());
        json.insert("metadata".to_owned(), secret.metadata.to_json().into());
        if let Some(immutable) = secret.immutable {
            json.insert("immutable".to_owned(), immutable.into());
        }
        if !secret.data.is_empty() {
            let data = secret.data.iter();
            let data = data.map(|(key, value)| (key.clone(), base64::encode(value).into()));
            json.insert("data".to_owned(), Value::Object(data.collect()));
        }
        if !secret.kind.is_empty() {
            json.insert("type".to_owned(), secret.kind.as_str().into());
        }
        Value::Object(json)
    }
}

/// Version 1 sealed the JSON of the Secret.
fn read_whole(json: &[u8]) -> Option<Secret> {
    let json = std::str::from_utf8(json).ok()?;
    let parts = input::parts(json);
    let text = parts.first()?.text();
    let stream = yaml::parse(text).ok()?;
    Secret::read(stream.documents().first()?.root()?, text).ok()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::seal::{Certificate, Sealer, Syntax, opening_keys, render, seal};

    static CERTIFICATE: LazyLock<Certificate> =
        LazyLock::new(|| Certificate::parse(include_bytes!("../../keys-example/sealing-2048.crt")).unwrap());
    static KEYS: LazyLock<Vec<OpeningKey>> =
        LazyLock::new(|| opening_keys(include_str!("../../keys-example/sealing-2048.key")).unwrap());

    fn sealed(text: &str, scope: Scope, syntax: Syntax) -> String {
        let sealer = Sealer {
            key: CERTIFICATE.key(),
            scope: Some(scope),
            name: None,
            namespace: None,
            default_namespace: None,
            allow_empty: true,
        };
        let mut count = 0;
        let mut random = |buffer: &mut [u8]| {
            count += 1;
            buffer.fill(count);
            Ok(())
        };
        render(&seal(text, &sealer, &mut random).unwrap().documents, syntax)
    }

    fn sealed_strict(text: &str) -> String {
        sealed(text, Scope::Strict, Syntax::Yaml)
    }

    fn reasons(text: &str) -> Vec<Reason> {
        let unsealed = unseal(text, &KEYS, None, None).unwrap();
        unsealed.unopened.into_iter().map(|value| value.reason).collect()
    }

    fn refusal(text: &str) -> String {
        let error = unseal(text, &KEYS, None, None).unwrap_err();
        format!("{}: {error}", error.position)
    }

    #[test]
    fn names_in_the_file_explain_a_value() {
        let one = sealed_strict("{kind: Secret, metadata: {name: a, namespace: one}, stringData: {k: x}}");
        let two = sealed_strict("{kind: Secret, metadata: {name: b, namespace: two}, stringData: {k: x}}");
        let value = |text: &str| text.lines().find(|line| line.contains("k: ")).unwrap().to_owned();
        // The value of one in the other, as a wrong copy would have it.
        let mixed = format!("{one}{}", two.replace(&value(&two), &value(&one)));
        let reason = Reason::Identity {
            namespace: "one".to_owned(),
            name: Some("a".to_owned()),
            scope: Scope::Strict,
        };
        assert_eq!(reasons(&mixed), std::slice::from_ref(&reason));
        assert_eq!(
            reason.to_string(),
            "it was sealed for the name `a` in the namespace `one` (scope strict)"
        );
        let wide = sealed(
            "{kind: Secret, metadata: {name: a, namespace: one}, stringData: {k: x}}",
            Scope::NamespaceWide,
            Syntax::Yaml,
        );
        let mixed = format!("{one}{}", two.replace(&value(&two), &value(&wide)));
        assert_eq!(
            reasons(&mixed)[0].to_string(),
            "it was sealed for the namespace `one` (scope namespace-wide)"
        );
    }

    #[test]
    fn version_1_holds_the_whole_secret() {
        let json = r#"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"x","creationTimestamp":null,"labels":{"a":"b"}},"data":{"k":"dg=="},"type":"Opaque"}"#;
        let session = crate::seal::SessionKey::new(Zeroizing::new([5; 32]));
        let sealed = CERTIFICATE.key().seal(session, "n/a", json.as_bytes()).unwrap();
        let document = |name: &str| {
            format!(
                "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {{name: {name}, namespace: \"n\"}}\nspec: {{data: {}}}\n",
                base64::encode(&sealed)
            )
        };
        let unsealed = unseal(&document("a"), &KEYS, None, None).unwrap();
        let expected = serde_json::json!({
            "kind": "Secret", "apiVersion": "v1", "metadata": {"name": "a", "namespace": "n", "labels": {"a": "b"}},
            "data": {"k": "dg=="}, "type": "Opaque",
        });
        assert_eq!(unsealed.opened[0].to_json().to_string(), expected.to_string());
        let unopened = unseal(&document("b"), &KEYS, None, None).unwrap().unopened;
        assert_eq!(
            (unopened[0].key.as_str(), &unopened[0].reason),
            ("spec.data", &Reason::Unknown)
        );
    }

    #[test]
    fn malformed_documents_are_refused() {
        let head = "kind: SealedSecret\nmetadata: {name: a, namespace: n}\n";
        for (text, expected) in [
            ("spec: {encryptedData: {k: 1}}", "3:27: the value of k is not a string"),
            (
                "spec: {encryptedData: [k]}",
                "3:23: spec.encryptedData is not a mapping",
            ),
            (
                "spec: {encryptedData: {k: 'x'}}",
                "3:27: the sealed value k is not base64: it was cut off or edited",
            ),
            (
                "spec: {template: {data: {k: []}}}",
                "3:29: the value of k is not a string",
            ),
            (
                "spec: {template: {metadata: {labels: {a: []}}}}",
                "3:42: metadata.labels.a is not a string",
            ),
        ] {
            assert_eq!(refusal(&format!("{head}{text}\n").replace(": n}", ": ns}")), expected);
        }
        assert_eq!(
            refusal("kind: SealedSecret\nmetadata: {namespace: a}\n"),
            "1:1: the SealedSecret has no metadata.name, which its scope strict needs"
        );
    }

    #[test]
    fn lists_are_opened_and_others_are_counted() {
        let json = sealed(
            "{kind: Secret, metadata: {name: a, namespace: one}, stringData: {k: x}}",
            Scope::Strict,
            Syntax::Json,
        );
        let list = format!("{{\"kind\": \"List\", \"items\": [{json}, {{\"kind\": \"Pod\"}}]}}");
        let unsealed = unseal(&list, &KEYS, None, None).unwrap();
        assert_eq!((unsealed.opened.len(), unsealed.others), (1, 1));
        assert_eq!(**unsealed.opened[0].secret.data.get("k").unwrap(), *b"x");
        assert_eq!(unsealed.opened[0].secret.metadata.name, "a");
        assert!(unseal("", &KEYS, None, None).unwrap().opened.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn what_is_sealed_is_unsealed(
            scope in proptest::sample::select(Scope::ALL.to_vec()),
            syntax in proptest::sample::select(vec![Syntax::Json, Syntax::Yaml]),
            data in proptest::collection::btree_map("[a-z0-9._-]{1,6}[a-z]", proptest::collection::vec(any::<u8>(), 0..60), 0..4),
            label in "[ -~é\n]{0,120}",
        ) {
            let encoded: BTreeMap<_, _> = data.iter().map(|(key, value)| (key, base64::encode(value))).collect();
            let secret = serde_json::json!({
                "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "data": encoded,
                "metadata": {"name": "a", "namespace": "one", "annotations": {"text": label}},
            });
            prop_assume!(data.keys().all(|key| !key.starts_with("..")));
            let text = sealed(&secret.to_string(), scope, syntax);
            let unsealed = unseal(&text, &KEYS, None, None).unwrap();
            prop_assert!(unsealed.unopened.is_empty());
            let opened = &unsealed.opened[0].secret;
            let plain: BTreeMap<_, _> = opened.data.iter().map(|(key, value)| (key.clone(), value.to_vec())).collect();
            prop_assert_eq!(plain, data);
            prop_assert_eq!(opened.metadata.annotations.get("text"), Some(&label));
        }
    }
}
