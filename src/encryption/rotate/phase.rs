//! Where each entry of a configuration stands in a rotation, read from the file alone.
//!
//! The first reader writes. A younger key behind it is prepared and waits to be promoted; older keys behind it are left
//! over, and wait until nothing is stored with them. Which of two keys is younger stands in their names
//! ([`compare_age`]).

use std::cmp::Ordering;
use std::fmt;

use crate::encryption::config::{Configuration, ProviderKind, ResourceConfiguration};
use crate::encryption::key_name::compare_age;
use crate::encryption::secrecy::masked;

/// One thing that reads stored values: a key, a KMS plugin, or `identity`. The first of an entry also writes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reader {
    /// Which of the entry's providers, from zero.
    pub provider: usize,
    /// Which of the provider's keys, from zero; KMS plugins and `identity` have none.
    pub key: Option<usize>,
    /// The field of the provider: `aescbc`.
    pub kind: &'static str,
    /// The name of the key or plugin; of `identity`, nothing.
    pub name: String,
}

impl Reader {
    /// Whether it stores plaintext.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        self.kind == ProviderKind::Identity.name()
    }

    /// Whether a user means it by `NAME` or `PROVIDER/NAME`.
    #[must_use]
    pub fn is_called(&self, wanted: &str) -> bool {
        let by_kind = wanted.strip_prefix(self.kind).and_then(|rest| rest.strip_prefix('/'));
        !self.is_identity() && (self.name == wanted || by_kind == Some(self.name.as_str()))
    }
}

impl fmt::Display for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_identity() {
            f.write_str("identity")
        } else {
            write!(f, "{}/{}", self.kind, masked(&self.name))
        }
    }
}

/// One entry of a configuration.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct State {
    /// Which entry, from zero.
    pub entry: usize,
    /// The resources that it is about.
    pub resources: Vec<String>,
    /// What reads, in the order in which it is tried.
    pub readers: Vec<Reader>,
    /// Where it stands.
    pub phase: Phase,
}

/// Where an entry stands. Numbers say which reader.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Phase {
    /// Nothing is encrypted, and nothing encrypted is read.
    Plain,
    /// Plaintext is written, although others can be read: encryption is about to begin, or has just ended.
    PlaintextFirst {
        /// What encrypted values are read with.
        others: Vec<usize>,
    },
    /// A younger key is read by all, and written by none.
    Prepared {
        /// The younger key.
        next: usize,
    },
    /// The youngest key writes, older ones are left.
    Promoted {
        /// The older keys.
        old: Vec<usize>,
    },
    /// One key writes, and no other is left.
    Settled,
    /// There are several keys, and their names do not tell which is younger.
    Unclear {
        /// All but the first.
        others: Vec<usize>,
    },
}

impl Phase {
    /// One word for it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Plain => "plaintext",
            Self::PlaintextFirst { .. } => "plaintext-first",
            Self::Prepared { .. } => "prepared",
            Self::Promoted { .. } => "promoted",
            Self::Settled => "settled",
            Self::Unclear { .. } => "unclear",
        }
    }

    fn of(readers: &[Reader]) -> Self {
        let encrypting = |from: usize| {
            let all = readers.iter().enumerate().skip(from);
            all.filter(|(_, reader)| !reader.is_identity())
        };
        let others: Vec<usize> = encrypting(1).map(|(at, _)| at).collect();
        let Some(first) = readers.first() else {
            return Self::Plain;
        };
        match (first.is_identity(), others.is_empty()) {
            (true, true) => return Self::Plain,
            (true, false) => return Self::PlaintextFirst { others },
            (false, true) => return Self::Settled,
            (false, false) => {}
        }
        let younger = encrypting(1).filter(|(_, reader)| is_younger(reader, first));
        let next = younger.reduce(|best, other| if is_younger(other.1, best.1) { other } else { best });
        if let Some((next, _)) = next {
            return Self::Prepared { next };
        }
        if encrypting(1).all(|(_, reader)| is_younger(first, reader)) {
            Self::Promoted { old: others }
        } else {
            Self::Unclear { others }
        }
    }
}

fn is_younger(one: &Reader, other: &Reader) -> bool {
    compare_age(&one.name, &other.name) == Some(Ordering::Greater)
}

impl State {
    /// The states of all entries, in order.
    #[must_use]
    pub fn all(configuration: &Configuration) -> Vec<Self> {
        let entries = configuration.resources.iter().enumerate();
        entries.map(|(at, entry)| Self::of(at, entry)).collect()
    }

    fn of(at: usize, entry: &ResourceConfiguration) -> Self {
        let mut readers = Vec::new();
        for (provider, element) in entry.providers.iter().enumerate() {
            let reader = |key, name: &str| Reader {
                provider,
                key,
                kind: element.kind.name(),
                name: name.to_owned(),
            };
            match &element.kind {
                ProviderKind::Identity => readers.push(reader(None, "")),
                ProviderKind::Kms(kms) => readers.push(reader(None, &kms.name.value)),
                _ => {
                    let keys = element.keys().iter().enumerate();
                    readers.extend(keys.map(|(key, found)| reader(Some(key), &found.name.value)));
                }
            }
        }
        Self {
            entry: at,
            resources: entry.resources.iter().map(|resource| resource.name.clone()).collect(),
            phase: Phase::of(&readers),
            readers,
        }
    }

    /// What writes.
    #[must_use]
    pub fn writer(&self) -> Option<&Reader> {
        self.readers.first()
    }

    /// Whether it is the entry of a resource, as its file names it.
    #[must_use]
    pub fn is_about(&self, resource: &str) -> bool {
        self.resources.iter().any(|name| name == resource)
    }

    /// Its resources, for people.
    #[must_use]
    pub fn title(&self) -> String {
        self.resources.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Readers from words such as `aescbc/key1` and `identity`.
    fn readers(words: &str) -> Vec<Reader> {
        let reader = |(at, word): (usize, &str)| {
            let (kind, name) = word.split_once('/').unwrap_or((word, ""));
            Reader {
                provider: at,
                key: None,
                kind: ["aescbc", "aesgcm", "identity", "kms", "secretbox"]
                    .into_iter()
                    .find(|known| *known == kind)
                    .unwrap(),
                name: name.to_owned(),
            }
        };
        words.split(' ').enumerate().map(reader).collect()
    }

    #[test]
    fn the_phase_stands_in_order_and_age() {
        let cases = [
            ("identity", Phase::Plain),
            ("identity identity", Phase::Plain),
            ("identity aescbc/a", Phase::PlaintextFirst { others: vec![1] }),
            ("aescbc/a", Phase::Settled),
            ("kms/a identity", Phase::Settled),
            ("aescbc/key1 aescbc/key2 identity", Phase::Prepared { next: 1 }),
            ("aescbc/key2 aescbc/key1 identity", Phase::Promoted { old: vec![1] }),
            (
                "aescbc/key2 identity aescbc/key1 aesgcm/key0",
                Phase::Promoted { old: vec![2, 3] },
            ),
            ("aescbc/key2 aescbc/key3 aescbc/key1", Phase::Prepared { next: 1 }),
            ("aescbc/key2 aescbc/key3 aescbc/key4", Phase::Prepared { next: 2 }),
            ("aescbc/key1 secretbox/key-2026-11-25", Phase::Prepared { next: 1 }),
            ("secretbox/key-2026-11-25 aescbc/key1", Phase::Promoted { old: vec![1] }),
            ("aescbc/a aescbc/b", Phase::Unclear { others: vec![1] }),
            (
                "aescbc/key1 secretbox/key1 identity",
                Phase::Unclear { others: vec![1] },
            ),
            (
                "aescbc/key2 aescbc/key1 kms/vault",
                Phase::Unclear { others: vec![1, 2] },
            ),
        ];
        for (words, expected) in cases {
            assert_eq!(Phase::of(&readers(words)), expected, "{words}");
        }
    }

    #[test]
    fn readers_are_called_by_name_and_provider() {
        let reader = &readers("aescbc/key1")[0];
        assert_eq!(reader.to_string(), "aescbc/key1");
        for (wanted, is_it) in [
            ("key1", true),
            ("aescbc/key1", true),
            ("aesgcm/key1", false),
            ("aescbckey1", false),
            ("", false),
        ] {
            assert_eq!(reader.is_called(wanted), is_it, "{wanted}");
        }
        assert!(!readers("identity")[0].is_called("") && !readers("identity")[0].is_called("identity"));
    }
}
