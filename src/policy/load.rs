//! Reading `kship.yaml`, with the place of what is wrong in it.

use serde::de::Error as _;

use super::Policy;
use crate::text::Position;
use crate::yaml;

/// The file's name, at the root of a tree.
pub const FILE_NAME: &str = "kship.yaml";

/// Parses the text of a `kship.yaml`.
///
/// # Errors
/// The text is not YAML, holds more than one document, or a field is unknown or has a wrong value; the error has the
/// position.
pub fn parse(text: &str) -> Result<Policy, Error> {
    let stream = yaml::parse(text).map_err(|error| Error::Yaml {
        position: error.position(),
        source: error,
    })?;
    let mut roots = stream.documents().iter().filter_map(yaml::Document::root);
    let Some(root) = roots.next() else {
        return Ok(Policy::default());
    };
    if roots.next().is_some() {
        return Err(Error::SeveralDocuments);
    }
    let value = root.to_json();
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let offset = locate(root, error.path());
        let position = crate::text::LineIndex::new(text).position(text, offset);
        Error::Field {
            path,
            position,
            source: serde_json::Error::custom(error.into_inner()),
        }
    })
}

/// The place of the key of a field, or of the deepest node on the way to it.
fn locate(root: yaml::Node<'_, '_>, path: &serde_path_to_error::Path) -> usize {
    use serde_path_to_error::Segment;
    let mut node = root;
    let mut at = root.span().start;
    for segment in path {
        if let Segment::Map { key } = segment
            && let Some((key, _)) = node.entries().find(|(have, _)| have.text == key.as_str())
        {
            at = key.span.start;
        }
        let next = match segment {
            Segment::Map { key } => node.get(key),
            Segment::Seq { index } => node.items().nth(*index),
            _ => None,
        };
        match next {
            Some(next) => node = next,
            None => break,
        }
        if matches!(segment, Segment::Seq { .. }) {
            at = node.span().start;
        }
    }
    at
}

/// What is wrong with a `kship.yaml`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A field is unknown or has a wrong value.
    #[error("{position}: `{path}` is not valid")]
    Field {
        /// The way to the field: `ignore[0].until`.
        path: String,
        /// Where it stands.
        position: Position,
        /// What is wrong.
        source: serde_json::Error,
    },
    /// More than one document.
    #[error("more than one document: expected one")]
    SeveralDocuments,
    /// Not YAML.
    #[error("{position}: not readable as YAML")]
    Yaml {
        /// Where.
        position: Position,
        /// Why.
        source: yaml::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        let error = parse(text).unwrap_err();
        let source = std::error::Error::source(&error)
            .map(|source| format!(": {source}"))
            .unwrap_or_default();
        format!("{error}{source}")
    }

    #[test]
    fn errors_name_the_place() {
        assert!(parse("").is_ok());
        assert!(parse("apiVersion: kship.dev/v1alpha1\nkind: TrustPolicy\n").is_ok());
        let starts = |text: &str, start: &str| assert!(error(text).starts_with(start), "{}", error(text));
        starts(
            "ignore:\n- rule: unpinned\n  reasn: x\n",
            "3:3: `ignore[0].reasn` is not valid: unknown field `reasn`, expected one of",
        );
        starts(
            "kind: Policy\n",
            "1:1: `kind` is not valid: unknown variant `Policy`, expected `TrustPolicy`",
        );
        starts(
            "images: [{match: '['}]",
            "1:11: `images[0].match` is not valid: error parsing glob",
        );
        assert_eq!(error("a: 1\n---\nb: 2\n"), "more than one document: expected one");
    }
}
