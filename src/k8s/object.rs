//! The objects of a document: itself, or the items of a list.

use super::secret_error::{SecretError, SecretErrorKind};
use crate::yaml::{Kind, Node};

/// One object.
#[derive(Clone, Copy, Debug)]
pub enum Object<'d, 'a> {
    /// Any other kind, or no object at all.
    Other(Node<'d, 'a>),
    /// A `v1` Secret.
    Secret(Node<'d, 'a>),
}

/// The objects of a document. A `List` or `SecretList` that holds a Secret comes apart into its items; any other document is
/// one object.
///
/// # Errors
/// Something looks like a Secret and is none that kubectl would know: it must not pass for another resource.
pub fn objects<'d, 'a>(root: Node<'d, 'a>) -> Result<Vec<Object<'d, 'a>>, SecretError> {
    let kind = text(root, "kind");
    if !matches!(kind, Some("List" | "SecretList")) || text(root, "apiVersion").is_some_and(|version| version != "v1") {
        return Ok(vec![classify(root, None)?]);
    }
    // Items of a typed list may leave their kind out.
    let inherited = (kind == Some("SecretList")).then_some("Secret");
    let items = root.get("items").into_iter().flat_map(Node::items);
    let objects: Vec<_> = items.map(|item| classify(item, inherited)).collect::<Result<_, _>>()?;
    if objects.iter().any(|object| matches!(object, Object::Secret(_))) {
        return Ok(objects);
    }
    Ok(vec![Object::Other(root)])
}

fn classify<'d, 'a>(node: Node<'d, 'a>, inherited: Option<&str>) -> Result<Object<'d, 'a>, SecretError> {
    if node.kind() != Kind::Mapping {
        return Ok(Object::Other(node));
    }
    let refuse = |kind| {
        Err(SecretError {
            offset: node.span().start,
            kind,
        })
    };
    let kind = text(node, "kind").or(inherited);
    match (kind, text(node, "apiVersion")) {
        (Some("Secret"), None | Some("v1")) => Ok(Object::Secret(node)),
        // A custom resource of that name; its group has a dot.
        (Some("Secret"), Some(version)) if version.contains('/') => Ok(Object::Other(node)),
        (Some("Secret"), Some(version)) => refuse(SecretErrorKind::Version {
            version: version.to_owned(),
        }),
        (Some(kind), _) if kind.eq_ignore_ascii_case("Secret") => {
            refuse(SecretErrorKind::Kind { kind: kind.to_owned() })
        }
        (None, _) if node.get("data").is_some() || node.get("stringData").is_some() => refuse(SecretErrorKind::NoKind),
        _ => Ok(Object::Other(node)),
    }
}

fn text<'d>(node: Node<'d, '_>, field: &str) -> Option<&'d str> {
    node.get(field)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse;

    fn kinds(text: &str) -> Result<String, String> {
        let stream = parse(text).unwrap();
        let found = objects(stream.documents()[0].root().unwrap()).map_err(|error| error.to_string())?;
        Ok(found
            .iter()
            .map(|object| match object {
                Object::Secret(_) => 'S',
                Object::Other(_) => 'o',
            })
            .collect())
    }

    #[test]
    fn secrets_are_told_from_others() {
        for (text, expected) in [
            ("{apiVersion: v1, kind: Secret}", "S"),
            ("{kind: Secret}", "S"),
            ("{apiVersion: vault.example.com/v1, kind: Secret}", "o"),
            ("{apiVersion: v1, kind: ConfigMap, data: {a: b}}", "o"),
            ("[1]", "o"),
            ("text", "o"),
            (
                "{apiVersion: v1, kind: List, items: [{kind: ConfigMap}, {kind: Secret}]}",
                "oS",
            ),
            (
                "{apiVersion: v1, kind: List, items: [{kind: ConfigMap}, {kind: Pod}]}",
                "o",
            ),
            ("{apiVersion: v1, kind: List}", "o"),
            ("{kind: SecretList, items: [{data: {}}, {kind: Secret}]}", "SS"),
            ("{apiVersion: x/v1, kind: List, items: [{kind: Secret}]}", "o"),
        ] {
            assert_eq!(kinds(text).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_looks_like_a_secret_does_not_pass() {
        assert_eq!(
            kinds("{apiVersion: V1, kind: Secret}").unwrap_err(),
            "a Secret of the apiVersion `V1`: expected `v1`"
        );
        assert_eq!(
            kinds("{kind: secret}").unwrap_err(),
            "an object of the kind `secret`: expected `Secret`"
        );
        assert_eq!(
            kinds("{metadata: {name: a}, stringData: {a: b}}").unwrap_err(),
            "an object with data and without a kind: expected `kind: Secret`"
        );
    }
}
