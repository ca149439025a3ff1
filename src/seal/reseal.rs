//! Values move to a newer key, and nothing else of their files changes.
//!
//! Three steps, of which only the middle one knows keys: [`super::sealed_values`] finds what is sealed in a file, a
//! [`Resealer`] says what becomes of each value, and [`super::splice()`] writes the [`new_values`] where the old ones stood.

use std::collections::BTreeMap;

use super::controller::ControllerError;
use super::diagnosis::{Identity, Reason, diagnose};
use super::document::ErrorKind;
use super::key_ring::{KeyFacts, KeyRing};
use super::sealed_object::SealedObject;
use super::sealed_secret::{SecretSealError, seal_value};
use super::sealing_key::Certificate;
use super::submission::{Submission, submissions};

/// What becomes of a value.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fate {
    /// It stays.
    Kept {
        /// The key that opens it.
        by: KeyFacts,
    },
    /// It is sealed anew.
    Resealed {
        /// The key that opened it, if the resealer knows.
        by: Option<KeyFacts>,
        /// The new value.
        text: String,
    },
    /// No key opens it.
    Unopened {
        /// Why.
        reason: Reason,
    },
}

/// Why nothing can be said about an object.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResealError {
    /// The controller does not do it.
    #[error(transparent)]
    Controller(Box<ControllerError>),
    /// The SealedSecret cannot be sent to the controller.
    #[error(transparent)]
    Document(ErrorKind),
    /// The process was asked to stop before the answer came.
    #[error("interrupted")]
    Interrupted,
    /// There is nothing that the controller would take, as in version 1.
    #[error("{object} has no values in spec.encryptedData that the controller could seal anew")]
    NoValue {
        /// The SealedSecret.
        object: String,
    },
    /// A value cannot be sealed.
    #[error(transparent)]
    Seal(#[from] SecretSealError),
}

impl From<ControllerError> for ResealError {
    fn from(error: ControllerError) -> Self {
        Self::Controller(Box::new(error))
    }
}

/// Who can seal values anew.
pub trait Resealer: Sync {
    /// What becomes of each value of an object; `others` are namespaces and names that may explain what does not open.
    ///
    /// # Errors
    /// Nothing can be said about the object.
    fn reseal(&self, object: &SealedObject, others: &[(String, String)]) -> Result<Vec<Fate>, ResealError>;
}

/// A [`Resealer`] with the private keys at hand.
pub struct Offline<'k> {
    /// The keys that open.
    pub keys: &'k KeyRing,
    /// The certificate that seals.
    pub certificate: &'k Certificate,
    /// Values are left whose key has a certificate that is not older than this one.
    pub older_than: Option<&'k Certificate>,
    /// Fills a buffer from a cryptographic source.
    pub random: &'k (dyn Fn(&mut [u8]) -> std::io::Result<()> + Sync),
}

impl Offline<'_> {
    /// Whether a value may stay with the key that opens it: with the certificate's own, with a newer one, and with one that
    /// is not older than asked. A key without a certificate counts as older.
    fn stays(&self, facts: &KeyFacts) -> bool {
        let is_of = |certificate: &Certificate| certificate.key().id() == Some(facts.id);
        let newer_than =
            |certificate: &Certificate| facts.not_before.is_some_and(|since| since > certificate.not_before());
        let is_recent = |certificate: &Certificate| {
            is_of(certificate) || facts.not_before.is_some_and(|since| since >= certificate.not_before())
        };
        is_of(self.certificate) || newer_than(self.certificate) || self.older_than.is_some_and(is_recent)
    }
}

impl Resealer for Offline<'_> {
    fn reseal(&self, object: &SealedObject, others: &[(String, String)]) -> Result<Vec<Fate>, ResealError> {
        let identity = Identity {
            namespace: object.namespace.clone(),
            name: object.name.clone(),
            scope: object.scope,
        };
        let label = identity.label();
        let mut fates = Vec::new();
        let mut random = |buffer: &mut [u8]| (self.random)(buffer);
        for value in &object.values {
            let opened = self.keys.keys().iter().zip(self.keys.facts());
            let opened = opened
                .filter_map(|(key, facts)| Some((key.open(&label, &value.bytes).ok()?, facts)))
                .next();
            fates.push(match opened {
                Some((_, facts)) if self.stays(facts) => Fate::Kept { by: facts.clone() },
                Some((plaintext, facts)) => Fate::Resealed {
                    by: Some(facts.clone()),
                    text: seal_value(self.certificate.key(), &label, &plaintext, &mut random)?,
                },
                None => Fate::Unopened {
                    reason: diagnose(&value.bytes, &identity, others, self.keys.keys()),
                },
            });
        }
        let any = fates.iter().any(|fate| !matches!(fate, Fate::Unopened { .. }));
        for fate in &mut fates {
            if let Fate::Unopened { reason } = fate
                && *reason == Reason::Unknown
                && any
            {
                *reason = Reason::Value;
            }
        }
        Ok(fates)
    }
}

/// Asks the controller for the new values of a SealedSecret.
pub type Rotate<'r> = dyn Fn(&Submission) -> Result<BTreeMap<String, String>, ResealError> + Sync + 'r;

/// A [`Resealer`] that has the controller do it, which knows all keys. It does not say which key opened a value, and seals
/// every value anew, those of the newest key too.
pub struct ByController<'r> {
    /// Asks the controller.
    pub rotate: &'r Rotate<'r>,
}

impl Resealer for ByController<'_> {
    fn reseal(&self, object: &SealedObject, _: &[(String, String)]) -> Result<Vec<Fate>, ResealError> {
        let name = || format!("{}/{}", object.namespace, object.name);
        let submissions = submissions(&object.json.to_string(), Some(&object.namespace));
        let submissions = submissions.map_err(|error| ResealError::Document(error.kind))?;
        let submission = submissions.sealed.first();
        let submission = submission.ok_or_else(|| ResealError::NoValue { object: name() })?;
        let new = (self.rotate)(submission)?;
        let fates = object.values.iter().map(|value| {
            let text = new.get(&value.key).cloned();
            let text = text.ok_or_else(|| ResealError::NoValue { object: name() })?;
            Ok(Fate::Resealed { by: None, text })
        });
        fates.collect()
    }
}

impl std::fmt::Debug for ByController<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ByController")
    }
}

impl std::fmt::Debug for Offline<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Offline({} keys)", self.keys.facts().len())
    }
}

/// The new values of an object by key, as [`super::splice()`] takes them.
#[must_use]
pub fn new_values(object: &SealedObject, fates: &[Fate]) -> BTreeMap<String, String> {
    let all = object.values.iter().zip(fates);
    all.filter_map(|(value, fate)| match fate {
        Fate::Resealed { text, .. } => Some((value.key.clone(), text.clone())),
        Fate::Kept { .. } | Fate::Unopened { .. } => None,
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::k8s::base64;
    use crate::seal::{
        OpeningKey, Scope, Sealer, SpliceError, Syntax, names, opening_keys, render, seal, sealed_values, unseal,
    };

    const OLD_KEY: &str = include_str!("../../keys-example/sealing-2048.key");
    const NEW_KEY: &str = include_str!("../../keys-example/sealing-4096.key");

    static OLD: LazyLock<Certificate> = LazyLock::new(|| certificate("../../keys-example/sealing-2048.crt"));
    static NEW: LazyLock<Certificate> = LazyLock::new(|| certificate("../../keys-example/sealing-4096.crt"));
    static OPENS_NEW: LazyLock<Vec<OpeningKey>> = LazyLock::new(|| opening_keys(NEW_KEY).unwrap());

    fn certificate(which: &str) -> Certificate {
        let bytes = match which {
            "../../keys-example/sealing-2048.crt" => include_bytes!("../../keys-example/sealing-2048.crt").as_slice(),
            _ => include_bytes!("../../keys-example/sealing-4096.crt").as_slice(),
        };
        Certificate::parse(bytes).unwrap()
    }

    fn ring(keys: &[&str]) -> KeyRing {
        let mut ring = KeyRing::default();
        for (at, key) in keys.iter().enumerate() {
            ring.add(key, &format!("key{at}"), None).unwrap();
        }
        ring
    }

    fn random(buffer: &mut [u8]) -> std::io::Result<()> {
        getrandom::fill(buffer).map_err(std::io::Error::other)
    }

    fn sealed(text: &str, scope: Scope, syntax: Syntax) -> String {
        let sealer = Sealer {
            key: OLD.key(),
            scope: Some(scope),
            name: None,
            namespace: None,
            default_namespace: None,
            allow_empty: true,
        };
        render(&seal(text, &sealer, &mut random).unwrap().documents, syntax)
    }

    fn fates(text: &str, keys: &KeyRing, older_than: Option<&Certificate>) -> Vec<Vec<Fate>> {
        let resealer = Offline {
            keys,
            certificate: &NEW,
            older_than,
            random: &random,
        };
        let objects = sealed_values(text, None).unwrap();
        let others = names(&objects);
        objects
            .iter()
            .map(|object| resealer.reseal(object, &others).unwrap())
            .collect()
    }

    fn splice(text: &str, fates: &[Vec<Fate>]) -> Result<String, SpliceError> {
        let objects = sealed_values(text, None).unwrap();
        let new = objects.iter().zip(fates);
        let new: Vec<_> = new.map(|(object, fates)| new_values(object, fates)).collect();
        crate::seal::splice(text, &new)
    }

    fn is_kept(fates: &[Vec<Fate>]) -> Vec<bool> {
        fates
            .iter()
            .flatten()
            .map(|fate| matches!(fate, Fate::Kept { .. }))
            .collect()
    }

    const SECRET: &str = "{kind: Secret, metadata: {name: a, namespace: shop}, stringData: {k: x}}";

    #[test]
    fn a_value_stays_with_the_newest_key_and_a_second_run_changes_nothing() {
        let text = sealed(SECRET, Scope::Strict, Syntax::Yaml);
        let keys = ring(&[OLD_KEY, NEW_KEY, OLD_KEY]);
        assert_eq!(keys.facts().len(), 2, "each key once");
        let first = fates(&text, &keys, None);
        assert_eq!(is_kept(&first), [false]);
        let edited = splice(&text, &first).unwrap();
        assert_ne!(edited, text);
        let second = fates(&edited, &keys, None);
        assert_eq!(is_kept(&second), [true]);
        assert_eq!(splice(&edited, &second).unwrap(), edited);
    }

    #[test]
    fn age_is_that_of_the_certificate_beside_the_key() {
        let text = sealed(SECRET, Scope::Strict, Syntax::Yaml);
        let bare = ring(&[OLD_KEY]);
        assert_eq!(bare.facts()[0].not_before, None);
        // A key without a certificate counts as older, unless it is the certificate's own.
        assert_eq!(is_kept(&fates(&text, &bare, Some(&NEW))), [false]);
        assert_eq!(is_kept(&fates(&text, &bare, Some(&OLD))), [true]);
        let dated = ring(&[&format!(
            "{OLD_KEY}{}",
            include_str!("../../keys-example/sealing-2048.crt")
        )]);
        assert_eq!(dated.facts()[0].not_before, Some(OLD.not_before()));
        let stays = OLD.not_before() >= NEW.not_before();
        assert_eq!(is_kept(&fates(&text, &dated, Some(&NEW))), [stays]);
        let encode = |text: &str| base64::encode(text.as_bytes());
        let secret = format!(
            "{{apiVersion: v1, kind: Secret, data: {{tls.key: {}, tls.crt: {}}}}}",
            encode(OLD_KEY),
            encode(include_str!("../../keys-example/sealing-2048.crt"))
        );
        assert_eq!(ring(&[&secret]).facts()[0].not_before, Some(OLD.not_before()));
        let mixed = secret.replace(
            &encode(include_str!("../../keys-example/sealing-2048.crt")),
            &encode(include_str!("../../keys-example/sealing-4096.crt")),
        );
        assert_eq!(ring(&[&mixed]).facts()[0].not_before, None, "it is another key's");
    }

    #[test]
    fn what_does_not_open_is_explained() {
        let text = sealed(SECRET, Scope::Strict, Syntax::Yaml);
        let keys = ring(&[OLD_KEY]);
        let reasons = |text: &str| -> Vec<String> {
            let fates = fates(text, &keys, None);
            fates
                .iter()
                .flatten()
                .map(|fate| match fate {
                    Fate::Unopened { reason } => reason.to_string(),
                    other => format!("{other:?}"),
                })
                .collect()
        };
        let moved = text.replacen("namespace: shop", "namespace: other", 1);
        assert_eq!(
            reasons(&moved),
            ["it was sealed for the name `a` in the namespace `shop` (scope strict)"]
        );
        let only_new = ring(&[NEW_KEY]);
        let found = fates(&text, &only_new, None);
        assert!(
            matches!(
                &found[0][0],
                Fate::Unopened {
                    reason: Reason::KeySize { .. }
                }
            ),
            "{found:?}"
        );
    }

    #[test]
    fn a_template_that_says_another_scope_is_refused() {
        let head = "kind: SealedSecret\nmetadata: {name: a, namespace: shop}\nspec:\n  encryptedData: {}\n  template: {metadata: {annotations: {sealedsecrets.bitnami.com/";
        let refused = sealed_values(&format!("{head}cluster-wide: 'true'}}}}}}\n"), None).unwrap_err();
        assert_eq!(
            format!("{}: {refused}", refused.position),
            "1:1: the annotations of the object say the scope strict, those of its template cluster-wide"
        );
        assert!(sealed_values(&format!("{head}cluster-wide: 'false'}}}}}}\n"), None).is_ok());
    }

    #[test]
    fn other_bytes_stay_whatever_they_are() {
        let yaml = sealed(SECRET, Scope::Strict, Syntax::Yaml);
        let value = yaml.split("k: ").nth(1).unwrap().lines().next().unwrap().to_owned();
        let json = sealed(SECRET, Scope::NamespaceWide, Syntax::Json);
        let keys = ring(&[OLD_KEY]);
        let template = "kind: SealedSecret # é\nmetadata: {name: a, namespace: shop}\nspec:\n  template:\n    data: {t: '{{ .k }}', k: null}\n  encryptedData:\n";
        let folded = format!(
            "{template}    \"k\": >- # folded\n      {value}\n    l:   '{value}'   # c\n\n    m: |\n      {}\n      {}\n",
            &value[..64],
            &value[64..]
        );
        let list = format!(
            "{{\"kind\": \"List\",\t\"items\": [{{\"kind\": \"Pod\", \"x\": \"\\/\\u003c\\ud83d\\ude00\"}}, {}]}}\n",
            json.trim_end()
        );
        for text in [
            format!("\u{feff}# top\n---\na:   b # c\n{yaml}---\n# end"),
            yaml.replace('\n', "\r\n"),
            folded.clone(),
            folded.replace('\n', "\r\n"),
            list,
            format!("{json}\n\n{}", json.replace('\n', "\r\n").replace("  ", "\t")),
        ] {
            let found = fates(&text, &keys, None);
            let edited = splice(&text, &found).unwrap();
            let mut masked = edited.clone();
            for fate in found.iter().flatten() {
                let Fate::Resealed { text: new, .. } = fate else {
                    panic!("{fate:?}")
                };
                assert!(masked.contains(new.as_str()), "{masked}");
                masked = masked.replace(new.as_str(), "V");
            }
            let mut expected = text.clone();
            for object in sealed_values(&text, None).unwrap() {
                for sealed in object.values {
                    expected = expected.replace(&base64::encode(&sealed.bytes), "V");
                }
            }
            let broken = format!("{}\n      {}", &value[..64], &value[64..]);
            let expected = expected
                .replace(&broken, "V")
                .replace(&broken.replace('\n', "\r\n"), "V");
            assert_eq!(masked, expected);
            if !text.contains("{{") {
                assert!(unseal(&edited, &OPENS_NEW, None, None).unwrap().unopened.is_empty());
            }
        }
    }

    #[test]
    fn what_an_alias_repeats_is_not_written() {
        let yaml = sealed(SECRET, Scope::Strict, Syntax::Yaml);
        let text = yaml.replace("    k: ", "    l: *x\n    k: ").replace("k: A", "k: &x A");
        let text = text
            .replace("    l: *x\n", "")
            .replace("  template:", "    l: *x\n  template:");
        let error = splice(&text, &fates(&text, &ring(&[OLD_KEY]), None)).unwrap_err();
        let SpliceError::Target(error) = error else {
            panic!("{error}")
        };
        let cause = std::error::Error::source(&error.kind).unwrap().to_string();
        assert!(cause.contains("an alias repeats this"), "{cause}");
    }

    #[test]
    fn version_1_moves_whole() {
        let json = r#"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"a"},"data":{"k":"dg=="}}"#;
        let session = crate::seal::SessionKey::new(zeroize::Zeroizing::new([5; 32]));
        let blob = OLD.key().seal(session, "shop/a", json.as_bytes()).unwrap();
        let text = format!(
            "kind: SealedSecret\nmetadata: {{name: a, namespace: shop}}\nspec:\n  data: {} # v1\n",
            base64::encode(&blob)
        );
        let edited = splice(&text, &fates(&text, &ring(&[OLD_KEY]), None)).unwrap();
        assert!(edited.ends_with(" # v1\n") && edited != text);
        let opened = unseal(&edited, &OPENS_NEW, None, None).unwrap();
        assert_eq!(**opened.opened[0].secret.data.get("k").unwrap(), *b"v");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_is_resealed_opens_with_the_new_key_alone(
            scope in proptest::sample::select(Scope::ALL.to_vec()),
            syntax in proptest::sample::select(vec![Syntax::Json, Syntax::Yaml]),
            data in proptest::collection::btree_map("[a-z0-9_-]{1,6}[a-z]", proptest::collection::vec(any::<u8>(), 0..60), 1..4),
            at in any::<proptest::sample::Index>(),
            bit in 0_u8..8,
        ) {
            let encoded: BTreeMap<_, _> = data.iter().map(|(key, value)| (key, base64::encode(value))).collect();
            let secret = serde_json::json!({
                "apiVersion": "v1", "kind": "Secret", "data": encoded, "metadata": {"name": "a", "namespace": "one"},
            });
            let text = sealed(&secret.to_string(), scope, syntax);
            let keys = ring(&[OLD_KEY]);
            let found = fates(&text, &keys, None);
            let edited = splice(&text, &found).unwrap();
            let unsealed = unseal(&edited, &OPENS_NEW, None, None).unwrap();
            prop_assert!(unsealed.unopened.is_empty());
            let plain: BTreeMap<_, _> = unsealed.opened[0].secret.data.iter().map(|(key, value)| (key.clone(), value.to_vec())).collect();
            prop_assert_eq!(plain, data);
            let old = opening_keys(OLD_KEY).unwrap();
            prop_assert_eq!(unseal(&edited, &old, None, None).unwrap().unopened.len(), found[0].len());
            // A flipped bit of the old value never opens, so that nothing is sealed anew.
            let mut objects = sealed_values(&text, None).unwrap();
            let bytes = &mut objects[0].values[0].bytes;
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            let resealer = Offline { keys: &keys, certificate: &NEW, older_than: None, random: &random };
            let fates = resealer.reseal(&objects[0], &[]).unwrap();
            let is_unopened = matches!(fates[0], Fate::Unopened { .. });
            prop_assert!(is_unopened);
        }
    }
}
