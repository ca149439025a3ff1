//! The proof that a key can go: the JSON of `kship encryption audit`, made with this very file.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::rotate::Reader;

/// The schema of the JSON.
pub const SCHEMA: &str = "kship.encryption-audit/v1";

/// An audit, as far as it proves something.
#[derive(Debug, Deserialize)]
pub struct Proof {
    details: Details,
}

/// What every report begins with.
#[derive(Debug, Deserialize)]
struct Head {
    schema: String,
}

#[derive(Debug, Deserialize)]
struct Details {
    complete: bool,
    incomplete: Option<String>,
    config: Config,
    keys: Keys,
    resources: Vec<Resource>,
}

#[derive(Debug, Deserialize)]
struct Config {
    sha256: String,
}

#[derive(Debug, Deserialize)]
struct Keys {
    total: u64,
    outside: u64,
}

#[derive(Debug, Deserialize)]
struct Resource {
    resource: String,
    counts: Vec<Count>,
}

#[derive(Debug, Deserialize)]
struct Count {
    age: String,
    state: String,
    provider: Option<String>,
    key: Option<String>,
    count: u64,
}

/// Why an audit is no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// It was made with another file.
    #[error("the audit was made with another configuration, {found}: expected {expected}")]
    AnotherFile {
        /// The hash in the audit.
        found: String,
        /// The hash of the file.
        expected: String,
    },
    /// It has another schema.
    #[error("the audit has the schema `{found}`: expected `{SCHEMA}`")]
    AnotherSchema {
        /// What it says.
        found: String,
    },
    /// Nothing, or nothing of the cluster, was looked at.
    #[error("the audit saw no value below its prefix, so that it proves nothing")]
    Empty,
    /// Nothing that is encrypted opens.
    #[error(
        "the audit found no value that the keys of the file open, and {count} that they do not: is it of this cluster?"
    )]
    Foreign {
        /// How many do not.
        count: u64,
    },
    /// Something was not looked at.
    #[error("the audit is not complete: {reason}")]
    Incomplete {
        /// Why.
        reason: String,
    },
    /// Values need the key.
    #[error("`{key}` is still needed: {count} values of {resources}")]
    Needed {
        /// The key.
        key: String,
        /// How many values.
        count: u64,
        /// Of which resources.
        resources: String,
    },
    /// The key is not among those that were counted.
    #[error("the audit did not count the values of `{key}`")]
    NotCounted {
        /// The key.
        key: String,
    },
    /// It is no JSON, or lacks a field.
    #[error("the audit cannot be read: expected the JSON of `kship encryption audit --format json`")]
    Unreadable(#[from] serde_json::Error),
}

impl Proof {
    /// Reads the JSON of an audit.
    ///
    /// # Errors
    /// It is something else.
    pub fn parse(text: &str) -> Result<Self, ProofError> {
        let Head { schema } = serde_json::from_str(text)?;
        if schema != SCHEMA {
            return Err(ProofError::AnotherSchema { found: schema });
        }
        Ok(serde_json::from_str(text)?)
    }

    /// Checks that no stored value needs one of some readers, with the file of this hash (`sha256:...`).
    ///
    /// Gives how many superseded values there are, which only old revisions and backups have.
    ///
    /// # Errors
    /// One is needed, or the audit says nothing about that.
    pub fn check(&self, hash: &str, removed: &[Reader]) -> Result<u64, ProofError> {
        let details = &self.details;
        if details.config.sha256 != hash {
            return Err(ProofError::AnotherFile {
                found: details.config.sha256.clone(),
                expected: hash.to_owned(),
            });
        }
        if !details.complete {
            return Err(ProofError::Incomplete {
                reason: details
                    .incomplete
                    .clone()
                    .unwrap_or_else(|| "it does not say why".to_owned()),
            });
        }
        if details.keys.total <= details.keys.outside {
            return Err(ProofError::Empty);
        }
        details.check_is_known()?;
        let mut superseded: u64 = 0;
        for reader in removed {
            let mut needed: BTreeMap<&str, u64> = BTreeMap::new();
            let mut counts = details.resources.iter().flat_map(|resource| &resource.counts);
            // A zero that nobody wrote down proves nothing.
            if !reader.is_identity() && !counts.any(|count| count.age != "superseded" && count.needs(reader)) {
                return Err(ProofError::NotCounted {
                    key: reader.to_string(),
                });
            }
            for resource in &details.resources {
                for count in resource
                    .counts
                    .iter()
                    .filter(|count| count.count > 0 && count.needs(reader))
                {
                    if count.age == "superseded" {
                        superseded = superseded.saturating_add(count.count);
                    } else {
                        let sum = needed.entry(&resource.resource).or_default();
                        *sum = sum.saturating_add(count.count);
                    }
                }
            }
            if !needed.is_empty() {
                return Err(ProofError::Needed {
                    key: reader.to_string(),
                    count: needed.values().fold(0, |sum, count| sum.saturating_add(*count)),
                    resources: needed.into_keys().collect::<Vec<_>>().join(", "),
                });
            }
        }
        Ok(superseded)
    }
}

impl Details {
    /// Checks that the keys of the file are those of what was audited: another cluster has no value of a key that goes, too.
    fn check_is_known(&self) -> Result<(), ProofError> {
        let sum = |states: [&str; 2]| {
            let counts = self.resources.iter().flat_map(|resource| &resource.counts);
            let counts = counts.filter(|count| count.age != "superseded" && states.contains(&count.state.as_str()));
            let counts = counts.filter(|count| count.provider.as_deref() != Some("identity"));
            counts.fold(0_u64, |sum, count| sum.saturating_add(count.count))
        };
        match (sum(["write-key", "older-key"]), sum(["unknown-key", "undecryptable"])) {
            (0, count @ 1..) => Err(ProofError::Foreign { count }),
            _ => Ok(()),
        }
    }
}

impl Count {
    /// Whether such values are read with this reader.
    fn needs(&self, reader: &Reader) -> bool {
        if reader.is_identity() {
            return self.state == "plaintext";
        }
        self.provider.as_deref() == Some(reader.kind) && self.key.as_deref() == Some(reader.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const HASH: &str = "sha256:1";

    fn reader(kind: &'static str, name: &str) -> Reader {
        Reader {
            provider: 0,
            key: Some(0),
            kind,
            name: name.to_owned(),
        }
    }

    fn audit(patch: impl FnOnce(&mut Value)) -> Result<u64, String> {
        let count = |age: &str, state: &str, provider: Option<&str>, key: Option<&str>, count: u64| json!({"age": age, "state": state, "provider": provider, "key": key, "keyId": null, "count": count, "names": [], "namesOmitted": count});
        let mut value = json!({
            "schema": SCHEMA, "summary": {}, "findings": [],
            "details": {
                "complete": true, "incomplete": null,
                "config": {"path": "enc.yaml", "sha256": HASH},
                "keys": {"total": 9, "outside": 1, "plainByDesign": 0},
                "resources": [
                    {"resource": "secrets", "covered": true, "counts": [
                        count("current", "write-key", Some("aescbc"), Some("new"), 7),
                        count("current", "older-key", Some("aescbc"), Some("old"), 0),
                        count("superseded", "older-key", Some("aescbc"), Some("old"), 3)]},
                    {"resource": "configmaps", "covered": true, "counts": [
                        count("current", "plaintext", Some("identity"), None, 1)]},
                ],
            },
        });
        patch(&mut value);
        Proof::parse(&value.to_string())
            .and_then(|proof| proof.check(HASH, &[reader("aescbc", "old")]))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_key_that_no_value_needs_can_go() {
        assert_eq!(audit(|_| {}), Ok(3));
        // The same name of another provider is another key.
        let other = json!({"age": "current", "state": "older-key", "provider": "secretbox", "key": "old", "count": 4});
        assert_eq!(
            audit(|value| value["details"]["resources"][1]["counts"] = json!([other])),
            Ok(3)
        );
    }

    #[test]
    fn what_proves_nothing_is_refused_with_the_reason() {
        let refused = |patch: &dyn Fn(&mut Value), expected: &str| {
            assert_eq!(audit(patch).unwrap_err(), expected);
        };
        refused(
            &|value| value["details"]["resources"][0]["counts"][1]["count"] = json!(2),
            "`aescbc/old` is still needed: 2 values of secrets",
        );
        refused(
            &|value| value["details"]["resources"][0]["counts"][1]["provider"] = json!("aesgcm"),
            "the audit did not count the values of `aescbc/old`",
        );
        refused(
            &|value| value["details"]["config"]["sha256"] = json!("sha256:2"),
            "the audit was made with another configuration, sha256:2: expected sha256:1",
        );
        refused(
            &|value| {
                value["details"]["complete"] = json!(false);
                value["details"]["incomplete"] = json!("only one folder was read");
            },
            "the audit is not complete: only one folder was read",
        );
        refused(
            &|value| {
                let counts = &mut value["details"]["resources"][0]["counts"];
                counts[0]["state"] = json!("unknown-key");
                counts[0]["key"] = json!("another");
            },
            "the audit found no value that the keys of the file open, and 7 that they do not: is it of this cluster?",
        );
        refused(
            &|value| {
                for at in 0..2 {
                    value["details"]["resources"][0]["counts"][at]["key"] = json!("old");
                    value["details"]["resources"][0]["counts"][at]["count"] = json!(u64::MAX);
                }
            },
            "`aescbc/old` is still needed: 18446744073709551615 values of secrets",
        );
        refused(
            &|value| value["details"]["keys"]["total"] = json!(1),
            "the audit saw no value below its prefix, so that it proves nothing",
        );
        refused(
            &|value| value["schema"] = json!("kship.pin/v1"),
            "the audit has the schema `kship.pin/v1`: expected `kship.encryption-audit/v1`",
        );
        let unreadable = "the audit cannot be read: expected the JSON of `kship encryption audit --format json`";
        refused(&|value| *value = json!([]), unreadable);
        refused(&|value| value["details"] = json!({}), unreadable);
        for field in ["complete", "config", "keys", "resources"] {
            refused(&|value| value["details"][field] = Value::Null, unreadable);
        }
    }

    #[test]
    fn identity_can_go_where_nothing_is_plaintext() {
        let identity = Reader {
            key: None,
            ..reader("identity", "")
        };
        let value = |count: u64| {
            json!({"schema": SCHEMA, "details": {
            "complete": true, "incomplete": null, "config": {"sha256": HASH}, "keys": {"total": 1, "outside": 0},
            "resources": [{"resource": "secrets", "counts": [{"age": "current", "state": "plaintext", "provider": null, "key": null, "count": count}]}]}})
        };
        let check = |count| {
            Proof::parse(&value(count).to_string())
                .unwrap()
                .check(HASH, std::slice::from_ref(&identity))
        };
        assert!(check(0).is_ok());
        assert_eq!(
            check(1).unwrap_err().to_string(),
            "`identity` is still needed: 1 values of secrets"
        );
    }
}
