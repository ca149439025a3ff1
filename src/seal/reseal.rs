//! Values move to a newer key, and nothing else of their files changes.
//!
//! Three steps, of which only the middle one knows keys: [`sealed_values`] finds what is sealed in a file, a [`Resealer`]
//! says what becomes of each value, and [`splice`] writes the new ones where the old ones stood.

use serde_json::Value;

use super::diagnosis::{Identity, Reason, diagnose};
use super::document::ErrorKind;
use super::key_ring::{KeyFacts, KeyRing};
use super::scope::Scope;
use super::sealed_secret::{SecretSealError, seal_value};
use super::sealing_key::Certificate;
use super::targets::{self, TargetError, TargetErrorKind, WHOLE};
use crate::k8s::base64;
use crate::text::Position;

/// A SealedSecret in a file.
#[derive(Clone, Debug)]
pub struct SealedObject {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its scope.
    pub scope: Scope,
    /// Where it stands.
    pub position: Position,
    /// Its sealed values.
    pub values: Vec<SealedValue>,
    /// The whole resource as kubectl reads it, which is what the controller takes.
    pub json: Value,
}

/// A sealed value in a file.
#[derive(Clone, Debug)]
pub struct SealedValue {
    /// Its key.
    pub key: String,
    /// Where it stands.
    pub position: Position,
    bytes: Vec<u8>,
}

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

/// Who can seal values anew.
pub trait Resealer: Sync {
    /// What becomes of each value of an object; `others` are namespaces and names that may explain what does not open.
    ///
    /// # Errors
    /// Nothing can be said about the object.
    fn reseal(&self, object: &SealedObject, others: &[(String, String)]) -> Result<Vec<Fate>, SecretSealError>;
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
    fn reseal(&self, object: &SealedObject, others: &[(String, String)]) -> Result<Vec<Fate>, SecretSealError> {
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

impl std::fmt::Debug for Offline<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Offline({} keys)", self.keys.facts().len())
    }
}

/// Finds what is sealed in a text; a SealedSecret that names no namespace is taken for one of `namespace`.
///
/// # Errors
/// The text cannot be read, a SealedSecret is malformed, or its template has another scope than itself.
pub fn sealed_values(text: &str, namespace: Option<&str>) -> Result<Vec<SealedObject>, TargetError> {
    let mut objects = Vec::new();
    targets::visit(text, |place| {
        let scope = place.scope()?;
        let name = place.text(&["metadata", "name"]);
        let mut own = place.text(&["metadata", "namespace"]);
        if own.is_empty() {
            own = namespace.unwrap_or_default().to_owned();
        }
        place.label(scope, &own, &name)?;
        let mut values = Vec::new();
        for slot in place.slots()? {
            let offset = slot.node.span().start;
            let bytes = base64::decode(&slot.text).ok_or_else(|| {
                let key = slot.key.clone();
                place.error(offset, ErrorKind::Base64 { key })
            })?;
            values.push(SealedValue {
                key: slot.key,
                position: place.position(offset),
                bytes: bytes.to_vec(),
            });
        }
        objects.push(SealedObject {
            namespace: own,
            name,
            scope,
            position: place.position(place.node.span().start),
            values,
            json: place.node.to_json(),
        });
        Ok::<_, TargetError>(())
    })?;
    Ok(objects)
}

/// The names in a file, which may explain a value that was copied from one object to another.
#[must_use]
pub fn names(objects: &[SealedObject]) -> Vec<(String, String)> {
    let mut names: Vec<(String, String)> = Vec::new();
    for object in objects {
        let template = |field: &str| {
            object
                .json
                .pointer(&format!("/spec/template/metadata/{field}"))
                .and_then(Value::as_str)
        };
        let own = (object.namespace.clone(), object.name.clone());
        let hint = (
            template("namespace").unwrap_or_default().to_owned(),
            template("name").unwrap_or_default().to_owned(),
        );
        for name in [own, hint] {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

/// Writes new values where the old ones stand; `fates` are those of each object that [`sealed_values`] finds.
///
/// # Errors
/// A value stands where it cannot be replaced alone, such as behind an alias.
pub fn splice(text: &str, fates: &[Vec<Fate>]) -> Result<String, TargetError> {
    let mut fates = fates.iter();
    targets::edit(text, |editor, places, values| {
        let mut edits = Vec::new();
        for place in places {
            let of_object = fates.next().map_or(&[][..], Vec::as_slice);
            for (slot, fate) in place.slots()?.iter().zip(of_object) {
                let Fate::Resealed { text, .. } = fate else { continue };
                // A block scalar stays one: Go's base64 takes the line feed at its end.
                let feed = if slot.text.ends_with('\n') { "\n" } else { "" };
                let new = Value::from(format!("{text}{feed}"));
                edits.extend(editor.replace(slot.node, &new).map_err(|error| place.refuse(error))?);
                let spec = place.value(values).and_then(|object| object.get_mut("spec"));
                let expected = match slot.key.as_str() {
                    WHOLE if place.field(&["spec", "encryptedData", WHOLE]).is_none() => {
                        spec.and_then(|spec| spec.get_mut("data"))
                    }
                    key => spec.and_then(|spec| spec.get_mut("encryptedData")?.get_mut(key)),
                };
                if let Some(expected) = expected {
                    *expected = new;
                }
            }
        }
        Ok(edits)
    })
}

impl From<SecretSealError> for TargetErrorKind {
    fn from(error: SecretSealError) -> Self {
        Self::Document(error.into())
    }
}
