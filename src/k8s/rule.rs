//! Rules that name image fields of custom resources.

use std::str::FromStr;

use super::path::Step;

/// A field that holds an image, as a user names it.
///
/// ```text
/// spec.runner.image            the field at this path, in a resource of any kind
/// spec.steps[].image           in every item of a list
/// spec.pools.*.image           under every key of a mapping
/// Runner:spec.image            in resources of this kind
/// key=runnerImage              wherever this key stands
/// Runner:key=runnerImage       wherever it stands in resources of this kind
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FieldRule {
    kind: Option<String>,
    place: Where,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Where {
    Key(String),
    Path(Vec<Part>),
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Part {
    AnyKey,
    Item,
    Key(String),
}

/// Why a text is no [`FieldRule`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FieldRuleError {
    /// Two dots in a row, or one at an end.
    #[error("rule `{rule}` has an empty key: expected a path such as `spec.runner.image` or `key=runnerImage`")]
    EmptyKey {
        /// The rule.
        rule: String,
    },
    /// Nothing before the colon.
    #[error("rule `{rule}` has no kind before its colon: expected `Kind:spec.image`")]
    EmptyKind {
        /// The rule.
        rule: String,
    },
    /// Something else than `[]` in brackets, or text behind them.
    #[error("`{part}` in rule `{rule}` is not valid: expected `[]` at the end of a key, for every item of a list")]
    Brackets {
        /// The key with its brackets.
        part: String,
        /// The rule.
        rule: String,
    },
}

impl FieldRule {
    /// The key of the field itself: a document without this text in it does not have the field. Empty if any key will do.
    #[must_use]
    pub fn key(&self) -> &str {
        match &self.place {
            Where::Key(key) => key,
            Where::Path(parts) => match parts.iter().rev().find(|part| **part != Part::Item) {
                Some(Part::Key(key)) => key,
                _ => "",
            },
        }
    }

    /// Says whether the rule names the field at this path of a resource; a document that is none has no kind.
    pub(super) fn matches(&self, kind: Option<&str>, path: &[Step<'_>]) -> bool {
        if self.kind.is_some() && self.kind.as_deref() != kind {
            return false;
        }
        match &self.place {
            Where::Key(key) => path.last() == Some(&Step::Key(key)),
            Where::Path(parts) => {
                parts.len() == path.len()
                    && parts.iter().zip(path).all(|(part, step)| match (part, step) {
                        (Part::AnyKey, Step::Key(_)) | (Part::Item, Step::Item(_)) => true,
                        (Part::Key(expected), Step::Key(key)) => expected == key,
                        _ => false,
                    })
            }
        }
    }
}

impl FromStr for FieldRule {
    type Err = FieldRuleError;

    fn from_str(rule: &str) -> Result<Self, FieldRuleError> {
        let (kind, place) = match rule.split_once(':') {
            Some(("", _)) => return Err(FieldRuleError::EmptyKind { rule: rule.to_owned() }),
            Some((kind, place)) => (Some(kind.to_owned()), place),
            None => (None, rule),
        };
        let empty = || FieldRuleError::EmptyKey { rule: rule.to_owned() };
        if let Some(key) = place.strip_prefix("key=") {
            if key.is_empty() {
                return Err(empty());
            }
            let place = Where::Key(key.to_owned());
            return Ok(Self { kind, place });
        }
        let mut parts = Vec::new();
        for part in place.split('.') {
            let key = part.trim_end_matches("[]");
            if key.contains(['[', ']']) {
                return Err(FieldRuleError::Brackets {
                    part: part.to_owned(),
                    rule: rule.to_owned(),
                });
            }
            match key {
                "" => return Err(empty()),
                "*" => parts.push(Part::AnyKey),
                _ => parts.push(Part::Key(key.to_owned())),
            }
            let items = (part.len() - key.len()) / "[]".len();
            parts.extend(std::iter::repeat_n(Part::Item, items));
        }
        Ok(Self {
            kind,
            place: Where::Path(parts),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_match_paths_and_keys() {
        use Step::{Item, Key};
        let path = [Key("spec"), Key("pools"), Item(3), Key("a.b"), Key("image")];
        let matches = |rule: &str, kind| FieldRule::from_str(rule).unwrap().matches(kind, &path);
        for rule in [
            "spec.pools[].*.image",
            "key=image",
            "K:spec.pools[].*.image",
            "K:key=image",
        ] {
            assert!(matches(rule, Some("K")), "{rule}");
        }
        for rule in [
            "spec.pools.*.image",
            "spec.pools[].*",
            "key=pools",
            "L:key=image",
            "pools[].*.image",
        ] {
            assert!(!matches(rule, Some("K")), "{rule}");
        }
        assert!(!matches("K:key=image", None));
        assert!(
            FieldRule::from_str("a[][]")
                .unwrap()
                .matches(None, &[Key("a"), Item(0), Item(1)])
        );
    }

    #[test]
    fn says_what_is_wrong() {
        let error = |rule: &str| FieldRule::from_str(rule).unwrap_err().to_string();
        assert_eq!(
            error("a..b"),
            "rule `a..b` has an empty key: expected a path such as `spec.runner.image` or `key=runnerImage`"
        );
        assert_eq!(
            error("K:key="),
            "rule `K:key=` has an empty key: expected a path such as `spec.runner.image` or `key=runnerImage`"
        );
        assert_eq!(
            error(":a"),
            "rule `:a` has no kind before its colon: expected `Kind:spec.image`"
        );
        assert_eq!(
            error("a[0].b"),
            "`a[0]` in rule `a[0].b` is not valid: expected `[]` at the end of a key, for every item of a list"
        );
    }
}
