//! Who may open a sealed value: the scope, and the OAEP label that holds it.

use std::fmt;
use std::str::FromStr;

/// How far a sealed value may travel.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Scope {
    /// Opens under any name in any namespace.
    ClusterWide,
    /// Opens under any name in its namespace.
    NamespaceWide,
    /// Opens under its name in its namespace only.
    #[default]
    Strict,
}

/// The annotation of cluster-wide sealed secrets.
pub const CLUSTER_WIDE: &str = "sealedsecrets.bitnami.com/cluster-wide";

/// The annotation of namespace-wide sealed secrets.
pub const NAMESPACE_WIDE: &str = "sealedsecrets.bitnami.com/namespace-wide";

impl Scope {
    /// All scopes, the narrowest first.
    pub const ALL: [Self; 3] = [Self::Strict, Self::NamespaceWide, Self::ClusterWide];

    /// Reads the annotations of an object as the controller does: only `"true"` counts, and the widest scope wins.
    #[must_use]
    pub fn of_annotations<'s>(find: impl Fn(&str) -> Option<&'s str>) -> Self {
        let is_set = |name| find(name) == Some("true");
        if is_set(CLUSTER_WIDE) {
            Self::ClusterWide
        } else if is_set(NAMESPACE_WIDE) {
            Self::NamespaceWide
        } else {
            Self::Strict
        }
    }

    /// The annotation that says it; strict is what is meant without one.
    #[must_use]
    pub const fn annotation(self) -> Option<&'static str> {
        match self {
            Self::ClusterWide => Some(CLUSTER_WIDE),
            Self::NamespaceWide => Some(NAMESPACE_WIDE),
            Self::Strict => None,
        }
    }

    /// The OAEP label under which values are sealed.
    #[must_use]
    pub fn label(self, namespace: &str, name: &str) -> String {
        match self {
            Self::ClusterWide => String::new(),
            Self::NamespaceWide => namespace.to_owned(),
            Self::Strict => format!("{namespace}/{name}"),
        }
    }

    /// Its name in `--scope`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClusterWide => "cluster-wide",
            Self::NamespaceWide => "namespace-wide",
            Self::Strict => "strict",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL
            .into_iter()
            .find(|scope| scope.name() == text)
            .ok_or_else(|| UnknownScope { text: text.to_owned() })
    }
}

/// A text that names no scope.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{text}` is not a scope: expected strict, namespace-wide or cluster-wide")]
pub struct UnknownScope {
    /// The text.
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_the_controller() {
        let labels = Scope::ALL.map(|scope| scope.label("ns", "name"));
        assert_eq!(labels, ["ns/name", "ns", ""]);
    }

    #[test]
    fn annotations_count_if_they_are_true_and_the_widest_wins() {
        let read = |pairs: &[(&str, &'static str)]| {
            Scope::of_annotations(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value))
        };
        assert_eq!(read(&[]), Scope::Strict);
        assert_eq!(read(&[(NAMESPACE_WIDE, "true")]), Scope::NamespaceWide);
        assert_eq!(
            read(&[(NAMESPACE_WIDE, "true"), (CLUSTER_WIDE, "true")]),
            Scope::ClusterWide
        );
        assert_eq!(read(&[(NAMESPACE_WIDE, "yes"), (CLUSTER_WIDE, "True")]), Scope::Strict);
    }

    #[test]
    fn names_are_read_and_printed() {
        for scope in Scope::ALL {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        assert_eq!(
            "Strict".parse::<Scope>().unwrap_err().to_string(),
            "`Strict` is not a scope: expected strict, namespace-wide or cluster-wide"
        );
    }
}
