//! Why a value does not open: the other keys, scopes, names and namespaces are tried.

use std::fmt;

use super::crypto::{OpeningKey, split};
use super::scope::Scope;
use crate::limits;

/// Whose a sealed secret is: what its label is made of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Identity {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) scope: Scope,
}

impl Identity {
    pub(super) fn label(&self) -> String {
        self.scope.label(&self.namespace, &self.name)
    }
}

/// Why a value does not open.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// It opens for another name or namespace.
    Identity {
        /// The namespace that it was sealed for.
        namespace: String,
        /// The name that it was sealed for; `None` if it does not count.
        name: Option<String>,
        /// The scope that it was sealed with.
        scope: Scope,
    },
    /// No key given has the size of the one that sealed it.
    KeySize {
        /// The bits of the key that sealed it.
        sealed: usize,
        /// The bits of the keys given.
        given: Vec<usize>,
    },
    /// It opens with another scope.
    Scope {
        /// The scope that it was sealed with.
        sealed: Scope,
        /// The scope that the document says.
        declared: Scope,
    },
    /// It is too short for what it says of itself.
    Truncated,
    /// The key, or a name or namespace that nothing here hints at.
    Unknown,
    /// Another value of the same document does open: key, name and namespace are right.
    Value,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identity {
                namespace,
                name: Some(name),
                scope,
            } => write!(
                f,
                "it was sealed for the name `{name}` in the namespace `{namespace}` (scope {scope})"
            ),
            Self::Identity {
                namespace,
                name: None,
                scope,
            } => write!(f, "it was sealed for the namespace `{namespace}` (scope {scope})"),
            Self::KeySize { sealed, given } => {
                let given: Vec<String> = given.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "it was sealed with a key of {sealed} bits, and those given have {}",
                    given.join(", ")
                )
            }
            Self::Scope { sealed, declared } => write!(
                f,
                "it was sealed with the scope {sealed}, and the annotations of the document say {declared}"
            ),
            Self::Truncated => f.write_str("it is cut off, or was never a sealed value"),
            Self::Unknown => f.write_str(
                "none of the keys sealed it, or it was sealed for another name or namespace, or it is damaged",
            ),
            Self::Value => f.write_str(
                "it is damaged, or was sealed elsewhere: other values of this document open with the same key",
            ),
        }
    }
}

/// Looks for what would open a value that `identity` does not. `others` are further namespaces and names to try.
pub(super) fn diagnose(sealed: &[u8], identity: &Identity, others: &[(String, String)], keys: &[OpeningKey]) -> Reason {
    let Some((wrapped, _)) = split(sealed) else {
        return Reason::Truncated;
    };
    let mut fitting = keys
        .iter()
        .filter(|key| key.modulus_bytes() == wrapped.len())
        .peekable();
    if fitting.peek().is_none() {
        let mut given: Vec<usize> = keys.iter().map(|key| key.modulus_bytes() * 8).collect();
        given.sort_unstable();
        given.dedup();
        return Reason::KeySize {
            sealed: wrapped.len() * 8,
            given,
        };
    }
    let fitting: Vec<&OpeningKey> = fitting.collect();
    let opens = |label: &str| fitting.iter().any(|key| key.open(label, sealed).is_ok());
    let (namespace, name) = (&identity.namespace, &identity.name);
    for scope in Scope::ALL.into_iter().filter(|scope| *scope != identity.scope) {
        if opens(&scope.label(namespace, name)) {
            return Reason::Scope {
                sealed: scope,
                declared: identity.scope,
            };
        }
    }
    let mut tried = vec![String::new(), namespace.clone(), identity.label()];
    let names = |(other_namespace, other_name): &(String, String)| {
        [
            (other_namespace.clone(), name.clone()),
            (namespace.clone(), other_name.clone()),
            (other_namespace.clone(), other_name.clone()),
        ]
    };
    for (namespace, name) in others.iter().flat_map(names) {
        for scope in [Scope::Strict, Scope::NamespaceWide] {
            let label = scope.label(&namespace, &name);
            if tried.contains(&label) {
                continue;
            }
            if tried.len() > limits::OTHER_LABELS {
                return Reason::Unknown;
            }
            if opens(&label) {
                return Reason::Identity {
                    namespace,
                    name: (scope == Scope::Strict).then_some(name),
                    scope,
                };
            }
            tried.push(label);
        }
    }
    Reason::Unknown
}
