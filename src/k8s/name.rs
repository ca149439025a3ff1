//! Names that Kubernetes takes.

/// A name that the API server would refuse.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{name}` is not a {what}: expected {expected}")]
pub struct NameError {
    /// The name.
    pub name: String,
    /// What it should name.
    pub what: &'static str,
    /// What the API server takes.
    pub expected: &'static str,
}

/// Checks the name of a Secret: a DNS subdomain (RFC 1123 section 2.1).
///
/// # Errors
/// The API server would refuse it.
pub fn check_name(name: &str) -> Result<(), NameError> {
    let holds = (1..=253).contains(&name.len()) && name.split('.').all(is_label);
    check(
        holds,
        name,
        "name of a Secret",
        "at most 253 lower-case letters, digits, `-` and `.`, each part between letters or digits",
    )
}

/// Checks the name of a namespace: a DNS label (RFC 1123 section 2.1).
///
/// # Errors
/// The API server would refuse it.
pub fn check_namespace(name: &str) -> Result<(), NameError> {
    check(
        name.len() <= 63 && is_label(name),
        name,
        "namespace",
        "at most 63 lower-case letters, digits and `-`, between letters or digits",
    )
}

/// Checks a key of `data`.
///
/// # Errors
/// The API server would refuse it.
pub fn check_data_key(name: &str) -> Result<(), NameError> {
    let takes = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    // `..` leads out of the folder that a volume is mounted to.
    let holds = (1..=253).contains(&name.len()) && name.bytes().all(takes) && name != "." && !name.starts_with("..");
    check(
        holds,
        name,
        "key of a Secret",
        "at most 253 letters, digits, `-`, `_` and `.`, not `.` and not with `..` in front",
    )
}

fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

fn check(holds: bool, name: &str, what: &'static str, expected: &'static str) -> Result<(), NameError> {
    if holds {
        return Ok(());
    }
    Err(NameError {
        name: name.to_owned(),
        what,
        expected,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_api_server() {
        for name in ["a", "a.b-c.9", &"a".repeat(253)] {
            assert!(check_name(name).is_ok(), "{name}");
        }
        for name in ["", "A", "a_b", "-a", "a.", "a..b", "é", "a/b", &"a".repeat(254)] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_namespace("kube-system").is_ok() && check_namespace(&"a".repeat(64)).is_err());
        assert_eq!(
            check_namespace("a.b").unwrap_err().to_string(),
            "`a.b` is not a namespace: expected at most 63 lower-case letters, digits and `-`, between letters or digits"
        );
        for name in ["tls.crt", ".dockerconfigjson", "A_b-9", "a..b"] {
            assert!(check_data_key(name).is_ok(), "{name}");
        }
        for name in ["", ".", "..", "..a", "a/b", "a b", &"a".repeat(254)] {
            assert!(check_data_key(name).is_err(), "{name}");
        }
    }
}
