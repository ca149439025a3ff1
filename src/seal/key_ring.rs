//! Private keys with what is known of them: which file they come from, and since when their certificate has been valid.

use jiff::Timestamp;

use super::crypto::{KeyId, OpeningKey};
use super::input;
use super::private_key::{PrivateKeyError, opening_keys_with};
use super::sealing_key::Certificate;
use crate::k8s::{Object, base64, objects};
use crate::yaml::{self, Node};

/// Keys that open, each once.
#[derive(Debug, Default)]
pub struct KeyRing {
    keys: Vec<OpeningKey>,
    facts: Vec<KeyFacts>,
}

/// What is known of a private key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyFacts {
    /// Which key.
    pub id: KeyId,
    /// The file that it comes from.
    pub file: String,
    /// The first moment of its certificate, if that stands beside it.
    pub not_before: Option<Timestamp>,
}

impl KeyRing {
    /// Adds the keys of a file, in any form that [`opening_keys_with`] reads.
    ///
    /// # Errors
    /// There is none, or one cannot be used.
    pub fn add(&mut self, text: &str, file: &str, password: Option<&str>) -> Result<(), PrivateKeyError> {
        let certificates = certificates(text);
        for (at, key) in opening_keys_with(text, password)?.into_iter().enumerate() {
            let id = key.id().ok_or(PrivateKeyError::Key {
                number: at + 1,
                source: super::KeyError::Malformed,
            })?;
            let matching = certificates
                .iter()
                .filter(|certificate| certificate.key().id() == Some(id));
            let not_before = matching.map(Certificate::not_before).max();
            match self.facts.iter_mut().find(|facts| facts.id == id) {
                Some(facts) => facts.not_before = facts.not_before.or(not_before),
                None => {
                    self.facts.push(KeyFacts {
                        id,
                        file: file.to_owned(),
                        not_before,
                    });
                    self.keys.push(key);
                }
            }
        }
        Ok(())
    }

    /// The keys, in the order of the files.
    #[must_use]
    pub fn facts(&self) -> &[KeyFacts] {
        &self.facts
    }

    pub(super) fn keys(&self) -> &[OpeningKey] {
        &self.keys
    }
}

/// The certificates beside the keys of a file; what cannot be read is none.
fn certificates(text: &str) -> Vec<Certificate> {
    let mut found = Certificate::all(text);
    if !found.is_empty() {
        return found;
    }
    for part in input::parts(text) {
        let Ok(stream) = yaml::parse(part.text()) else { continue };
        for root in stream.documents().iter().filter_map(yaml::Document::root) {
            for object in objects(root).unwrap_or_default() {
                let Object::Secret(secret) = object else { continue };
                let entry = |field: &str| secret.get(field)?.get("tls.crt").and_then(Node::as_str);
                if let Some(pem) = entry("stringData") {
                    found.extend(Certificate::all(pem));
                } else if let Some(bytes) = entry("data").and_then(base64::decode) {
                    found.extend(std::str::from_utf8(&bytes).map(Certificate::all).unwrap_or_default());
                }
            }
        }
    }
    found
}
