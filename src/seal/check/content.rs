//! What a value is, judged by its text alone: only plaintext is a finding.

use super::{mask, sops};
use crate::k8s::base64;
use crate::pem;
use crate::yaml::{Kind, Node};

/// What stands in a value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Content {
    /// Nothing.
    Empty,
    /// What SOPS has encrypted.
    Encrypted,
    /// What another tool fills in: a template, a variable, a path in a vault.
    Placeholder,
    /// Certificates and public keys only.
    Public,
    /// Anything else.
    Plain,
}

impl Content {
    /// Judges a value of `stringData` or, `encoded`, of `data`.
    pub(super) fn of(node: Node<'_, '_>, encoded: bool) -> Self {
        let Some(text) = node.to_text() else {
            let is_empty =
                node.kind() != Kind::Scalar && node.entries().next().is_none() && node.items().next().is_none();
            return if is_empty { Self::Empty } else { Self::Plain };
        };
        match Self::of_text(&text) {
            // Text that is no base64 is refused by kubectl, and readable all the same.
            Self::Plain if encoded => base64::decode(text.trim()).map_or(Self::Plain, |bytes| {
                std::str::from_utf8(&bytes).map_or(Self::Plain, Self::of_text)
            }),
            content => content,
        }
    }

    /// Judges a text.
    pub(super) fn of_text(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            Self::Empty
        } else if sops::is_encrypted(text) {
            Self::Encrypted
        } else if text.contains(mask::MARK) || is_filled_in(text) || is_variable(text) || is_vault_path(text) {
            Self::Placeholder
        } else if is_public(text) {
            Self::Public
        } else {
            Self::Plain
        }
    }
}

/// Whether a template takes something from elsewhere: an action that is a comment or a constant gives nothing.
fn is_filled_in(text: &str) -> bool {
    let actions = text.split("{{").skip(1);
    actions.filter_map(|action| action.split_once("}}")).any(|(action, _)| {
        names_something(action, |character| {
            character.is_alphabetic() || matches!(character, '.' | '$')
        })
    })
}

/// A value of Argo CD's vault plugin: `<path:kv/data/shop#password>`.
fn is_vault_path(text: &str) -> bool {
    let path = text.strip_prefix("<path:").and_then(|rest| rest.strip_suffix('>'));
    path.is_some_and(|path| path.contains('#') && !path.contains(char::is_whitespace))
}

/// A whole value of the form `${NAME}` or `$(NAME)`, as envsubst, Flux and Kubernetes fill in.
fn is_variable(text: &str) -> bool {
    let braces = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let parentheses = text.strip_prefix("$(").and_then(|rest| rest.strip_suffix(')'));
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
    };
    braces.or(parentheses).is_some_and(is_name)
}

/// PEM without a private key, and nothing beside it.
fn is_public(text: &str) -> bool {
    let blocks = pem::blocks(text);
    let outside = || {
        let mut inside = false;
        text.lines().map(str::trim).any(|line| {
            let is_border = line.starts_with("-----");
            inside = if is_border {
                line.starts_with("-----BEGIN ")
            } else {
                inside
            };
            !(inside || is_border || line.is_empty() || line.starts_with('#'))
        })
    };
    !blocks.is_empty()
        && blocks
            .iter()
            .all(|block| !block.has_headers && matches!(block.label, "CERTIFICATE" | "PUBLIC KEY"))
        && memchr::memmem::find_iter(text.as_bytes(), "-----BEGIN ").count() == blocks.len()
        && !outside()
}

/// Whether a Go template gives the same text whatever the sealed values are.
///
/// A template takes a value with `.` or with a variable (`$`); an action without either is a comment or a constant.
pub(super) fn is_constant(template: &str) -> bool {
    let mut rest = template;
    while let Some((_, action)) = rest.split_once("{{") {
        let Some((action, behind)) = action.split_once("}}") else {
            // The controller refuses it.
            return false;
        };
        if names_something(action, |character| matches!(character, '.' | '$')) {
            return false;
        }
        rest = behind;
    }
    true
}

/// Whether an action has one of some characters outside its quotes.
fn names_something(action: &str, is_name: impl Fn(char) -> bool) -> bool {
    let action = action.trim_start_matches('-').trim();
    if action.starts_with("/*") {
        return false;
    }
    let mut quote = None;
    let mut characters = action.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some('"'), '\\') => {
                characters.next();
            }
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, '"' | '`') => quote = Some(character),
            (None, character) if is_name(character) => return true,
            (None, _) => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plaintext_is_plain() {
        let certificate = include_str!("../../../keys-example/sealing-2048.crt");
        let key = include_str!("../../../keys-example/sealing-2048.key");
        for (text, expected) in [
            ("", Content::Empty),
            (" \n", Content::Empty),
            ("ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]", Content::Encrypted),
            ("ENC[hunter2]", Content::Plain),
            ("{{ password | b64encode }}", Content::Placeholder),
            ("hun{{ter2", Content::Plain),
            ("hunter2{{/* .x */}}", Content::Plain),
            ("{{ \"hunter2\" }}", Content::Plain),
            ("{{}}hunter2", Content::Plain),
            ("<path:hunter2>", Content::Plain),
            ("{{ .Values.password }}", Content::Placeholder),
            ("${PASSWORD}", Content::Placeholder),
            ("$(params.password)", Content::Placeholder),
            ("<path:kv/data/shop#password>", Content::Placeholder),
            ("${PASSWORD:-hunter2}", Content::Plain),
            ("pa${SS}", Content::Plain),
            ("<secret>", Content::Plain),
            ("hunter2", Content::Plain),
            (certificate, Content::Public),
            (&format!("{certificate}\n# next\n{certificate}"), Content::Public),
            (&format!("{certificate}{key}"), Content::Plain),
            (&format!("password\n{certificate}"), Content::Plain),
            (&format!("{certificate}-----BEGIN PRIVATE KEY-----\nx"), Content::Plain),
        ] {
            assert_eq!(Content::of_text(text), expected, "{text}");
        }
    }

    #[test]
    fn a_template_that_takes_nothing_is_constant() {
        for text in [
            "x",
            "{{/* .note */}}x",
            "{{ \"a.b\" }}",
            "{{- `$x` -}}",
            "{{ quote \"\\\".\" }}",
        ] {
            assert!(is_constant(text), "{text}");
        }
        for text in [
            "{{ .a }}",
            "x{{ index . \"a\" }}",
            "{{ $x }}",
            "{{ range . }}x{{ end }}",
            "{{ .a",
        ] {
            assert!(!is_constant(text), "{text}");
        }
    }
}
